"""How much lies in the sections of a store, and what there was not used for longest."""

from __future__ import annotations

import asyncio
import heapq
import os
import stat
from collections.abc import Iterator

import msgspec

from artdagd.cid import CID
from artdagd.store.layout import SECTIONS, Layout


class Lying(msgspec.Struct, frozen=True, order=True):
    """A file of a section: when it was ``used`` last (nanoseconds since the epoch), its name as a CID, its size
    in bytes."""

    used: int
    cid: str
    size: int


FIRST = Lying(-1, "", 0)
"""Before every other."""


class Census:
    """``count`` files with ``size`` bytes, kept up by who adds and removes, and counted anew by each look at them all.

    ``grown`` is set when something was added.
    """

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self.count = 0
        self.size = 0
        self.grown = asyncio.Event()

    def add(self, size: int) -> None:
        self.count += 1
        self.size += size
        self.grown.set()

    def remove(self, size: int) -> None:
        self.count -= 1
        self.size -= size

    async def oldest(self, most: int, after: Lying = FIRST) -> list[Lying]:
        """Up to ``most`` files that come after ``after``, those first that were not used for longest."""
        count, size, found = await asyncio.to_thread(self._look, most, after)
        self.count, self.size = count, size
        return found

    async def recount(self) -> None:
        await self.oldest(1)

    def _look(self, most: int, after: Lying) -> tuple[int, int, list[Lying]]:
        count = size = 0

        def later() -> Iterator[Lying]:
            nonlocal count, size
            for one in self._files():
                count += 1
                size += one.size
                if one > after:
                    yield one

        found = heapq.nsmallest(most, later())
        return count, size, found

    def _files(self) -> Iterator[Lying]:
        for section in SECTIONS:
            top = self._layout.root / section
            folders = [entry.path for entry in os.scandir(top) if entry.is_dir()] if section == "blobs" else [str(top)]
            for folder in folders:
                with os.scandir(folder) as entries:
                    yield from filter(None, map(_lying, entries))


def _lying(entry: os.DirEntry[str]) -> Lying | None:
    try:
        state = entry.stat(follow_symlinks=False)
    except FileNotFoundError:
        return None
    if not stat.S_ISREG(state.st_mode):
        return None
    return Lying(state.st_atime_ns, entry.name.removesuffix(".json"), state.st_size)


def is_cid(name: str) -> bool:
    """Whether a file of this name is a blob: anything else that lies there is nobody's business."""
    try:
        return str(CID.parse(name)) == name
    except ValueError:
        return False
