"""Pages of media: which of them browsers can show, and how."""

from __future__ import annotations

from typing import Any, Literal, get_args

from artdagd.api.calls import Call
from artdagd.api.files import INLINE
from artdagd.api.views.lists import turn
from artdagd.errors import ArtdagError, NotFound, TooBusy
from artdagd.runs import previews
from artdagd.runs.views import Entry, Page
from artdagd.work import Kind

PATIENCE = 0.25
"""Seconds that a page waits for a player's copy; then it asks to be loaded again."""


async def gallery(call: Call, it: Page[Entry]) -> dict[str, Any]:
    return {"still": still, "kinds": get_args(Kind), "turn": turn(call)}


async def medium(call: Call, entry: Entry) -> dict[str, Any]:
    """``own`` is false for a stranger to whom it is published; ``registry`` is where it may be published, and
    ``publication`` how far that got."""
    if call.caller is None or not entry.locations:
        inline = entry.kind in TAGS and entry.media_type in INLINE
        return {"player": _raw(entry) if inline else {}, "own": False}
    publishing = call.services.publishing
    try:
        publication = await publishing.show(entry.cid, call.who)
    except NotFound:
        publication = None
    shown = {"own": True, "registry": publishing.label, "publication": publication}
    return {**shown, "player": await player(call, entry)}


async def player(call: Call, entry: Entry) -> dict[str, Any]:
    """How a browser shows ``entry``: ``tag`` with ``src``, or ``waits`` while that is made, or why not in ``error``."""
    if entry.kind in ("image", "audio") and entry.media_type in INLINE:
        return _raw(entry)
    if entry.kind == "image":
        return {"tag": "img", "src": f"/cache/{entry.cid}/poster?width=1280"}
    if entry.kind == "video":
        return await _video(call, entry.cid)
    return {}


def _raw(entry: Entry) -> dict[str, Any]:
    return {"tag": TAGS[entry.kind], "src": f"/cache/{entry.cid}/raw"}


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


def still(entry: Entry) -> Still:
    """The picture that stands for a medium in a list."""
    return {"video": "poster", "image": "poster", "audio": "waveform"}.get(entry.kind, "")  # type: ignore[return-value]
