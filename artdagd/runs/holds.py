"""Who may touch a blob while it is being deleted: nobody. Many may use one at once; who deletes it is alone with it."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager


class Holds:
    """A lock for many readers or one writer, for each name. Nothing is kept for names that nobody holds."""

    def __init__(self) -> None:
        self._used: Counter[str] = Counter()
        self._alone: set[str] = set()
        self._changed = asyncio.Event()

    @asynccontextmanager
    async def use(self, names: Iterable[str]) -> AsyncIterator[None]:
        """Inside, nobody is alone with any of ``names``."""
        wanted = frozenset(names)
        while not self._alone.isdisjoint(wanted):
            await self._changed.wait()
        self._used.update(wanted)
        try:
            yield
        finally:
            self._used.subtract(wanted)
            self._used = +self._used
            self._tell()

    @asynccontextmanager
    async def alone(self, name: str) -> AsyncIterator[None]:
        """Inside, nobody else uses ``name``."""
        while name in self._alone or self._used[name]:
            await self._changed.wait()
        self._alone.add(name)
        try:
            yield
        finally:
            self._alone.discard(name)
            self._tell()

    @contextmanager
    def idle(self, names: Iterable[str]) -> Iterator[list[str]]:
        """Inside, nobody uses those of ``names`` that nobody used at the beginning, which it gives."""
        mine = [name for name in names if name not in self._alone and not self._used[name]]
        self._alone.update(mine)
        try:
            yield mine
        finally:
            self._alone.difference_update(mine)
            self._tell()

    def _tell(self) -> None:
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()
