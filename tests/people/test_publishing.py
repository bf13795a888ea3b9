"""Publishing: what the publisher is told, what is open to everybody meanwhile, and taking it back."""

from __future__ import annotations

import httpx
import pytest


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
