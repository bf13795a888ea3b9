"""What a node has published: rows ``work/NAME``, ``provenance/NAME``, ``outbox/TIME/…`` and ``page/NAME``."""

from __future__ import annotations

from typing import Any

import msgspec

from artdagd.hooks import State

WORK = "work/"
PROVENANCE = "provenance/"
OUTBOX = "outbox/"
PAGE = "page/"
"""The registry's page of a work, as it told when it took the ``Create``."""


class Publication(msgspec.Struct, frozen=True, kw_only=True):
    """``key`` ends the object's address; it is a new one if the work was withdrawn before, as servers keep in mind that
    an object was deleted. ``number`` counts the activities, and ``created`` is the ``Create``'s; ``listed`` are the
    rows of the outbox, ``digest`` is of what was told."""

    key: str
    digest: str
    object: dict[str, Any]
    number: int
    created: int
    published: str
    page_url: str
    listed: tuple[str, ...]
    deleted: str | None = None


class Publications:
    def __init__(self, state: State) -> None:
        self._state = state

    async def of(self, name: str) -> tuple[Publication | None, Any]:
        """The publication of a work, and its row as it is kept."""
        row = await self._state.get(f"{WORK}{name}")
        return (None if row is None else msgspec.convert(row, Publication)), row

    async def at(self, key: str) -> Publication | None:
        """The publication whose object has this key, or had."""
        found, _ = await self.of(name_of(key))
        return found

    async def provenance(self, key: str) -> Any | None:
        return await self._state.get(f"{PROVENANCE}{name_of(key)}")

    async def page(self, name: str) -> str | None:
        found = await self._state.get(f"{PAGE}{name}")
        return found if isinstance(found, str) else None


def name_of(key: str) -> str:
    """The work's name in an object's key."""
    return key.partition("~")[0]


def next_key(name: str, earlier: Publication | None) -> str:
    """The key of a new object: ``NAME``, then ``NAME~2``, ``NAME~3``."""
    if earlier is None:
        return name
    return f"{name}~{int(earlier.key.partition('~')[2] or 1) + 1}"


def listing(milliseconds: int, tail: str) -> str:
    """A row of the outbox, in the order of time."""
    return f"{OUTBOX}{milliseconds:015d}/{tail}"
