"""What works off the queue of copies: a lane for each provider, so that a slow one holds up no other.

A lane takes what is due, a few copies at once, and rests while the provider's circuit is open. What fails is tried
again later and later. Blobs that were here before a provider, or whose debt was lost, are found by going through all.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import AsyncIterator

import msgspec

from artdagd.database.replicas import FULL, Replica
from artdagd.errors import ArtdagError, NotFound
from artdagd.runs.compute import FOR
from artdagd.runs.replication import Replication
from artdagd.store import BlobStore
from artdagd.store.layout import parse_cid
from artdagd.store.providers import AT_ONCE, Provider, said

log = logging.getLogger(__name__)

OWN_AT_ONCE = 8
"""Copies that the providers of single users are sent at once, all together."""

FIRST_WAIT = 2.0
LONGEST_WAIT = 900.0
"""Seconds before a copy that failed is tried again: doubled each time up to :data:`LONGEST_WAIT`, half of it by lot."""

LOOK_SECONDS = 60.0
"""How often a lane that has nothing to do looks for what other nodes left."""

SPARE_SECONDS = 120.0
"""How much longer a lease is than what it is for may take."""

NOWHERE = 5
"""Tries after which a copy of what is nowhere any more is given up."""

HURRIES = 20
"""How often who waits for a copy looks whether somebody else is at it, a tenth of a second in between."""

BATCH = 200
"""Blobs that are gone through at a time."""


class Lanes:
    """Started once the store is open, and closed before it."""

    def __init__(self, store: BlobStore, ledger: Replication) -> None:
        self._store = store
        self._ledger = ledger
        self._replicas = ledger.database.replicas
        self._providers = ledger.providers
        self._lanes: set[asyncio.Task[None]] = set()
        self._flights: dict[tuple[Provider, str], asyncio.Task[None]] = {}
        self._own = asyncio.Semaphore(OWN_AT_ONCE)
        self._filling = asyncio.Semaphore(1)
        ledger.hurry = self._hurry
        ledger.here = store.has

    async def start(self) -> None:
        """Take up what was begun, and follow every provider from now on."""
        await self._replicas.release(self._ledger.node)
        self._providers.follow = self._follow
        for provider in self._providers.every():
            self._follow(provider)

    async def close(self) -> None:
        """Leave off; what is owed stays owed."""
        self._providers.follow = lambda provider: None
        tasks = [*self._lanes, *self._flights.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _follow(self, provider: Provider) -> None:
        for work in (self._lane(provider), self._fill(provider)):
            task = asyncio.get_running_loop().create_task(work)
            self._lanes.add(task)
            task.add_done_callback(self._lanes.discard)

    async def _lane(self, provider: Provider) -> None:
        looked, after = time.monotonic(), ""
        while self._providers.uses(provider):
            provider.work.clear()
            try:
                wait = await self._step(provider)
                if wait and time.monotonic() - looked >= LOOK_SECONDS:
                    looked, after = time.monotonic(), await self._take_over(provider, after)
            except ArtdagError as error:  # the database
                log.warning("the queue of %s waits: %s", provider.kind, error.detail)
                wait = FIRST_WAIT
            except Exception:
                log.exception("the queue of %s stumbled", provider.kind)
                wait = LOOK_SECONDS
            if wait:
                try:
                    async with asyncio.timeout(wait):
                        await provider.work.wait()
                except TimeoutError:
                    pass

    async def _step(self, provider: Provider) -> float:
        """Begin what is due; returns for how many seconds there is nothing to begin, unless it is woken."""
        if provider.circuit.wait:
            return provider.circuit.wait + 0.01
        places = AT_ONCE if provider.circuit.state == "closed" else 1
        free = places - sum(one is provider for one, _ in self._flights)
        if free <= 0:
            return LOOK_SECONDS
        rows = await self._claim(provider, free)
        for row in rows:
            self._begin(provider, row)
        if rows:
            return 0
        due = await self._replicas.next_due(provider.provider_id, self._ledger.node)
        return LOOK_SECONDS if due is None else min(LOOK_SECONDS, max(0.01, due - time.time()))

    async def _claim(self, provider: Provider, limit: int, cid: str | None = None) -> list[Replica]:
        return await self._replicas.claim(
            provider.provider_id, self._ledger.node, limit, self._lease, capacity=provider.capacity_bytes, cid=cid
        )

    def _lease(self, size: int) -> float:
        return self._providers.saving_seconds(size) + SPARE_SECONDS

    async def _take_over(self, provider: Provider, after: str) -> str:
        """Do some of what other nodes left undone, if it can be done here; returns where to go on the next time."""
        rows = await self._replicas.left(provider.provider_id, self._ledger.node, after, BATCH)
        for row in rows:
            if row.state == "deleting" or self._store.has(row.cid):
                for mine in await self._claim(provider, 1, row.cid):
                    await asyncio.wait([self._begin(provider, mine)])
        return rows[-1].cid if len(rows) == BATCH else ""

    def _begin(self, provider: Provider, row: Replica) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(self._fly(provider, row))
        self._flights[provider, row.cid] = task

        def ended(_: asyncio.Task[None]) -> None:
            if self._flights.get((provider, row.cid)) is task:
                del self._flights[provider, row.cid]
            provider.work.set()

        task.add_done_callback(ended)
        return task

    async def _fly(self, provider: Provider, row: Replica) -> None:
        """Do what a leased row asks for, and note how it went."""
        FOR.set(provider.owner)
        try:
            if provider.owner:
                async with self._own:
                    done = await self._do(provider, row)
            else:
                done = await self._do(provider, row)
            if not done and self._providers.uses(provider):
                # The lease was lost meanwhile: whatever is there, nobody knows of it.
                await self._replicas.owe([msgspec.structs.replace(row, state="deleting", lease=None, due_at=0.0)])
        except ArtdagError as error:
            log.warning("what became of %s at %s could not be noted: %s", row.cid, provider.kind, error.detail)
        except Exception:
            log.exception("a copy of %s", row.cid)

    async def _do(self, provider: Provider, row: Replica) -> bool:
        try:
            if row.state == "deleting":
                await self._providers.delete(provider, row.cid)
                return await self._replicas.forgotten(row)
            path = await self._store.path(row.cid)
            await self._providers.save(provider, row.cid, path, row.size, anew=row.spoiled)
        except NotFound as error:
            if row.attempts >= NOWHERE:
                log.error("%s is owed to %s, and nowhere any more", row.cid, provider.kind)
                return await self._replicas.forgotten(row)
            return await self._later(row, error.detail)
        except ArtdagError as error:
            return await self._later(row, error.detail)
        except Exception as error:
            why = provider.told(said(error))
            log.warning("%s could not %s %s: %s", provider.kind, _verb(row), row.cid, why)
            return await self._later(row, why)
        return await self._replicas.done(row)

    async def _later(self, row: Replica, why: str) -> bool:
        wait = min(LONGEST_WAIT, FIRST_WAIT * 2 ** min(row.attempts, 20)) * (0.5 + random.random() / 2)  # noqa: S311
        return await self._replicas.failed(row, why, time.time() + wait)

    async def _hurry(self, provider: Provider, cid: str) -> str:
        """See :data:`artdagd.runs.replication.Hurry`."""
        for _ in range(HURRIES):
            if flight := self._flights.get((provider, cid)):
                await asyncio.wait([flight])
            rows = await self._claim(provider, 1, cid)
            if rows:
                await asyncio.wait([self._begin(provider, rows[0])])
            row = {one.provider_id: one for one in await self._replicas.of([cid])}.get(provider.provider_id)
            if row is None or row.state == "replicated":
                return ""
            if rows or row.error == FULL:
                return row.error or "it is still being copied"
            await asyncio.sleep(0.1)  # its lane, or another node, has just begun
        return "it is still being copied"

    async def _fill(self, provider: Provider) -> None:
        """Owe ``provider`` what is here and is in no account: from before it, or from before a crash."""
        async with self._filling:
            try:
                count = 0
                async for rows in self._missing(provider):
                    if not self._providers.uses(provider):
                        return
                    count += await self._replicas.add_new(rows)
                    provider.work.set()
                if count:
                    log.info("%d blobs from before are owed to %s", count, provider.kind)
            except ArtdagError as error:
                log.warning("%s is not told of what was here before: %s", provider.kind, error.detail)
            except OSError:
                log.exception("%s is not told of what was here before", provider.kind)

    async def _missing(self, provider: Provider) -> AsyncIterator[list[Replica]]:
        def row(cid: str, size: int) -> Replica:
            return Replica(cid=cid, provider_id=provider.provider_id, node=self._ledger.node, size=size)

        if provider.owner:
            async for found in self._ledger.database.blobs.owned(provider.owner, BATCH):
                yield [row(cid, size) for cid, size in found]
            return
        batch: list[str] = []
        async for cid in self._store.cids():
            batch.append(cid)
            if len(batch) >= BATCH:
                yield [row(*one) for one in await asyncio.to_thread(self._sizes, batch)]
                batch = []
        yield [row(*one) for one in await asyncio.to_thread(self._sizes, batch)]

    def _sizes(self, cids: list[str]) -> list[tuple[str, int]]:
        found = []
        for cid in cids:
            for place in self._store.layout.places(parse_cid(cid)).values():
                if place.is_file():
                    found.append((cid, place.stat().st_size))
                    break
        return found


def _verb(row: Replica) -> str:
    return "delete" if row.state == "deleting" else "save"
