"""Pages of media: which of them browsers can show, and how."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, get_args

from artdagd.api.calls import Call
from artdagd.api.files import INLINE
from artdagd.api.views.lists import turn
from artdagd.errors import ArtdagError, NotFound, TooBusy
from artdagd.hooks import Delivery
from artdagd.runs import previews
from artdagd.runs.publishing import PublicationView
from artdagd.runs.views import CopyView, Entry, Page
from artdagd.work import Kind

TOLD_AGAIN = 15
"""How often the page that one comes to from publishing or withdrawing loads itself again, every ``TOLD_SECONDS``,
while messages about that are under way."""

TOLD_SECONDS = 2

COPY_SECONDS = 3
"""How often a page that waits for a player's copy loads itself again."""

PATIENCE = 0.25
"""Seconds that a page waits for a player's copy; then it asks to be loaded again."""


async def gallery(call: Call, it: Page[Entry]) -> dict[str, Any]:
    return {"still": still, "kind_of": kind_of, "kinds": get_args(Kind), "turn": turn(call)}


async def medium(call: Call, entry: Entry) -> dict[str, Any]:
    """``own`` is false for a stranger to whom it is published; ``registry`` is where it may be published, and
    ``publication`` how far that got; ``withdrawn`` how far its withdrawal. ``again`` is where to look again, and when.
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
    shown |= {"registry": publishing.label, "publication": publication}
    sent = publication.deliveries if publication else withdrawn
    shown |= {"withdrawn": withdrawn, "player": await player(call, entry)}
    waits = {"seconds": COPY_SECONDS, "address": ""} if shown["player"].get("waits") else None
    return shown | {"again": _again(call, entry, sent) or waits}


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


TAGS = {"image": "img", "audio": "audio", "video": "video"}
Still = Literal["poster", "waveform", ""]


def kind_of(entry: Entry) -> str:
    """What a medium is: until a worker has looked at it, what its first bytes say."""
    return entry.kind if entry.kind != "other" else entry.media_type.partition("/")[0]


def still(entry: Entry) -> Still:
    """The picture that stands for a medium in a list."""
    return {"video": "poster", "image": "poster", "audio": "waveform"}.get(kind_of(entry), "")  # type: ignore[return-value]
