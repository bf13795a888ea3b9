"""Content by any CID: what is here, by the rules for that; else from IPFS, verified, as a medium of who asks."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence

from artdagd.auth.principal import Principal
from artdagd.cid import CID
from artdagd.database import Database
from artdagd.errors import ArtdagError, Forbidden, NotFound, StorageFull, TooLarge, Unavailable
from artdagd.hooks import BlockSource, StorageBackend
from artdagd.runs.library import Library
from artdagd.runs.places import Places
from artdagd.runs.shared import Shared
from artdagd.runs.views import Content
from artdagd.store import BlobStore
from artdagd.store.fetching import Reach

log = logging.getLogger(__name__)

FETCHES = 8
"""Fetches from IPFS at once; ``FETCHES_EACH`` of one user."""

FETCHES_EACH = 2

FETCH_SECONDS = 900.0
"""Seconds that a fetch may take, whatever its size."""

ASK_SECONDS = 10.0
"""Seconds in which our IPFS node tells whether it keeps something for us."""


class Fetching:
    """``own`` is the node's own storage on IPFS, if IPFS is on: what it keeps is nobody's but its owners'.
    ``sources`` are asked for blocks; without any nothing is fetched. Files of up to ``limit`` bytes."""

    def __init__(
        self,
        library: Library,
        store: BlobStore,
        database: Database,
        limit: int,
        own: StorageBackend | None = None,
        sources: Sequence[BlockSource] = (),
    ) -> None:
        self._library = library
        self._store = store
        self._database = database
        self._limit = limit
        self._own = own
        self._reach = Reach(sources) if sources else None
        self._places = Places("fetches from IPFS", FETCHES, FETCHES_EACH)
        self._under_way: Shared[str] = Shared()

    async def open(self, cid: str, who: Principal, check: Callable[[], None]) -> Content:
        """Verified bytes that ``cid`` names. ``check()`` raises if who asks may not cause a fetch.

        What is another's here is not found, as it is by its path in the cache; what was fetched before, by whomever, is
        everybody's to ask for. Raises NotFound, InvalidRequest for a directory or what is no UnixFS file, BlobCorrupt,
        Forbidden, StorageFull, TooBusy, TooLarge, Unavailable.
        """
        try:
            return await self._library.open(cid, who)
        except NotFound:
            named = _parsed(cid)
            if named is None or self._reach is None:
                raise
            known = await self._database.fetched.get(named)
            if known is None and await self._is_anothers(named, who):
                raise
        if not who.may("write"):
            raise Forbidden(f"{cid} would have to be fetched, and the token lacks the scope 'write'")
        check()
        blob = await self._taken(known, who) if known else None
        if blob is None:
            blob = await self._under_way.get(f"{named} {who.name}", lambda: self._fetched(cid, named, who))
        return await self._library.open(blob, who)

    async def _is_anothers(self, cid: str, who: Principal) -> bool:
        """Whether this node has ``cid``, and not as something of ``who``'s that was lost."""
        owners = await self._database.blobs.owners(cid)
        if owners:
            return who.name not in owners
        if self._store.has(cid):
            return True
        if self._own is None:
            return False
        try:
            async with asyncio.timeout(ASK_SECONDS):
                return await self._own.size(cid) is not None
        except (OSError, ValueError, TimeoutError) as error:
            # What nobody owns and only a gateway has is public: it may be asked all the same.
            log.warning("the IPFS node could not tell whether it keeps %s: %s", cid, error)
            return False

    async def _taken(self, blob: str, who: Principal) -> str | None:
        """``blob``, which was fetched before, as ``who``'s; None if it is gone."""
        try:
            return (await self._library.take(blob, who)).cid
        except StorageFull:
            raise
        except ArtdagError:
            return None

    async def _fetched(self, cid: str, named: str, who: Principal) -> str:
        assert self._reach is not None
        with self._places.one(who.name):
            try:
                async with asyncio.timeout(FETCH_SECONDS):
                    size, chunks = await self._reach.read(CID.parse(cid), self._limit)
                    received = await self._library.receive(chunks, filename=None, who=who, coming=size)
            except TimeoutError:
                raise Unavailable(f"{cid} could not be fetched within {FETCH_SECONDS:g} s", retry_after=60) from None
            except TooLarge as error:
                raise TooLarge(error.detail, advice="Get it by other means, and import it.") from None
        await self._database.fetched.note(named, received.entry.cid)
        return received.entry.cid


def _parsed(cid: str) -> str | None:
    try:
        return str(CID.parse(cid).v1())
    except ValueError:
        return None
