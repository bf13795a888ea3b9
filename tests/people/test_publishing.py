"""Publishing: what the publisher is told, what is open to everybody meanwhile, and taking it back."""

from __future__ import annotations

import asyncio

import httpx
import pytest
from nodes import running_node

from artdagd.hooks import Published, PublishRefused, Work
from artdagd.hooks.manager import Plugins
from artdagd.runs import publishing

pytestmark = pytest.mark.database


@pytest.fixture
async def cid(admin: httpx.AsyncClient) -> str:
    answer = await admin.post("/cache/upload", files={"file": ("a.txt", b"words")})
    made = str(answer.json()["cid"])
    await admin.patch(f"/cache/{made}/meta", json={"title": "Words", "tags": ["a"], "metadata": {"private": 1}})
    return made


async def test_a_published_work_is_open_to_everybody_and_closed_again(browser, admin, cid, registry):
    assert (await browser.get(f"/cache/{cid}/raw")).status_code == 401
    assert (await browser.get(f"/cache/{cid}")).status_code == 401
    answer = await admin.post(f"/cache/{cid}/publish")
    assert answer.status_code == 200
    ((name, work),) = registry.works.items()
    assert answer.json()["object_id"] == f"https://n/obj/{name}"
    assert (work.cid, work.owner, work.title, work.tags) == (cid, "admin", "Words", ("a",))
    assert work.raw_url == f"{str(browser.base_url).rstrip('/')}/cache/{cid}/raw"
    raw = await browser.get(f"/cache/{cid}/raw")
    assert (raw.status_code, raw.content) == (200, b"words")
    assert raw.headers["cross-origin-resource-policy"] == "cross-origin"
    # The registry's page may show it to its owner, too, whose browser has a cookie for a node next to the registry.
    owners = await admin.get(f"/cache/{cid}/raw")
    assert owners.headers["cross-origin-resource-policy"] == "cross-origin"
    seen = (await browser.get(f"/cache/{cid}")).json()
    assert (seen["title"], seen["metadata"]) == ("Words", {})
    for path in (f"/cache/{cid}/meta", f"/cache/{cid}/publish"):
        assert (await browser.get(path)).status_code == 401
    answer = await admin.delete(f"/cache/{cid}")
    assert (answer.status_code, "published" in answer.json()["detail"]) == (409, True)
    shown = (await admin.get(f"/cache/{cid}/publish")).json()
    assert shown["deliveries"][0]["state"] == "queued"
    assert (await admin.delete(f"/cache/{cid}/publish")).status_code == 204
    assert registry.works == {}
    assert (await browser.get(f"/cache/{cid}/raw")).status_code == 401
    assert (await admin.get(f"/cache/{cid}/publish")).status_code == 404
    assert (await admin.delete(f"/cache/{cid}")).status_code == 204


async def test_the_page_follows_who_is_told_and_then_who_is_to_forget(admin, cid, registry):
    page = {"Accept": "text/html"}
    own = str(admin.base_url).rstrip("/")
    form = {"Content-Type": "application/x-www-form-urlencoded", "Origin": own, **page}

    async def sent(action: str) -> str:
        answer = await admin.post(f"/cache/{cid}/{action}", content=b"", headers=form)
        assert answer.status_code == 303, answer.text
        return (await admin.get(answer.headers["location"], headers=page)).text

    assert "Withdrawn" not in (await admin.get(f"/cache/{cid}", headers=page)).text
    again = f'data-seconds="2" data-address="/cache/{cid}?told=1"'
    assert again in await sent("publish")
    for query in ("", "?told=15", "?told=-1", "?told=x", "?told=1111"):
        assert "told=" not in (await admin.get(f"/cache/{cid}{query}", headers=page)).text, query
    shown = await sent("publish/delete")
    assert again in shown
    assert "Withdrawn: only you see it here" in shown
    registry.delivered = "delivered"
    shown = (await admin.get(f"/cache/{cid}?told=1", headers=page)).text
    assert "told=" not in shown
    assert 'https://l2.test/inbox <span class="status delivered">' in shown


async def test_publishing_again_gives_the_same_addresses(admin, cid, registry):
    first = (await admin.post(f"/cache/{cid}/publish")).json()
    assert (await admin.post(f"/cache/{cid}/publish")).json() == first
    assert len(registry.works) == 1


async def test_what_the_publisher_refuses_stays_closed(browser, admin, cid, registry):
    registry.refuse = "it is too large"
    answer = await admin.post(f"/cache/{cid}/publish")
    assert (answer.status_code, "too large" in answer.json()["detail"]) == (409, True)
    assert (await browser.get(f"/cache/{cid}/raw")).status_code == 401


async def test_another_users_work_is_not_there(browser, admin, cid):
    made = (await admin.post("/auth/tokens", json={"name": "b", "owner": "bob"})).json()
    bob = {"Authorization": f"Bearer {made['token']}"}
    assert (await browser.post(f"/cache/{cid}/publish", headers=bob)).status_code == 404
    await admin.post(f"/cache/{cid}/publish")
    assert (await browser.get(f"/cache/{cid}/raw", headers=bob)).status_code == 200
    assert (await browser.delete(f"/cache/{cid}/publish", headers=bob)).status_code == 404


