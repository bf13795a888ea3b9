"""The node's actor and its works, as any server of the fediverse and any browser reads them."""

from __future__ import annotations

from typing import Any

import httpx
from artdagd_federation_l2.node import followers, inbox, routes
from others import ACTIVITY, Other
from scripted import Answer
from works import published, told, upload

PAGE = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
JSON = {"Accept": f'{ACTIVITY}, application/ld+json; profile="https://www.w3.org/ns/activitystreams"'}


async def document(client: httpx.AsyncClient, url: str) -> dict[str, Any]:
    answer = await client.get(url, headers=JSON)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == ACTIVITY
    return dict(answer.json())


async def test_webfinger_leads_to_the_actor_and_its_key(node, visitor):
    host = node.url.removeprefix("http://")
    for resource in (f"acct:node@{host}", "acct:node@127.0.0.1", f"{node.url}/ap/actor"):
        answer = await visitor.get("/.well-known/webfinger", params={"resource": resource})
        assert answer.headers["content-type"] == "application/jrd+json"
        assert answer.headers["access-control-allow-origin"] == "*"
        [link] = [one for one in answer.json()["links"] if one["rel"] == "self"]
        actor = await document(visitor, link["href"])
        assert actor["id"] == link["href"]
        assert actor["publicKey"]["owner"] == actor["id"]
        assert actor["publicKey"]["publicKeyPem"].startswith("-----BEGIN PUBLIC KEY-----")
    for resource, status in (("acct:ada@127.0.0.1", 404), ("", 404), (None, 400), ("acct:node@evil.example", 404)):
        query = {} if resource is None else {"resource": resource}
        assert (await visitor.get("/.well-known/webfinger", params=query)).status_code in (status, 400)


async def test_the_key_outlives_the_node_and_nobody_else_reads_it(running, tmp_path):
    keys = []
    for _ in range(2):
        async with running() as node, httpx.AsyncClient(base_url=node.url, trust_env=False) as client:
            keys.append((await document(client, "/ap/actor"))["publicKey"]["publicKeyPem"])
    assert keys[0] == keys[1]
    [file] = (tmp_path / "home" / "plugins" / "federation_l2").glob("*.pem")
    assert file.stat().st_mode & 0o777 == 0o600


async def test_a_browser_gets_a_page_of_the_actor(running, registry):
    own = {"server": registry.url, "domain": registry.domain, "name": "<script>alert(1)</script>"}
    async with running(plugins={"federation_l2": own}) as node, httpx.AsyncClient(base_url=node.url) as client:
        answer = await client.get("/ap/actor", headers=PAGE)
        assert answer.headers["content-type"].startswith("text/html")
        assert "&lt;script&gt;" in answer.text
        assert "<script" not in answer.text
        assert "default-src 'none'" in answer.headers["content-security-policy"]


async def test_a_work_is_there_for_everybody_while_it_is_published(giles, node, registry):
    cid = await upload(giles)
    tags = ["night sky", "néon", "#loud"]
    meta = {"title": "Cats & Dogs\n<b>", "description": "One <i>.\n\nTwo & three\nfour.", "tags": tags}
    assert (await giles.patch(f"/cache/{cid}/meta", json=meta)).status_code == 200
    found = await published(giles, cid)
    await told(giles, cid, "delivered")
    async with httpx.AsyncClient(trust_env=False) as anybody:
        thing = await document(anybody, found["object_id"])
        assert thing["name"] == "Cats & Dogs <b>", "a name is plain text"
        assert thing["content"] == "<p>One &lt;i&gt;.</p><p>Two &amp; three<br>four.</p>"
        assert thing["summary"] == "One &lt;i&gt;.\n\nTwo &amp; three\nfour."
        assert [one["name"] for one in thing["tag"]] == ["#nightsky", "#néon", "#loud"]
        hrefs = [one["href"] for one in thing["url"]]
        assert hrefs[2] == f"ipfs://{cid}"
        assert (await anybody.get(hrefs[1])).content == b"a work"
        assert (await document(anybody, found["activity_id"]))["object"] == {
            name: value for name, value in thing.items() if name != "@context"
        }
        page = await anybody.get(found["object_id"], headers=PAGE)
        assert (page.status_code, page.headers["location"]) == (303, (await published(giles, cid))["url"])
        for missing in (
            "/ap/objects/none",
            "/ap/objects/none/provenance",
            "/ap/activities/none",
            f"/ap/objects/{'x' * 300}",
        ):
            assert (await anybody.get(f"{node.url}{missing}")).status_code == 404


