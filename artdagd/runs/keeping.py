"""What stays in the local cache and what may go: the least worth first, and never what somebody needs here."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from datetime import UTC, datetime
from typing import Literal, get_args

import msgspec

from artdagd.database import Database
from artdagd.database.claims import Claim
from artdagd.database.clock import rfc3339
from artdagd.errors import ArtdagError, StorageFull
from artdagd.runs.holds import Holds
from artdagd.runs.worth import Candidate, Making, Ranked, rank
from artdagd.store import BlobStore
from artdagd.store.census import FIRST, Lying, is_cid

log = logging.getLogger(__name__)

LOW = 0.9
"""The part of its capacity that the cache is brought down to once it is above it."""

NEAR, FAR = 1.25, 1.5
"""Free space, as a multiple of the reserve, below which blobs are removed, and up to which."""

LOOK = 50_000
"""Files that one look at the disk finds, those first that were not used for longest."""

WINDOW = 10_000
"""Files among which those of the least worth are found; then it goes on with those that were used later."""

STEP = 100
"""Blobs that are removed together."""

UPWARDS = 64
"""How far what a result was made from is followed."""

PAUSE = 30.0
"""Seconds until it is tried again to make room where there was too little that may go."""

Why = Literal["unused", "result", "replicated"]


class Going(msgspec.Struct, frozen=True):
    """A blob that may go: ``unused`` (nobody names it, nor would it be found), a ``result`` that can be made again, or
    ``replicated`` at a storage provider.

    ``used`` is when it was used last, in nanoseconds since the epoch. ``seconds`` is what it takes to make it again,
    with what would have to be made before, and ``alone`` without; None where it is not made here, or that is not known.
    """

    cid: str
    size: int
    used: int
    why: Why
    seconds: float | None = None
    alone: float | None = None

    @property
    def used_at(self) -> str:
        return rfc3339(datetime.fromtimestamp(self.used / 1e9, UTC))


class Usage(msgspec.Struct, frozen=True):
    """The local cache. ``capacity_bytes`` is null where the disk is the bound; ``spare_bytes`` are free beyond its
    reserve; ``evicted`` and ``evicted_bytes`` count since the node started."""

    blobs: int
    bytes: int
    capacity_bytes: int | None
    spare_bytes: int
    evicted: int
    evicted_bytes: int


class Keeper:
    """Keeps the local cache within ``capacity`` bytes (None: within the disk), and above the disk's reserve.

    ``holds`` is what deletions and all who begin to need a blob share, so that neither comes in between the other.
    """

    def __init__(self, store: BlobStore, database: Database, capacity: int | None = None) -> None:
        self._store = store
        self._database = database
        self._capacity = capacity
        self.holds = Holds()
        self._turn = asyncio.Lock()
        self._stuck = 0.0
        self._evicted = self._evicted_bytes = 0
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Count what is here, and keep to the bounds from now on."""
        self._store.census.grown.set()
        self._task = asyncio.create_task(self._watch(), name="the cache's keeper")

    async def close(self) -> None:
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    @property
    def usage(self) -> Usage:
        census = self._store.census
        return Usage(census.count, census.size, self._capacity, self._store.spare, self._evicted, self._evicted_bytes)

    async def admit(self, size: int) -> None:
        """Make room for ``size`` bytes that somebody brings. Raises StorageFull where too little may go."""
        if self._lacking(size) > 0 and time.monotonic() >= self._stuck:
            await self._make_room(size)
        if self._capacity is not None and self._store.census.size + size > self._capacity:
            raise StorageFull(
                f"{self._store.census.size} bytes are in the cache, and {size} more would go above its capacity of "
                f"{self._capacity}: what is here is needed, or kept nowhere else",
                advice="Delete media that you no longer need, add a storage provider, or raise cache_capacity_bytes.",
            )

    async def collect(self, to: int | None, *, plan: bool = False) -> AsyncGenerator[Going]:
        """Remove what nobody names, and then, of least worth first, down to ``to`` bytes; without it, down to the
        low-water marks if the cache is beyond its bounds. With ``plan`` only tell."""
        await self._store.census.recount()
        excess = self._excess(0) if self._lacking(0) > 0 else 0
        least = excess if to is None else self._store.census.size - to
        async with aclosing(self.going(least, unused=True, plan=plan)) as going:
            async for one in going:
                yield one

    async def needed(self, cid: str) -> Claim | None:
        """Who needs ``cid`` whatever happens to the entries of it; None if nobody does."""
        return (await self._database.claims.of([cid])).get(cid)

    async def going(self, least: int, *, unused: bool = False, plan: bool = False) -> AsyncGenerator[Going]:
        """Remove blobs until ``least`` bytes are freed, and first, if ``unused``, all that nobody names.

        With ``plan`` nothing is removed. Gives each as it goes.
        """
        async with self._turn:
            if unused:
                async for one in self._pass(("unused",), None, plan):
                    least -= one.size
                    yield one
            async for one in self._pass(("result", "replicated") if unused else get_args(Why), least, plan):
                yield one

    async def _pass(self, whys: Sequence[Why], least: int | None, plan: bool) -> AsyncGenerator[Going]:
        """What may go for one of ``whys``, of least worth first; all of it if ``least`` is None. The worth is compared
        among ``WINDOW`` files at a time, from those on that were not used for longest."""
        after: Lying | None = FIRST
        while after is not None:
            found = await self._store.census.oldest(LOOK, after)
            for start in range(0, len(found), WINDOW):
                if least is not None and least <= 0:
                    return
                ranked = await self._ranked(found[start : start + WINDOW], whys)
                for at in range(0, len(ranked), STEP):
                    if least is not None and least <= 0:
                        return
                    for one in await self._step(ranked[at : at + STEP], whys, least, plan):
                        if least is not None:
                            least -= one.size
                        yield one
            after = found[-1] if len(found) == LOOK else None

    async def _ranked(self, window: list[Lying], whys: Sequence[Why]) -> list[Ranked]:
        """Those of ``window`` that may go for one of ``whys``, in the order in which they do."""
        lying = {one.cid: one for one in window if is_cid(one.cid)}
        candidates = [
            Candidate(cid, lying[cid].size, lying[cid].used, unnamed=why == "unused", elsewhere=why == "replicated")
            for cid, why in (await self._reasons(list(lying))).items()
            if why in whys
        ]
        makings = await self._makings([one.cid for one in candidates])
        lost = makings.keys() - await self._store.reachable(set(makings))
        return list(rank(candidates, makings, lost))

    async def _makings(self, cids: list[str]) -> dict[str, Making]:
        """How those of ``cids`` were made that were, and what they were made from, and so on upwards."""
        found: dict[str, Making] = {}
        rows = await self._database.actions.of_outputs(cids)
        for _ in range(UPWARDS):
            asked = {cache_id for row in rows for cache_id in row.sources or ()}
            sources = await self._database.actions.get_many(sorted(asked))
            for row in rows:
                read = tuple(sources[cache_id].output_cid for cache_id in row.sources or () if cache_id in sources)
                known = found.get(row.output_cid)
                if known is None or not known.seconds:
                    found[row.output_cid] = Making(row.seconds, read)
            rows = [row for row in sources.values() if row.output_cid not in found]
            if not rows:
                break
        return found

    async def _step(self, batch: list[Ranked], whys: Sequence[Why], least: int | None, plan: bool) -> list[Going]:
        """Remove those of ``batch`` that may go for one of ``whys``, until ``least`` bytes are freed."""
        gone: list[Going] = []
        now = self._store.uses.now()
        ranked = {one.candidate.cid: one for one in batch if not self._store.uses.busy(one.candidate.cid)}
        with self.holds.idle(ranked) as idle:
            for cid, why in (await self._reasons(idle)).items():
                if least is not None and least <= 0:
                    break
                if why not in whys:
                    continue
                one = ranked[cid]
                freed = one.candidate.size if plan else await self._evict(cid, now)
                if freed:
                    gone.append(Going(cid, freed, one.candidate.used, why, one.seconds, one.alone))
                    least = None if least is None else least - freed
        return gone

    async def _evict(self, cid: str, since: float) -> int:
        freed = await self._store.evict(cid, since) or 0
        if freed:
            self._evicted += 1
            self._evicted_bytes += freed
        return freed

    async def _reasons(self, cids: list[str]) -> dict[str, Why]:
        """Why those of ``cids`` may go that may, in their order."""
        claims = await self._database.claims.of(cids)
        entries = [cid for cid in cids if cid in claims and claims[cid].kind == "entry"]
        elsewhere = await self._store.held_elsewhere(entries) if entries else set()
        # Nobody's result saves work all the same: a preview, a part of a pass, what a deleted run gave.
        made = await self._database.actions.made([cid for cid in cids if cid not in claims])
        found: dict[str, Why] = {}
        for cid in cids:
            if cid not in claims:
                found[cid] = "result" if cid in made else "unused"
            elif claims[cid].kind == "result":
                found[cid] = "result"
            elif cid in elsewhere:
                found[cid] = "replicated"
        return found

    async def _watch(self) -> None:
        """Each time that something was added: remove what is too much."""
        census = self._store.census
        await census.recount()
        while True:
            await census.grown.wait()
            census.grown.clear()
            try:
                if self._lacking(0) > 0:
                    await self._make_room(0)
            except ArtdagError as error:
                log.warning("the cache could not be brought within its bounds: %s", error.detail)
            if (left := self._stuck - time.monotonic()) > 0:
                await asyncio.sleep(left)

    def _lacking(self, size: int) -> int:
        """Bytes that must go before ``size`` more keep the cache within its bounds; 0 or less if none."""
        over = 0 if self._capacity is None else self._store.census.size + size - self._capacity
        return max(over, int(self._store.reserve * (NEAR - 1)) + size - self._store.spare)

    def _excess(self, size: int) -> int:
        """Bytes that must go before ``size`` more keep the cache below its low-water marks."""
        over = 0 if self._capacity is None else self._store.census.size + size - int(self._capacity * LOW)
        return max(over, int(self._store.reserve * (FAR - 1)) + size - self._store.spare)

    async def _make_room(self, size: int) -> None:
        """Bring the cache down to its low-water marks, and ``size`` bytes below its bounds."""
        least = self._excess(size)
        count = freed = 0
        async with aclosing(self.going(least)) as going:
            async for one in going:
                count += 1
                freed += one.size
        if count:
            log.info("removed %d blobs with %d bytes from the cache, those of least worth first", count, freed)
        if freed < least and self._lacking(size) > 0:
            self._stuck = time.monotonic() + PAUSE
            log.warning("the cache lacks %d bytes, and nothing more may go", self._lacking(size))