async def test_without_a_registry_there_is_nothing_to_publish_to(node):
    _, person = node
    cid = (await person.http.post("/cache/upload", files={"file": ("a.txt", b"words")})).json()["cid"]
    answer = await person.http.post(f"/cache/{cid}/publish")
    assert (answer.status_code, "L2_SERVER" in answer.json()["advice"]) == (409, True)


async def upload(http: httpx.AsyncClient, headers: dict[str, str], data: bytes = b"words") -> str:
    answer = await http.post("/cache/upload", files={"file": ("b.txt", data)}, headers=headers)
    return str(answer.json()["cid"])


@pytest.fixture
async def bob(admin: httpx.AsyncClient) -> dict[str, str]:
    made = (await admin.post("/auth/tokens", json={"name": "b", "owner": "bob"})).json()
    return {"Authorization": f"Bearer {made['token']}"}


async def test_two_owners_publish_the_same_bytes_and_one_takes_them_back(browser, admin, registry, bob):
    cid = await upload(browser, bob)
    await browser.patch(f"/cache/{cid}/meta", json={"title": "Bob's"}, headers=bob)
    assert await upload(admin, {}) == cid
    await admin.patch(f"/cache/{cid}/meta", json={"title": "Mine"})
    await admin.post(f"/cache/{cid}/publish")
    # An administrator's own is meant, not that of who was here first.
    assert [(work.owner, work.title) for work in registry.works.values()] == [("admin", "Mine")]
    assert (await browser.get(f"/cache/{cid}/publish", headers=bob)).status_code == 404
    assert (await browser.delete(f"/cache/{cid}", headers=bob)).status_code == 204
    assert await upload(browser, bob) == cid
    await browser.post(f"/cache/{cid}/publish", headers=bob)
    assert (await admin.delete(f"/cache/{cid}/publish")).status_code == 204
    assert [work.owner for work in registry.works.values()] == ["bob"]
    assert (await browser.get(f"/cache/{cid}/raw")).status_code == 200
    assert (await browser.delete(f"/cache/{cid}/publish", headers=bob)).status_code == 204
    assert (await browser.get(f"/cache/{cid}/raw")).status_code == 401


@pytest.mark.parametrize("how", ["hangs", "fails"])
async def test_a_publisher_that_breaks_leaves_nothing_open_and_holds_nobody(
    browser, admin, cid, registry, monkeypatch, how
):
    monkeypatch.setattr(publishing, "SECONDS", 0.5)

    async def broken(work: Work) -> Published:
        if how == "hangs":
            await asyncio.Event().wait()
        raise RuntimeError("a bug of the plugin's")

    publish = registry.publish
    monkeypatch.setattr(registry, "publish", broken)
    answer = await admin.post(f"/cache/{cid}/publish")
    assert answer.status_code == (503 if how == "hangs" else 500)
    assert (await browser.get(f"/cache/{cid}/raw")).status_code == 401
    monkeypatch.setattr(registry, "publish", publish)
    assert (await admin.post(f"/cache/{cid}/publish")).status_code == 200


async def test_one_who_is_refused_closes_nothing_that_another_request_opened(
    browser, admin, cid, registry, monkeypatch
):
    first, go_on = asyncio.Event(), asyncio.Event()
    publish = registry.publish

    async def refused_at_first(work: Work) -> Published:
        if not first.is_set():
            first.set()
            await go_on.wait()
            raise PublishRefused("not now")
        return await publish(work)

    monkeypatch.setattr(registry, "publish", refused_at_first)
    both = [asyncio.create_task(admin.post(f"/cache/{cid}/publish")) for _ in range(2)]
    await first.wait()
    await asyncio.wait(both, timeout=0.3)  # the second has come, and waits for its turn
    go_on.set()
    assert sorted(answer.status_code for answer in await asyncio.gather(*both)) == [200, 409]
    assert (await browser.get(f"/cache/{cid}/raw")).status_code == 200


async def test_a_work_can_be_taken_back_where_no_registry_is_configured_any_more(registry, tmp_path, monkeypatch):
    async with running_node(tmp_path / "home", workers=0) as (_, person):
        cid = await upload(person.http, {})
        assert (await person.http.post(f"/cache/{cid}/publish")).status_code == 200
    monkeypatch.setattr(Plugins, "load", Plugins)
    async with running_node(tmp_path / "home", workers=0) as (node, person):
        async with httpx.AsyncClient(base_url=node.url, trust_env=False) as anybody:
            assert (await anybody.get(f"/cache/{cid}/raw")).status_code == 200
            assert (await person.http.delete(f"/cache/{cid}/publish")).status_code == 204
            assert (await anybody.get(f"/cache/{cid}/raw")).status_code == 401
        assert (await person.http.delete(f"/cache/{cid}")).status_code == 204
