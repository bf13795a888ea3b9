"""What the media of one user may come to, in bytes."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from artdagd.auth.principal import Principal
from artdagd.database import Database
from artdagd.errors import StorageFull

STEP = 16 << 20
"""Bytes of one upload that may arrive between two looks at what is used."""


class Quota:
    """``limit`` bytes for each user but admins; 0 is no limit. What is arriving counts as well as what is here."""

    def __init__(self, database: Database, limit: int) -> None:
        self._database = database
        self._limit = limit
        self._arriving: Counter[str] = Counter()

    async def check(self, who: Principal, coming: int) -> None:
        """Raises StorageFull if ``coming`` bytes more are too much for ``who``."""
        if not self._limit or who.is_admin:
            return
        used = await self._database.blobs.used(who.name) + self._arriving[who.name]
        if used + coming > self._limit:
            raise StorageFull(
                f"{who.name} uses {used} bytes of a quota of {self._limit}",
                advice="Delete media that you no longer need, or ask the node's admin for more.",
            )

    @asynccontextmanager
    async def metered(
        self, chunks: AsyncIterator[bytes], who: Principal, coming: int
    ) -> AsyncIterator[AsyncIterator[bytes]]:
        """``chunks``, expected to be ``coming`` bytes, as they arrive. They count as arriving until the block ends, in
        which they are to be stored and recorded. Raises StorageFull, here or from the chunks."""
        count = 0

        async def counted() -> AsyncIterator[bytes]:
            nonlocal count
            checked = 0
            async for chunk in chunks:
                count += len(chunk)
                self._arriving[who.name] += len(chunk)
                if count - checked >= STEP:
                    await self.check(who, 0)
                    checked = count
                yield chunk
            await self.check(who, 0)

        await self.check(who, coming)
        try:
            yield counted()
        finally:
            self._arriving[who.name] -= count
            if not self._arriving[who.name]:
                del self._arriving[who.name]
