"""Pages of media: which of them browsers can show, and how."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import urlencode, urlsplit

from artdagd.api.calls import Call
from artdagd.api.files import INLINE
from artdagd.api.views.lists import turn
from artdagd.errors import ArtdagError, NotFound, TooBusy
from artdagd.hooks import Delivery
from artdagd.runs import previews
from artdagd.runs.publishing import PublicationView
from artdagd.runs.views import CopyView, Entry, Page
from artdagd.web import words

TOLD_AGAIN = 15
"""How often the page that one comes to from publishing or withdrawing loads itself again, every ``TOLD_SECONDS``,
while messages about that are under way."""

TOLD_SECONDS = 2

COPY_SECONDS = 3
"""How often a page that waits for a player's copy loads itself again."""

PATIENCE = 0.25
"""Seconds that a page waits for a player's copy; then it asks to be loaded again."""


KINDS = (
    ("", "All"),
    ("video", "Video"),
    ("audio", "Sound"),
    ("image", "Pictures"),
    ("data", "Data"),
    ("other", "Other"),
)

ORDERS = (
    ("newest", "newest"),
    ("oldest", "oldest"),
    ("name", "by name"),
    ("largest", "largest"),
    ("smallest", "smallest"),
)


async def gallery(call: Call, it: Page[Entry]) -> dict[str, Any]:
    """``only`` gives the address of the same search among one kind; ``most`` are the bytes that a file may have."""
    return {
        "kinds": KINDS,
        "orders": ORDERS,
        "only": _only(call),
        "turn": turn(call),
        "most": call.services.settings.max_upload_bytes,
    }


def _only(call: Call) -> Callable[[str], str]:
    asked = {name: value for name, value in call.request.args.items() if value and name not in ("page", "kind")}

    def address(kind: str) -> str:
        query = urlencode(asked | ({"kind": kind} if kind else {}))
        return f"/media?{query}" if query else "/media"

    return address


async def medium(call: Call, entry: Entry) -> dict[str, Any]:
    """``own`` is false for a stranger to whom it is published; ``registry`` is where it may be published, and
    ``publication`` how far that got; ``withdrawn`` how far its withdrawal. ``again`` is where to look again, and when;
    ``lineage`` where it came from and what was made of it, ``deletion`` what deleting it means; ``gateway`` is where
    IPFS has it.
    """
    if call.caller is None or not (entry.locations or entry.replication):
        inline = kind_of(entry) in TAGS and entry.media_type in INLINE
        return {"player": _raw(entry) if inline else {}, "own": False}
    publishing = call.services.publishing
    publication: PublicationView | None = None
    withdrawn: Sequence[Delivery] = ()
    try:
        publication = await publishing.show(entry.cid, call.who)
    except NotFound:
        withdrawn = await publishing.withdrawal(entry.cid, call.who)
    shown: dict[str, Any] = {"own": True, "copies": _copies(call, entry)}
    shown |= {"registry": publishing.label, "publication": publication, "gateway": _gateway(call)}
    shown |= {"copies_wait": any(copy.state in ("pending", "deleting") for copy in entry.replication.values())}
    lineage = call.services.lineage
    shown |= {"lineage": await lineage.of(entry.cid, call.who), "deletion": await lineage.deletion(entry.cid, call.who)}
    sent = publication.deliveries if publication else withdrawn
    shown |= {"withdrawn": withdrawn, "player": await player(call, entry)}
    waits = {"seconds": COPY_SECONDS, "address": ""} if shown["player"].get("waits") else None
    return shown | {"again": _again(call, entry, sent) or waits}


def _gateway(call: Call) -> str:
    """The host of the IPFS gateway, where IPFS is on."""
    settings = call.services.settings
    return urlsplit(settings.ipfs_gateway_url).netloc if call.services.library.ipfs else ""


def _copies(call: Call, entry: Entry) -> list[tuple[str, CopyView]]:
    """Copies at providers, by name where the reader may know it."""
    names = call.services.storage.names(call.who)
    return [(names.get(one, one), copy) for one, copy in entry.replication.items()]


def _again(call: Call, entry: Entry, sent: Sequence[Delivery]) -> dict[str, Any] | None:
    """For who has just published or withdrawn: when and where to see how far the messages have got."""
    told = call.request.args.get("told", "")
    if not (told.isdecimal() and len(told) < 3 and int(told) < TOLD_AGAIN and any(s.state == "queued" for s in sent)):
        return None
    return {"seconds": TOLD_SECONDS, "address": f"/cache/{entry.cid}?told={int(told) + 1}"}


async def player(call: Call, entry: Entry) -> dict[str, Any]:
    """How a browser shows ``entry``: ``tag`` with ``src``, or ``waits`` while that is made, or why not in ``error``."""
    kind = kind_of(entry)
    if kind in ("image", "audio") and entry.media_type in INLINE:
        return _raw(entry)
    if kind == "image":
        return {"tag": "img", "src": f"/cache/{entry.cid}/poster?width=1280"}
    if kind == "video":
        return await _video(call, entry.cid)
    return {}


def _raw(entry: Entry) -> dict[str, Any]:
    return {"tag": TAGS[kind_of(entry)], "src": f"/cache/{entry.cid}/raw"}


async def _video(call: Call, cid: str) -> dict[str, Any]:
    try:
        made = await call.services.previews.get(cid, previews.mp4(), call.who, PATIENCE)
    except TooBusy:
        made = None
    except ArtdagError as error:
        return {"error": error.told}
    if made is None:
        return {"waits": True}
    return {"tag": "video", "src": f"/cache/{cid}/mp4"}


kind_of = words.kind
TAGS = {"image": "img", "audio": "audio", "video": "video"}
