"""Media that users brought or made: uploads, what is known about them, their bytes."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Literal

import msgspec

from artdagd.auth.principal import Principal
from artdagd.database import Database
from artdagd.database.blobs import BlobRow, Order
from artdagd.errors import ArtdagError, Conflict, InvalidRequest, NotFound, Unavailable
from artdagd.hooks import StorageBackend
from artdagd.runs.compute import FOR, Compute
from artdagd.runs.entries import Copies, entry_of
from artdagd.runs.keeping import Keeper
from artdagd.runs.quota import Quota
from artdagd.runs.replication import Replication
from artdagd.runs.sniff import HEAD, beginning, media_type_of
from artdagd.runs.views import Content, Entry, MetaChanges, Page, Received
from artdagd.store import Blob, BlobStore, Imports, parse_cid

log = logging.getLogger(__name__)

IPFS_SECONDS = 60.0
"""Seconds in which the IPFS node takes an upload, beyond a megabyte a second (``IPFS_RATE``)."""

IPFS_RATE = 1e6


class Need(msgspec.Struct, frozen=True):
    """Why an entry can't be deleted: a ``pin`` or a ``publication`` of it, a ``run`` that has not ended, or a ``use``
    of it at this moment. ``by`` is the user, or the run's id."""

    kind: Literal["pin", "publication", "run", "use"]
    by: str


