"""Whether blobs still are what they are named after: all of them, a part of them, or some by name."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Literal

import msgspec

from artdagd.database import Database
from artdagd.errors import Conflict
from artdagd.store import BlobStore, parse_cid

State = Literal["sound", "healed", "corrupt", "missing"]

_CHANCE = random.SystemRandom()

ENTRIES = 500
"""Entries that are looked for at once."""


class Wrong(msgspec.Struct, frozen=True):
    """A blob that was not sound, and what to do about it if it is not ``healed``."""

    cid: str
    state: State
    remedy: str


class Tally(msgspec.Struct, frozen=True):
    """Of ``total`` blobs, as far as they are counted, ``checked`` were looked at so far."""

    total: int
    checked: int
    sound: int
    healed: int
    corrupt: int
    missing: int


class Verifier:
    """Hashes blobs, one after the other; what is corrupt goes to quarantine and is fetched from a provider."""

    def __init__(self, store: BlobStore, database: Database) -> None:
        self._store = store
        self._database = database
        self._turn = asyncio.Lock()

    def begin(self, cids: list[str] | None, percent: float) -> AsyncGenerator[Wrong | Tally]:
        """Verify ``cids``, or what is here and the entries that should be: all, or a part of it chosen at random.

        Gives how far it is after each blob, and each that was not sound. Raises InvalidRequest for what is no CID,
        Conflict while another is under way.
        """
        named = None if cids is None else list(dict.fromkeys(str(parse_cid(cid)) for cid in cids))
        if self._turn.locked():
            raise Conflict("a verification is under way", advice="Wait for its end.")
        return self._run(named, percent / 100)

    async def _run(self, named: list[str] | None, part: float) -> AsyncGenerator[Wrong | Tally]:
        async with self._turn:
            counted: Counter[State] = Counter()
            total = len(named) if named is not None else int(self._store.census.count * part)
            told: set[str] = set()
            chosen = _each(named) if named is not None else self._chosen(part, told)
            async for cid in chosen:
                state = await self._store.verify(cid)
                counted[state] += 1
                if state != "sound":
                    told.add(cid)
                    yield Wrong(cid, state, await self._remedy(cid, state))
                yield _tally(total, counted)
            yield _tally(counted.total(), counted)

    async def _chosen(self, part: float, told: set[str]) -> AsyncIterator[str]:
        """What is here, and then the entries that should be, but for those that were ``told`` of meanwhile."""
        async for cid in self._store.cids():
            if _CHANCE.random() < part:
                yield cid
        after = ""
        while entries := await self._database.blobs.every(after, ENTRIES):
            after = entries[-1]
            gone = [cid for cid in entries if cid not in told and not self._store.has(cid)]
            elsewhere = await self._store.held_elsewhere(gone)
            for cid in gone:
                if cid not in elsewhere and _CHANCE.random() < part:
                    yield cid

    async def _remedy(self, cid: str, state: State) -> str:
        if state == "healed":
            return "nothing: a storage provider had it"
        claim = (await self._database.claims.of([cid])).get(cid)
        if await self._database.actions.made([cid]):
            return "render it again: the next run that needs it does"
        if claim is None:
            return "nothing: nobody needs it"
        return "run it again" if claim.kind in ("value", "result") else "upload it again"


async def _each(cids: list[str]) -> AsyncIterator[str]:
    for cid in cids:
        yield cid


def _tally(total: int, counted: Counter[State]) -> Tally:
    return Tally(
        max(total, counted.total()), counted.total(), counted["sound"], counted["healed"], counted["corrupt"],
        counted["missing"],
    )  # fmt: skip