async def test_the_outbox_has_pages_newest_first(giles, node, visitor, monkeypatch):
    monkeypatch.setattr(routes, "PAGE", 3)
    cids = [await upload(giles, f"work {number}".encode()) for number in range(7)]
    for cid in cids:
        await published(giles, cid)
    outbox = await document(visitor, "/ap/outbox")
    assert (outbox["type"], outbox["totalItems"]) == ("OrderedCollection", 7)
    seen, pages, following = [], 0, outbox["first"]
    while following:
        page = await document(visitor, following)
        assert (page["type"], page["partOf"], page["id"]) == ("OrderedCollectionPage", outbox["id"], following)
        seen += [one["object"]["artdag:cid"] for one in page["orderedItems"]]
        following, pages = page.get("next"), pages + 1
    assert (seen, pages) == (cids[::-1], 3)
    await giles.delete(f"/cache/{cids[0]}/publish")
    newest = (await document(visitor, f"{outbox['first']}"))["orderedItems"][0]
    assert newest["type"] == "Delete"
    assert cids[0] not in str(await document(visitor, f"{node.url}/ap/outbox?page=true&after=000"))


async def test_who_follows_is_accepted_listed_and_may_leave(node, visitor, other, elsewhere):
    follow = other.follow(node.url)
    assert (await other.post(f"{node.url}/ap/inbox", follow)).status_code == 202
    [accept] = [one.json() for one in await elsewhere.wait("POST", "/inbox")]
    assert (accept["type"], accept["actor"], accept["object"]["id"]) == ("Accept", f"{node.url}/ap/actor", follow["id"])
    assert (await document(visitor, "/ap/followers"))["totalItems"] == 1
    assert (await document(visitor, "/ap/followers?page=true"))["orderedItems"] == [other.id]
    undo = {"id": f"{other.id}/undo/1", "type": "Undo", "actor": other.id, "object": follow}
    assert (await other.post(f"{node.url}/ap/inbox", undo, scheme="rfc9421")).status_code == 202
    assert (await document(visitor, "/ap/followers"))["totalItems"] == 0


async def test_an_actor_that_is_gone_follows_no_more(node, visitor, other, elsewhere):
    bob = Other(elsewhere, "/users/bob", key="bob")
    for who in (other, bob):
        await who.post(f"{node.url}/ap/inbox", who.follow(node.url))
    assert (await document(visitor, "/ap/followers"))["totalItems"] == 2
    delete = {"id": f"{bob.id}#delete", "type": "Delete", "actor": bob.id, "object": bob.id}
    assert (await bob.post(f"{node.url}/ap/inbox", delete)).status_code == 202
    assert (await document(visitor, "/ap/followers?page=true"))["orderedItems"] == [other.id]
    theirs = {"id": f"{bob.id}#delete-2", "type": "Delete", "actor": bob.id, "object": other.id}
    assert (await bob.post(f"{node.url}/ap/inbox", theirs)).status_code == 202
    assert (await document(visitor, "/ap/followers"))["totalItems"] == 1


async def test_a_delete_without_a_key_counts_if_the_actors_server_says_that_it_is_gone(running, other, elsewhere):
    async with running() as node:
        await other.post(f"{node.url}/ap/inbox", other.follow(node.url))
    delete = {"id": f"{other.id}#delete", "type": "Delete", "actor": other.id, "object": other.id}
    elsewhere.routes["GET", other.path] = lambda _: Answer(410)
    async with running() as node, httpx.AsyncClient(base_url=node.url) as client:  # which remembers no key
        assert (await other.post(f"{node.url}/ap/inbox", delete)).status_code == 202
        assert (await document(client, "/ap/followers"))["totalItems"] == 0


async def test_followers_are_bounded(node, visitor, other, elsewhere, monkeypatch):
    monkeypatch.setattr(followers, "FOLLOWERS_MAX", 1)
    await other.post(f"{node.url}/ap/inbox", other.follow(node.url))
    bob = Other(elsewhere, "/users/bob", key="bob")
    assert (await bob.post(f"{node.url}/ap/inbox", bob.follow(node.url))).status_code == 503
    assert (await other.post(f"{node.url}/ap/inbox", other.follow(node.url, 2))).status_code == 202
    assert (await document(visitor, "/ap/followers"))["totalItems"] == 1


async def test_who_sends_too_much_waits(running, other, monkeypatch):
    monkeypatch.setattr(inbox, "POSTS_OF_ONE", 5)
    async with running() as node:
        likes = [{"id": f"{other.id}/{n}", "type": "Like", "actor": other.id, "object": node.url} for n in range(7)]
        answers = [await other.post(f"{node.url}/ap/inbox", like) for like in likes]
    assert [answer.status_code for answer in answers] == [202] * 5 + [429] * 2
    assert int(answers[-1].headers["retry-after"]) > 0


async def test_what_means_nothing_here_is_taken_and_nothing_comes_of_it(node, visitor, other):
    for kind in ("Like", "Announce", "Create", "Block", "Move", "Accept", "Flag", "Question"):
        activity = {"id": f"{other.id}/{kind}", "type": kind, "actor": other.id, "object": f"{node.url}/ap/actor"}
        assert (await other.post(f"{node.url}/ap/inbox", activity)).status_code == 202
    assert (await document(visitor, "/ap/followers"))["totalItems"] == 0
