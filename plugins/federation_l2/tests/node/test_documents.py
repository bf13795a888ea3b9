"""What the node publishes, as Fedify (npm) and jsonld.js read it, which share no code with ours."""

from __future__ import annotations

import asyncio
from typing import Any

from artdagd_federation_l2.node import documents
from artdagd_federation_l2.node.addresses import Addresses
from fedify_peer import answers
from works import published, told, upload

from artdagd.hooks import Work
from tests.nodes import EXAMPLES

PUBLIC = "https://www.w3.org/ns/activitystreams#Public"
ARTDAG = "https://artdag.org/ns#"

WORK = Work(
    name="w",
    cid="bafkreiaaaa",
    owner="@giles@art.example",
    kind="image",
    media_type="image/gif",
    size=7,
    raw_url="https://node.example/cache/bafkreiaaaa/raw",
    page_url="https://node.example/cache/bafkreiaaaa",
    duration=12.5,
    width=640,
    height=360,
    provenance={"run": 1},
)


async def read(*jobs: dict[str, Any]) -> list[Any]:
    return await asyncio.to_thread(answers, list(jobs), "reader.mjs")


async def test_fedify_finds_the_actor_and_its_key(node, visitor):
    host = node.url.removeprefix("http://")
    [found] = await read({"act": "find", "account": f"acct:node@{host}"})
    at = f"{node.url}/ap"
    key = (await visitor.get("/ap/actor")).json()["publicKey"]
    assert found.pop("key") == {"id": key["id"], "owner": f"{at}/actor", "pem": key["publicKeyPem"]}
    assert found == {
        "subject": f"acct:node@{host}",
        "kind": "Service",
        "id": f"{at}/actor",
        "username": "node",
        "inbox": f"{at}/inbox",
        "outbox": f"{at}/outbox",
        "followers": f"{at}/followers",
    }


async def test_fedify_reads_a_work_its_activity_and_the_outbox(giles, node):
    cid = await upload(giles, (EXAMPLES / "media" / "bunny.mp4").read_bytes(), "bunny.mp4")
    meta = {"title": "Cats & <Dogs>", "description": "One <i>.\n\nTwo.", "tags": ["night sky"]}
    await giles.patch(f"/cache/{cid}/meta", json=meta)
    work = await published(giles, cid)
    thing, create, outbox = await read(
        {"act": "read", "url": work["object_id"]},
        {"act": "read", "url": work["activity_id"]},
        {"act": "read", "url": f"{node.url}/ap/outbox"},
    )
    at = f"{node.url}/cache/{cid}"
    raw = {"href": f"{at}/raw", "mediaType": "video/mp4"}
    assert thing.pop("published")
    assert thing == {
        "kind": "Video",
        "id": work["object_id"],
        "name": "Cats & <Dogs>",
        "summary": "One &lt;i&gt;.\n\nTwo.",
        "content": "<p>One &lt;i&gt;.</p><p>Two.</p>",
        "attributedTo": f"{node.url}/ap/actor",
        "duration": None,
        "width": None,
        "height": None,
        "urls": [{"href": at, "mediaType": "text/html"}, raw, {"href": f"ipfs://{cid}", "mediaType": "video/mp4"}],
        "to": [PUBLIC],
        "cc": [f"{node.url}/ap/followers"],
        "attachments": [{"kind": "Document", "mediaType": "video/mp4", "urls": [{"href": raw["href"]}]}],
        "tags": [{"kind": "Hashtag", "name": "#nightsky"}],
    }
    assert (create["kind"], create["id"], create["actor"]) == ("Create", work["activity_id"], f"{node.url}/ap/actor")
    assert create["object"]["id"] == work["object_id"]
    assert outbox == {"kind": "OrderedCollection", "total": 1, "items": [work["activity_id"]]}


async def test_fedify_reads_measures_and_the_way_to_the_provenance():
    addresses = Addresses("https://node.example")
    whole = documents.work_object(addresses, "w", WORK)
    [thing] = await read({"act": "parse", "document": {"@context": documents.CONTEXT, **whole}})
    assert (thing["kind"], thing["duration"], thing["width"], thing["height"]) == ("Image", 12_500, 640, 360)
    assert thing["attachments"][1] == {
        "kind": "Link",
        "mediaType": "application/json",
        "href": "https://node.example/ap/objects/w/provenance",
    }
    assert [documents.duration(seconds) for seconds in (0.0, 7.0, 0.0004, 86400.25)] == [
        "PT0S", "PT7S", "PT0S", "PT86400.25S",
    ]  # fmt: skip


async def test_every_term_of_what_is_sent_is_defined(giles, node, visitor, registry, other, elsewhere):
    await other.post(f"{node.url}/ap/inbox", other.follow(node.url))
    accept = (await elsewhere.wait("POST", "/inbox"))[0].json()
    cid = await upload(giles)
    await giles.patch(f"/cache/{cid}/meta", json={"title": "A", "description": "B", "tags": ["c"]})
    await published(giles, cid)
    await told(giles, cid, "delivered", 2)
    await giles.delete(f"/cache/{cid}/publish")
    await registry.server.wait("POST", "/inbox", 2)
    create, delete = registry.accepted
    pages = [(await visitor.get(path)).json() for path in ("/ap/actor", "/ap/outbox", "/ap/outbox?page=true")]
    documents = [create, delete, accept, *pages]
    found = await read(*[{"act": "expand", "document": document} for document in documents])
    [thing] = found[0][0]["https://www.w3.org/ns/activitystreams#object"]
    assert thing[f"{ARTDAG}cid"] == [{"@value": cid}]
    assert thing[f"{ARTDAG}renderedBy"] == [{"@value": "@giles@art.example"}]
    assert thing[f"{ARTDAG}size"][0]["@value"] == 6
    assert [one[0]["@type"][0].rpartition("#")[2] for one in found[:3]] == ["Create", "Delete", "Accept"]