class Library:
    """The cache as users see it."""

    def __init__(
        self,
        store: BlobStore,
        database: Database,
        compute: Compute,
        imports: Imports,
        keeper: Keeper,
        user_quota_bytes: int = 0,
        replication: Replication | None = None,
    ) -> None:
        self._store = store
        self._database = database
        self._compute = compute
        self._imports = imports
        self.quota = Quota(database, user_quota_bytes)
        self._keeper = keeper
        self._replication = replication or Replication(database, store.providers, "")
        self._copies = Copies(store, self._replication)
        self._holds = keeper.holds
        self.ipfs: StorageBackend | None = None
        """The node's own storage on IPFS, if IPFS is on."""
        self._looking: set[asyncio.Task[None]] = set()

    async def receive(
        self, chunks: AsyncIterator[bytes], *, filename: str | None, who: Principal, coming: int = 0
    ) -> Received:
        """Store an upload, of about ``coming`` bytes, while it arrives. It is durable when this returns,
        and synchronous providers have it.

        Raises StorageFull when the disk or the user's quota is full, and Unavailable, also if the upload is kept but
        one of those providers did not take it.
        """
        head = b""
        await self._keeper.admit(coming)
        async with self.quota.metered(chunks, who, coming) as metered:
            async with self._store.receive(size=coming) as incoming:
                async for chunk in metered:
                    if len(head) < HEAD:
                        head += chunk[: HEAD - len(head)]
                    await incoming.write(chunk)
                blob = await incoming.commit()
            entry = await self.record(
                blob.cid, blob.size, filename=filename, owner=who.name, media_type=media_type_of(head, filename)
            )
        await self._replication.delivered(blob.cid, who.name)
        return Received(entry, blob.existed, await self._on_ipfs(blob))

    async def _on_ipfs(self, blob: Blob) -> str | None:
        """The CID, once the IPFS node has the blob, whatever was noted of it before; None without IPFS.

        Raises Unavailable: the upload is kept here, and is sent again with the next try.
        """
        if self.ipfs is None:
            return None
        try:
            async with asyncio.timeout(IPFS_SECONDS + blob.size / IPFS_RATE):
                if await self.ipfs.size(blob.cid) != blob.size:
                    await self.ipfs.save(blob.cid, await self._store.path(blob.cid))
        except (OSError, TimeoutError) as error:
            raise Unavailable(
                f"{blob.cid} is kept here and is not on IPFS: {error or 'the IPFS node did not answer in time'}",
                advice="Upload it again once the IPFS node works.",
                retry_after=5,
            ) from None
        return blob.cid

    async def bring(self, path: str, *, filename: str | None, who: Principal) -> Received:
        """Store the file ``path`` from under an import root. Raises as :meth:`Imports.open` and :meth:`receive` do."""
        async with self._imports.open(path) as file:
            return await self.receive(file.chunks(), filename=filename, who=who, coming=file.size)

    async def take(self, cid: str, who: Principal, filename: str | None = None) -> Entry:
        """Make what is stored, and is everybody's or a step's of ``who``'s, an entry of ``who``'s. Raises as
        :meth:`open`, StorageFull."""
        path = await self._store.path(cid)
        head, size = await asyncio.to_thread(beginning, path)
        await self.quota.check(who, size)
        return await self.record(cid, size, filename=filename, owner=who.name, media_type=media_type_of(head, filename))

    async def record(self, cid: str, size: int, *, filename: str | None, owner: str, media_type: str) -> Entry:
        """Make a stored blob an entry of ``owner``'s, and have a worker look at it. Raises Unavailable if it is gone.

        It can be: a deletion that began before may take the bytes of an upload that found them here.
        """
        async with self._holds.use([cid]):
            if not self._store.has(cid) and not await self._store.held_elsewhere([cid]):
                raise Unavailable(f"{cid} was deleted just now", advice="Do it again.", retry_after=1)
            row = await self._database.blobs.record(cid, size, media_type=media_type, filename=filename, owner=owner)
            await self._replication.owe(cid, size, existed=True, owner=owner)
        if row.facts is None:
            task = asyncio.create_task(self._look(cid, owner))
            self._looking.add(task)
            task.add_done_callback(self._looking.discard)
        return entry_of(row)

    @asynccontextmanager
    async def held(self, cids: Iterable[str], who: Principal) -> AsyncIterator[None]:
        """Inside, none of ``cids`` is deleted. Raises NotFound if one was deleted before."""
        wanted = set(cids)
        async with self._holds.use(wanted):
            there = await self._rows({_name(cid) for cid in wanted}, who)
            for cid in wanted:
                if _name(cid) not in there:
                    raise _absent(cid)
            yield

    async def entry(self, cid: str, who: Principal | None) -> Entry:
        """What is known of a blob of ``who``'s; of another's that is published, what is told to everybody.

        Raises NotFound, also for nobody (None) who asks for what is not published.
        """
        row, own = await self._readable(cid, who)
        if own and who:
            return (await self._copies.shown([row], who))[0]
        return msgspec.structs.replace(entry_of(row), metadata={}, pinned=False)

    async def entries(self, cids: Iterable[str], who: Principal) -> dict[str, Entry]:
        """By CID those of ``cids`` that are entries of ``who``, or else of whomever they see."""
        theirs = await self._rows(set(cids), who)
        return {entry.cid: entry for entry in await self._copies.shown(list(theirs.values()), who)}

    async def list(
        self,
        who: Principal,
        *,
        kind: str | None = None,
        q: str | None = None,
        order: Order = "newest",
        page: int = 1,
        limit: int = 20,
    ) -> Page[Entry]:
        rows, total = await self._database.blobs.page(who.sees, kind, q, page, limit, order)
        return Page(await self._copies.shown(rows, who), page, limit, total, page * limit < total)

    async def update_meta(self, cid: str, who: Principal, changes: MetaChanges) -> Entry:
        row = await self.row(cid, who)
        given = {k: v for k, v in msgspec.structs.asdict(changes).items() if v is not msgspec.UNSET}
        async with self.held([row.cid], who):
            if given:
                await self._database.blobs.update_meta(row.cid, row.owner, **given)
            return await self._entry(row.cid, row.owner)

    async def delete(self, cid: str, who: Principal) -> None:
        """Forget an entry; the bytes go when nobody else has them. Raises Conflict while a run or pin needs it."""
        row = await self.row(cid, who)
        async with self._holds.alone(row.cid):
            row = await self.row(row.cid, who)
            if needs := await self.needs(row):
                raise _needed(cid, needs[0])
            await self._database.blobs.delete(row.cid, row.owner)
            claim = await self._keeper.needed(row.cid)
            if claim is None or claim.kind == "result":
                await self._store.delete(row.cid)
            else:
                await self._replication.drop(row.cid, row.owner)

    async def needs(self, row: BlobRow) -> Sequence[Need]:
        """What forbids to delete an entry at this moment."""
        found = [Need("pin", row.owner)] if row.pinned else []
        if await self._database.publications.get(row.cid, row.owner):
            found.append(Need("publication", row.owner))
        claim = await self._keeper.needed(row.cid)
        if claim and claim.kind == "run":
            found.append(Need("run", claim.by))
        elif self._store.uses.held(row.cid):
            found.append(Need("use", ""))
        return found

    async def open(self, cid: str, who: Principal | None) -> Content:
        """Verified bytes, of ``who``'s or published. Raises NotFound or BlobCorrupt."""
        row, own = await self._readable(cid, who)
        FOR.set(row.owner)
        path = await self._store.path(row.cid)
        published = not own or await self._database.publications.get(row.cid, row.owner) is not None
        return Content(row.cid, str(path), row.size, row.media_type, row.filename, published=published)

    async def row(self, cid: str, who: Principal) -> BlobRow:
        """The entry of ``who``, or else of whomever they see. Raises NotFound."""
        row = await self._theirs(_name(cid), who)
        if row is None:
            raise _absent(cid)
        return row

    async def settled(self) -> None:
        """Wait until every entry was looked at, or could not be."""
        await asyncio.gather(*self._looking, return_exceptions=True)

    async def close(self) -> None:
        for task in self._looking:
            task.cancel()
        await self.settled()

    async def _look(self, cid: str, owner: str) -> None:
        FOR.set(owner)
        try:
            await self._compute.facts(cid)
        except ArtdagError as error:
            log.info("could not look at %s: %s", cid, error.detail)

    async def _readable(self, cid: str, who: Principal | None) -> tuple[BlobRow, bool]:
        """The entry, and whether it is there for ``who`` and not just because it is published."""
        name = _name(cid)
        row = await self._theirs(name, who) if who else None
        if row is not None:
            return row, True
        published = await self._database.publications.get(name, None)
        row = await self._database.blobs.entry(name, published.owner) if published else None
        if row is None:
            raise _absent(cid)
        return row, False

    async def _theirs(self, name: str, who: Principal) -> BlobRow | None:
        row = await self._database.blobs.entry(name, who.name)
        return row if row or who.sees == who.name else await self._database.blobs.entry(name, who.sees)

    async def _rows(self, names: set[str], who: Principal) -> dict[str, BlobRow]:
        theirs = await self._database.blobs.entries(names, who.name)
        if who.sees != who.name and (others := names - theirs.keys()):
            theirs |= await self._database.blobs.entries(others, who.sees)
        return theirs

    async def _entry(self, cid: str, owner: str) -> Entry:
        row = await self._database.blobs.entry(cid, owner)
        assert row is not None
        return entry_of(row)


def _name(cid: str) -> str:
    try:
        return str(parse_cid(cid))
    except InvalidRequest as error:
        raise NotFound(error.detail, advice=error.advice) from None


def _needed(cid: str, need: Need) -> Conflict:
    if need.kind == "pin":
        return Conflict(f"{cid} is pinned", advice="Remove the pin first: artdagctl cache meta CID --no-pin.")
    if need.kind == "publication":
        return Conflict(f"{cid} is published", advice="Withdraw it first: artdagctl cache unpublish CID.")
    by = f"run {need.by}, which is active, needs" if need.kind == "run" else "a run uses"
    return Conflict(f"{by} {cid}{' at this moment' if need.kind == 'use' else ''}", advice="Cancel the run or wait.")


def _absent(cid: str) -> NotFound:
    return NotFound(f"no blob {cid} here", advice="artdagctl cache list shows what there is.")
