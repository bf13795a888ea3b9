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
        used, arriving = await self._database.blobs.used(who.name), self._arriving[who.name]
        if used + arriving + coming > self._limit:
            also = f", and {arriving} are arriving" if arriving else ""
            raise StorageFull(
                f"{who.name} uses {used} bytes of a quota of {self._limit}{also}",
                advice="Delete media that you no longer need, or ask the node's admin for more.",
            )

    @asynccontextmanager
    async def metered(
        self, chunks: AsyncIterator[bytes], who: Principal, coming: int
    ) -> AsyncIterator[AsyncIterator[bytes]]:
        """``chunks``, expected to be ``coming`` bytes, as they arrive. They count as arriving until the block ends, in
        which they are to be stored and recorded. Raises StorageFull, here or from the chunks."""
        count = 0

        def release() -> None:
            nonlocal count
            self._arriving[who.name] -= count
            count = 0
            if not self._arriving[who.name]:
                del self._arriving[who.name]

        async def still_fits() -> None:
            try:
                await self.check(who, 0)
            except StorageFull:
                release()  # at once: what is refused must not keep out another
                raise

        async def counted() -> AsyncIterator[bytes]:
            nonlocal count
            checked = 0
            async for chunk in chunks:
                count += len(chunk)
                self._arriving[who.name] += len(chunk)
                if count - checked >= STEP:
                    await still_fits()
                    checked = count
                yield chunk
            await still_fits()

        await self.check(who, coming)
        try:
            yield counted()
        finally:
            release()
