"""The page of what a run's steps left: pictures, players, sizes, and what an analysis found as a tree."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from artdagd.api.calls import Call
from artdagd.api.files import INLINE
from artdagd.api.views.media import kind_of
from artdagd.errors import ArtdagError
from artdagd.runs.views import Artifact, Entry, RunView
from artdagd.web.words import plain

SHOWN = 200
"""Results that the page shows: the last ones."""

BRANCHES = 40
"""Values of one branch of a tree that are shown."""

DEEP = 4
"""Branches within each other that are shown."""

LETTERS = 120
"""Letters of a value."""


class Branch(msgspec.Struct, frozen=True):
    """A name with a ``value`` in words, or with branches of its own; ``more`` of them are not shown."""

    name: str
    value: str
    branches: list[Branch] = []
    more: int = 0


class Shown(msgspec.Struct, frozen=True):
    """A result. ``entry`` is there where it is a medium of the reader's, ``tree`` where it is data."""

    it: Artifact
    entry: Entry | None
    kind: str
    playable: bool
    tree: list[Branch]


async def artifacts(call: Call, it: RunView) -> dict[str, Any]:
    """``found`` are the results; ``more`` of them, the first, are not shown."""
    every = await call.services.runs.artifacts_of(it.run_id, call.who)
    some = every[-SHOWN:]
    entries = await call.services.library.entries([one.cid for one in some], call.who)
    data = await _data(call, it, some)
    found = []
    for one in some:
        entry = entries.get(one.cid)
        kind = kind_of(entry) if entry else ""
        playable = entry is not None and (kind == "video" or (kind == "audio" and entry.media_type in INLINE))
        value = data.get(one.step.step_id)
        found.append(Shown(one, entry, kind, playable, branches(value) if value is not None else []))
    return {"found": found, "more": len(every) - len(some)}


async def _data(call: Call, it: RunView, some: Sequence[Artifact]) -> Mapping[str, Any]:
    if it.plan_id is None or not any(one.is_data for one in some):
        return {}
    try:
        return {
            name: one["features"] for name, one in (await call.services.runs.analysis_of(it.run_id, call.who)).items()
        }
    except ArtdagError:
        return {}


def branches(value: Any, deep: int = DEEP) -> list[Branch]:
    """A value of JSON as a tree that is small enough for a page."""
    items = value.items() if isinstance(value, dict) else enumerate(value)
    found: list[Branch] = []
    for name, one in items:
        if len(found) == BRANCHES:
            break
        if isinstance(one, dict | list) and one and deep and not _is_short(one):
            words = f"{len(one)} {'values' if isinstance(one, list) else 'names'}"
            more = max(0, len(one) - BRANCHES)
            found.append(Branch(str(name), words, branches(one, deep - 1), more))
        else:
            words = plain(one)
            found.append(Branch(str(name), words if len(words) <= LETTERS else f"{words[:LETTERS]}…"))
    return found


def _is_short(value: Any) -> bool:
    return isinstance(value, list) and len(value) <= 4 and not any(isinstance(one, dict | list) for one in value)
