"""What a node sends when it publishes, as docs/federation.md has it."""

from __future__ import annotations

import json
from typing import Any

import httpx
from fake_nodes import FakeNode

CID = "bafybeigdyrzt5sfp7udm7hu76uh7y26nf3efuylqabf3oclgtqy55fbzdi"
KIND = "application/activity+json"


def work(node: FakeNode, number: str = "1", **changes: Any) -> dict[str, Any]:
    """The object of a work."""
    id_ = f"{node.url}/ap/objects/{number}"
    return {
        "id": id_,
        "type": "Video",
        "name": "Rain on tin",
        "summary": "Two minutes &amp; a half",
        "mediaType": "video/mp4",
        "attributedTo": f"{node.url}/ap/actor",
        "url": [
            {"type": "Link", "href": f"{node.url}/works/{number}", "mediaType": "text/html"},
            {"type": "Link", "href": f"{node.url}/cache/{CID}/raw", "mediaType": "video/mp4"},
            {"type": "Link", "href": f"ipfs://{CID}"},
        ],
        "attachment": [{"type": "Link", "rel": "provenance", "href": f"{id_}/provenance"}],
        "artdag:cid": CID,
        "artdag:renderedBy": "@anna@art.example",
        "artdag:provenance": f"{id_}/provenance",
        **changes,
    }


def activity(node: FakeNode, object_: Any, kind: str = "Create", id_: str = "1", **changes: Any) -> dict[str, Any]:
    return {
        "@context": "https://www.w3.org/ns/activitystreams",
        "id": f"{node.url}/ap/activities/{id_}",
        "type": kind,
        "actor": f"{node.url}/ap/actor",
        "object": object_,
        **changes,
    }


async def post(
    node: FakeNode, registry: str, value: Any, *, inbox: str = "/inbox", kind: str = KIND, **options: Any
) -> httpx.Response:
    """Send something to an inbox, signed by the node."""
    body = value if isinstance(value, bytes) else json.dumps(value).encode()
    return await node.send("POST", registry + inbox, body, kind=kind, **options)
