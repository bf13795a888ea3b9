"""Publishing through the node's HTTP: what is sent to whom, how often, and what becomes of it."""

from __future__ import annotations

import asyncio
import time
from email.utils import formatdate

import httpx
import pytest
from artdagd_federation_l2.node import deliveries
from others import ACTIVITY, Other
from scripted import Answer, Asked, as_json
from visitors import browser, sign_in
from works import published, told, upload


@pytest.fixture
async def cid(giles: httpx.AsyncClient) -> str:
    return await upload(giles)


async def test_a_work_is_sent_to_the_registry_once(giles, node, registry, cid):
    found = await published(giles, cid)
    await told(giles, cid, "delivered")
    [create] = registry.accepted
    assert (create["type"], create["id"], create["actor"]) == ("Create", found["activity_id"], f"{node.url}/ap/actor")
    thing = create["object"]
    assert (thing["id"], thing["type"], thing["name"]) == (found["object_id"], "Document", "a <b>.txt")
    assert (thing["artdag:cid"], thing["artdag:renderedBy"]) == (cid, "@giles@art.example")
    again = await published(giles, cid)
    assert {**again, "url": found["url"]} == found
    assert again["url"].startswith(f"{registry.url}/works/"), "the registry said where its page is"
    assert len(registry.accepted) == 1


async def test_what_is_told_differently_is_an_update_and_taking_back_a_delete(giles, node, registry, cid):
    first = await published(giles, cid)
    await told(giles, cid, "delivered")
    for title in ("One", "Two"):
        await giles.patch(f"/cache/{cid}/meta", json={"title": title})
        assert (await published(giles, cid))["object_id"] == first["object_id"]
        await registry.server.wait("POST", "/inbox", 2 if title == "One" else 3)
    await told(giles, cid, "delivered", 2)
    assert (await giles.delete(f"/cache/{cid}/publish")).status_code == 204
    await registry.server.wait("POST", "/inbox", 4)
    assert [one["type"] for one in registry.accepted] == ["Create", "Update", "Update", "Delete"]
    assert [one["object"].get("name") for one in registry.accepted] == ["a <b>.txt", "One", "Two", None]
    assert registry.accepted[3]["object"]["type"] == "Tombstone"
    assert len({one["id"] for one in registry.accepted}) == 4
    async with browser(node.url) as anybody:
        assert (await anybody.get(first["object_id"])).status_code == 410
        assert (await anybody.get(first["activity_id"])).status_code == 404
        assert (await anybody.get(f"/cache/{cid}/raw")).status_code == 401
    again = await published(giles, cid)
    assert again["object_id"] == f"{first['object_id']}~2", "servers keep in mind that the first was deleted"


async def test_what_is_not_taken_is_sent_again(giles, registry, monkeypatch):
    monkeypatch.setattr(deliveries, "FIRST_PAUSE", 0.05)
    for status in (401, 403, 404, 408, 410, 429, 500, 302):
        cid = await upload(giles, str(status).encode())
        registry.inbox = [Answer(status)] * (4 if status == 401 else 2)  # each is tried in both schemes
        registry.server.asked.clear()
        await published(giles, cid)
        [done] = await told(giles, cid, "delivered")
        assert done["attempts"] == 3, status
        assert len({one.json()["id"] for one in registry.server.of("POST", "/inbox")}) == 1


async def test_what_is_refused_for_good_is_sent_once(giles, registry):
    for status in (400, 405, 413, 422):
        cid = await upload(giles, str(status).encode())
        registry.inbox = [Answer(status)]
        await published(giles, cid)
        [failed] = await told(giles, cid, "failed")
        assert (failed["attempts"], failed["next_at"]) == (1, None)
        assert str(status) in failed["error"]


@pytest.mark.parametrize("how", ["seconds", "date"])
async def test_a_registry_that_asks_for_a_pause_gets_it(giles, registry, cid, how, monkeypatch):
    monkeypatch.setattr(deliveries, "FIRST_PAUSE", 0.01)
    began = time.monotonic()
    wait = "2" if how == "seconds" else formatdate(time.time() + 3, usegmt=True)
    registry.inbox = [Answer(503, headers={"Retry-After": wait})]
    await published(giles, cid)
    [queued] = await told(giles, cid, "queued")
    await told(giles, cid, "delivered")
    assert time.monotonic() - began >= 1.8
    assert queued["state"] == "queued"


