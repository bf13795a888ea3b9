"""ActivityStreams 2.0 documents of a node, as JSON-LD whose context is given inline.

Vocabulary: https://www.w3.org/TR/activitystreams-vocabulary/; hashtags and public keys as the fediverse writes them.
``name`` is plain text, as that vocabulary wants it; ``summary`` and ``content`` are HTML made of escaped text. The
media type stands at the links: at the object it would be that of ``content``.
"""

from __future__ import annotations

import re
from html import escape
from typing import Any

from artdagd.hooks import Work
from artdagd_federation_l2.node.addresses import Addresses

PUBLIC = "https://www.w3.org/ns/activitystreams#Public"
STREAMS = "https://www.w3.org/ns/activitystreams"
SECURITY = "https://w3id.org/security/v1"

CONTEXT = [
    STREAMS,
    {
        "artdag": "https://artdag.org/ns#",
        "Hashtag": "as:Hashtag",
        "artdag:size": {"@type": "http://www.w3.org/2001/XMLSchema#nonNegativeInteger"},
        "artdag:provenance": {"@type": "@id"},
    },
]

SUMMARY_MAX = 500
"""Characters of the description that a summary has."""

_KINDS = {"video": "Video", "audio": "Audio", "image": "Image"}
_PARAGRAPHS = re.compile(r"\n\s*\n")
_NO_TAG = re.compile(r"[^\w]+")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


def actor(addresses: Addresses, name: str, public_pem: str) -> dict[str, Any]:
    """The node's own."""
    return {
        "@context": [STREAMS, SECURITY],
        "id": addresses.actor,
        "type": "Service",
        "preferredUsername": "node",
        "name": name,
        "summary": "A node that renders art.",
        "url": addresses.actor,
        "inbox": addresses.inbox,
        "outbox": addresses.outbox,
        "followers": addresses.followers,
        "manuallyApprovesFollowers": False,
        "publicKey": {"id": addresses.key, "owner": addresses.actor, "publicKeyPem": public_pem},
    }


def webfinger(addresses: Addresses) -> dict[str, Any]:
    """RFC 7033."""
    return {
        "subject": f"acct:node@{addresses.host}",
        "aliases": [addresses.actor],
        "links": [
            {"rel": "self", "type": "application/activity+json", "href": addresses.actor},
            {"rel": "http://webfinger.net/rel/profile-page", "type": "text/html", "href": addresses.actor},
        ],
    }


def work_object(addresses: Addresses, key: str, work: Work) -> dict[str, Any]:
    """What is told of a work, without its times: they are no part of whether it has changed."""
    title = plain(work.title) or plain(work.filename or "") or work.cid
    ipfs = f"ipfs://{work.cid}"
    whole = {
        "id": addresses.object(key),
        "type": _type(work),
        "name": title,
        "attributedTo": addresses.actor,
        "to": [PUBLIC],
        "cc": [addresses.followers],
        "url": [
            {"type": "Link", "mediaType": "text/html", "href": work.page_url},
            {"type": "Link", "mediaType": work.media_type, "href": work.raw_url},
            {"type": "Link", "mediaType": work.media_type, "href": ipfs},
        ],
        "attachment": [_bytes(work, title)],
        "tag": [{"type": "Hashtag", "name": f"#{tag}"} for tag in dict.fromkeys(map(_tag, work.tags)) if tag],
        "artdag:cid": work.cid,
        "artdag:size": work.size,
        "artdag:renderedBy": work.owner,
        **_measures(work),
    }
    if work.description.strip():
        whole |= {
            "summary": escape(_CONTROL.sub("", work.description).strip()[:SUMMARY_MAX]),
            "content": _paragraphs(work.description),
        }
    if work.provenance is not None:
        record = addresses.provenance(key)
        link = {"type": "Link", "rel": "provenance", "mediaType": "application/json", "href": record}
        whole["attachment"].append({**link, "name": "Provenance"})
        whole["artdag:provenance"] = record
    return whole


def activity(addresses: Addresses, tail: str, kind: str, about: Any, published: str) -> dict[str, Any]:
    """A ``Create``, ``Update`` or ``Delete`` by the node, to everybody."""
    return {
        "@context": CONTEXT,
        "id": addresses.activity(tail),
        "type": kind,
        "actor": addresses.actor,
        "published": published,
        "to": [PUBLIC],
        "cc": [addresses.followers],
        "object": about,
    }


def tombstone(addresses: Addresses, key: str, former: str, deleted: str) -> dict[str, Any]:
    return {"id": addresses.object(key), "type": "Tombstone", "formerType": former, "deleted": deleted}


def accept(addresses: Addresses, tail: str, follow: str, follower: str) -> dict[str, Any]:
    """The answer to a ``Follow``."""
    return {
        "@context": STREAMS,
        "id": addresses.activity(tail),
        "type": "Accept",
        "actor": addresses.actor,
        "object": {"id": follow, "type": "Follow", "actor": follower, "object": addresses.actor},
    }


def collection(address: str, total: int) -> dict[str, Any]:
    return {
        "@context": CONTEXT,
        "id": address,
        "type": "OrderedCollection",
        "totalItems": total,
        "first": f"{address}?page=true",
    }


def page(address: str, this: str, items: list[Any], following: str | None) -> dict[str, Any]:
    """One page of the collection at ``address``; ``following`` is the address of the next."""
    whole = {
        "@context": CONTEXT,
        "id": this,
        "type": "OrderedCollectionPage",
        "partOf": address,
        "orderedItems": items,
    }
    return whole if following is None else {**whole, "next": following}


def plain(text: str) -> str:
    """One line without control characters, of 500 characters at most."""
    return " ".join(_CONTROL.sub(" ", text).split())[:500]


def duration(seconds: float) -> str:
    """As ISO 8601 writes it: ``PT12.5S``."""
    return f"PT{f'{seconds:.3f}'.rstrip('0').rstrip('.')}S"


def _type(work: Work) -> str:
    """By what a worker found in it; by its media type, if none has looked yet."""
    guess = _KINDS.get(work.media_type.partition("/")[0], "Document")
    return _KINDS.get(work.kind, guess)


def _bytes(work: Work, title: str) -> dict[str, Any]:
    return {
        "type": "Document",
        "mediaType": work.media_type,
        "url": work.raw_url,
        "name": title,
        **_measures(work),
    }


def _measures(work: Work) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if work.duration is not None:
        found["duration"] = duration(work.duration)
    if work.width is not None and work.height is not None:
        found |= {"width": work.width, "height": work.height}
    return found


def _paragraphs(text: str) -> str:
    parts = [part.strip() for part in _PARAGRAPHS.split(_CONTROL.sub("", text).strip())]
    return "".join(f"<p>{escape(part).replace(chr(10), '<br>')}</p>" for part in parts if part)


def _tag(text: str) -> str:
    return _NO_TAG.sub("", text)[:100]
