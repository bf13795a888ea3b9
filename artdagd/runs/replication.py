"""Copies at storage providers: what is owed, in the database before anybody relies on it, and how far it got."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Collection, Mapping

from artdagd.database import Database
from artdagd.database.replicas import Replica, State, Tally
from artdagd.errors import NotFound, Unavailable
from artdagd.runs.compute import FOR
from artdagd.store.providers import Provider, Providers

PRIMARY_SECONDS = 60.0
"""How long storage that comes first may be away before what waits for it fails."""

FIRST_WAIT = 0.5
LONGEST_WAIT = 5.0
"""Seconds between tries meanwhile."""

log = logging.getLogger(__name__)

Hurry = Callable[[Provider, str], Awaitable[str]]
"""Saves a blob to a provider at once, if it is owed: why that failed, or nothing."""


async def _no_hurry(provider: Provider, cid: str) -> str:
    return ""


class Replication:
    """The account of copies (a :class:`artdagd.store.ledger.Ledger`) of the node called ``node``.

    ``hurry`` is set by who works it off: :class:`artdagd.runs.lanes.Lanes`.
    """

    def __init__(self, database: Database, providers: Providers, node: str) -> None:
        self.database = database
        self.providers = providers
        self.node = node
        self.hurry: Hurry = _no_hurry
        self.primary = False
        """Whether a blob counts only once the synchronous providers of the node have it."""
        self.here: Callable[[str], bool] = lambda cid: True
        """Whether a blob is on the local disk."""

    async def owe(self, cid: str, size: int, *, existed: bool = False, owner: str = "") -> None:
        """Every provider of ``owner``, or of the node, is to get ``cid``. Durable when this returns."""
        wanted = self.providers.of(owner)
        if wanted and existed:
            settled = {row.provider_id for row in await self.database.replicas.of([cid]) if row.state in _SETTLED}
            wanted = [one for one in wanted if one.provider_id not in settled]
        rows = [Replica(cid=cid, provider_id=one.provider_id, node=self.node, size=size) for one in wanted]
        await self.database.replicas.owe(rows)
        for one in wanted:
            one.work.set()
        if self.primary and not owner:
            await self._counts(cid)

    async def _counts(self, cid: str) -> None:
        """Wait until the node's synchronous providers have ``cid``, through :data:`PRIMARY_SECONDS` of failures.

        Raises Unavailable, NotFound if somebody deleted the local file first.
        """
        until, wait = time.monotonic() + PRIMARY_SECONDS, FIRST_WAIT
        while True:
            try:
                return await self.delivered(cid)
            except Unavailable as error:
                if not self.here(cid):
                    raise NotFound(f"{cid} was deleted before storage had it") from None
                if time.monotonic() + wait > until:
                    raise
                log.warning("waiting for the storage that comes first: %s", error.detail)
            await asyncio.sleep(wait)
            wait = min(2 * wait, LONGEST_WAIT)

    async def drop(self, cid: str, owner: str | None = None) -> None:
        """Every provider, or those of ``owner`` alone, are to forget ``cid``."""
        if not self.providers.every():
            return
        at = None if owner is None else [one.provider_id for one in self.providers.of(owner)]
        if at is None or at:
            await self.database.replicas.drop(cid, self.node, at)
        for row in await self.database.replicas.of([cid]):
            self._wake(row.provider_id)

    async def holders(self, cid: str) -> Mapping[str, int]:
        if not self.providers.every():
            return {}
        rows = await self.database.replicas.of([cid])
        return {row.provider_id: row.size for row in rows if row.state == "replicated"}

    async def wrong(self, cid: str, provider_id: str, error: str, *, spoiled: bool) -> None:
        await self.database.replicas.wrong(cid, provider_id, error, spoiled=spoiled)
        self._wake(provider_id)

    async def delivered(self, cid: str, owner: str = "") -> None:
        """Wait until the synchronous providers of the node, and of ``owner``, have ``cid``."""
        for one in [*self.providers.of(), *(self.providers.of(owner) if owner else ())]:
            if one.synchronous and (why := await self.hurry(one, cid)):
                raise Unavailable(
                    f"{cid} is kept here, but storage that has to have it did not take it: {why}",
                    advice="It is tried again by itself. Upload it again to wait for that.",
                    retry_after=5,
                )

    async def held_elsewhere(self, cids: Collection[str]) -> set[str]:
        working = [one.provider_id for one in self.providers.of() if one.circuit.state == "closed"]
        return await self.database.replicas.held(cids, working)

    def asking(self) -> str:
        return FOR.get()

    async def copies(self, cids: Collection[str]) -> dict[str, list[Replica]]:
        """The copies of each blob that are, or are to be, at providers in use."""
        found: dict[str, list[Replica]] = {}
        if self.providers.every():
            for row in await self.database.replicas.of(cids):
                if row.state != "deleting" and self.providers.get(row.provider_id):
                    found.setdefault(row.cid, []).append(row)
        return found

    async def tallies(self) -> dict[str, Tally]:
        """How far each provider got."""
        return await self.database.replicas.tallies()

    def _wake(self, provider_id: str) -> None:
        if provider := self.providers.get(provider_id):
            provider.work.set()


_SETTLED: tuple[State, ...] = ("pending", "replicated")