async def test_a_message_is_given_up_after_three_days(giles, registry, cid, monkeypatch):
    monkeypatch.setattr(deliveries, "FIRST_PAUSE", 0.1)
    monkeypatch.setattr(deliveries, "GIVEN_UP", 0.25)
    registry.inbox = [Answer(500)] * 100
    await published(giles, cid)
    [failed] = await told(giles, cid, "failed")
    assert 1 <= failed["attempts"] <= 4
    asked = len(registry.server.of("POST", "/inbox"))
    assert asked == failed["attempts"]


async def test_what_waits_outlives_the_node_and_the_registry(running, registry):
    async with running() as node, browser(node.url) as giles:
        await sign_in(giles, registry.token(node.url))
        await registry.server.stop()
        cid = await upload(giles)
        await published(giles, cid)
        cookies = giles.cookies
    await registry.server.start()
    async with running() as node, browser(node.url) as giles:
        giles.cookies = cookies
        await told(giles, cid, "delivered")
        await asyncio.wait_for(registry.server.wait("POST", "/inbox"), 60)
    async with running() as node, browser(node.url) as giles:
        giles.cookies = cookies
        await told(giles, cid, "delivered")
        assert len(registry.accepted) == 1, "what was taken is not sent again"


async def test_followers_are_told_and_a_shared_inbox_once(giles, node, registry, other, elsewhere, cid):
    shared = f"{elsewhere.url}/shared"
    elsewhere.routes["POST", "/shared"] = lambda _: Answer(202)
    bob = Other(elsewhere, "/users/bob", key="bob")
    for who in (other, bob):
        whole = who.document(endpoints={"sharedInbox": shared})
        elsewhere.routes["GET", who.path] = lambda _, whole=whole: as_json(whole, media_type=ACTIVITY)
        assert (await who.post(f"{node.url}/ap/inbox", who.follow(node.url))).status_code == 202
    await published(giles, cid)
    found = await told(giles, cid, "delivered", 2)
    assert {one["target"] for one in found} == {f"{registry.url}/inbox", shared}
    assert len(elsewhere.of("POST", "/shared")) == 1


async def test_a_server_that_wants_the_other_scheme_is_known_by_it(giles, registry, cid):
    """A peer that checks RFC 9421 alone."""
    take = registry._take

    async def strict(asked: Asked) -> Answer:
        return await take(asked) if "signature-input" in asked.headers else Answer(401)

    registry.server.routes["POST", "/inbox"] = strict
    await published(giles, cid)
    await told(giles, cid, "delivered")
    assert len(registry.server.of("POST", "/inbox")) == 2
    second = await upload(giles, b"another")
    await published(giles, second)
    await told(giles, second, "delivered")
    assert len(registry.server.of("POST", "/inbox")) == 3
    assert len(registry.accepted) == 2


@pytest.mark.slow
async def test_a_slow_server_holds_up_nobody_else(giles, node, registry, other, elsewhere, cid):
    await other.post(f"{node.url}/ap/inbox", other.follow(node.url))
    await elsewhere.wait("POST", "/inbox")  # the Accept
    elsewhere.routes["POST", "/inbox"] = lambda _: Answer(hang=True)
    works = [cid, *[await upload(giles, str(number).encode()) for number in range(12)]]
    began = time.monotonic()
    for work in works:
        await published(giles, work)
    await registry.server.wait("POST", "/inbox", len(works))
    assert time.monotonic() - began < 8, "a call that hangs takes 10 seconds"


async def test_only_people_of_the_registry_publish(running, registry):
    async with running() as node:
        token = (node.settings.home / "admin-token").read_text().strip()
        async with browser(node.url) as admin:
            admin.headers["Authorization"] = f"Bearer {token}"
            answer = await admin.post(f"/cache/{await upload(admin)}/publish")
            assert answer.status_code == 409
            assert "art.example" in answer.json()["detail"]
    assert registry.server.asked == []


async def test_many_who_publish_the_same_at_once_send_it_once(giles, registry, cid):
    found = await asyncio.gather(*[published(giles, cid) for _ in range(10)])
    assert len({one["activity_id"] for one in found}) == 1
    await told(giles, cid, "delivered")
    assert len(registry.accepted) == 1


async def test_the_node_without_a_registry_offers_nothing(running):
    async with running(plugins={}) as node, browser(node.url) as anybody:
        assert (await anybody.get("/ap/actor")).status_code == 404
        assert (await anybody.get("/auth")).json()["provider"] is None
