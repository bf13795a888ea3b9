"""Publishing: a work of the cache, with its provenance, handed to the publisher that a plugin brought."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import msgspec

from artdagd.auth.principal import Principal
from artdagd.database import Database
from artdagd.database.blobs import BlobRow
from artdagd.database.publications import PublicationRow
from artdagd.errors import Conflict, InvalidRequest, NotFound, Unavailable
from artdagd.hooks import Delivery, Published, Publisher, PublishRefused, Work
from artdagd.runs.entries import entry_of
from artdagd.runs.holds import Holds
from artdagd.runs.library import Library
from artdagd.store import BlobStore

NAME = 32
"""Characters of a work's name: 128 bits of a hash, so that no two (CID, owner) have the same."""

SECONDS = 10.0
"""Seconds that the publisher may take to queue a work, with the wait for others who publish the same."""


class PublicationView(msgspec.Struct, frozen=True, kw_only=True):
    """A publication and how far its messages got."""

    activity_id: str
    object_id: str
    url: str
    owner: str
    created_at: str
    deliveries: list[Delivery]


class Publishing:
    """``address`` gives the node's public address, ``gateway`` is an IPFS gateway's."""

    def __init__(
        self,
        library: Library,
        store: BlobStore,
        database: Database,
        publisher: Publisher | None,
        address: Callable[[], str],
        gateway: str,
    ) -> None:
        self._library = library
        self._store = store
        self._database = database
        self._publisher = publisher
        self._address = address
        self._gateway = gateway
        self._turns = Holds()

    @property
    def label(self) -> str | None:
        """Where works are published; None if nowhere."""
        return self._publisher.label if self._publisher else None

    async def publish(self, cid: str, who: Principal) -> Published:
        """Publish a blob of ``who``'s; once more tells what has changed of it. Raises Conflict where nothing is
        configured or the publisher refuses, Unavailable if it does not answer."""
        publisher = self._configured()
        named = (await self._library.row(cid, who)).cid
        async with self._library.held([named], who), self._turn(named):
            row = await self._library.row(named, who)
            before = await self._database.publications.get(row.cid, row.owner)
            is_new = before is None or not before.activity_id
            # Open to everybody before anybody hears of it.
            if is_new:
                await self._put(row, Published("", "", ""))
            try:
                published = await publisher.publish(await self._work(row))
            except BaseException as error:
                if is_new:
                    await self._database.publications.delete(row.cid, row.owner)
                if isinstance(error, PublishRefused):
                    raise Conflict(f"{publisher.label} can't publish {cid}: {error}") from None
                raise
            if before is None or (before.activity_id, before.url) != (published.activity_id, published.url):
                await self._put(row, published)
            return published

    async def withdraw(self, cid: str, who: Principal) -> None:
        """Take a publication back. Its bytes are the owner's alone again, also where nobody can be told any more."""
        row = await self._published(cid, who)
        async with self._turn(row.cid):
            if self._publisher:
                await self._publisher.withdraw(work_name(row.cid, row.owner))
            await self._database.publications.delete(row.cid, row.owner)

    async def show(self, cid: str, who: Principal) -> PublicationView:
        row = await self._published(cid, who)
        sent = await self._sent(row.cid, row.owner)
        return PublicationView(
            activity_id=row.activity_id,
            object_id=row.object_id,
            url=row.url,
            owner=row.owner,
            created_at=row.created_at,
            deliveries=list(sent),
        )

    async def withdrawal(self, cid: str, who: Principal) -> Sequence[Delivery]:
        """Who is told to forget a work that ``who`` has withdrawn, and how far that got; nobody if it never was out."""
        return await self._sent((await self._library.entry(cid, who)).cid, who.name)

    async def _sent(self, cid: str, owner: str) -> Sequence[Delivery]:
        if self._publisher is None:
            return ()
        async with self._turn(cid):
            return await self._publisher.deliveries(work_name(cid, owner))

    def _configured(self) -> Publisher:
        if self._publisher is None:
            raise Conflict(
                "no registry is configured to publish to", advice="Set L2_SERVER (see docs/federation.md) and restart."
            )
        return self._publisher

    @asynccontextmanager
    async def _turn(self, cid: str) -> AsyncIterator[None]:
        """One asks the publisher about a blob at a time, and not for ever. Raises Unavailable."""
        try:
            async with asyncio.timeout(SECONDS), self._turns.alone(cid):
                yield
        except TimeoutError:
            raise Unavailable(f"{self.label} did not answer within {SECONDS:g} s", retry_after=30) from None

    async def _published(self, cid: str, who: Principal) -> PublicationRow:
        entry = await self._library.entry(cid, who)
        row = await self._database.publications.get(entry.cid, who.name)
        if row is None and who.sees is None:
            row = await self._database.publications.get(entry.cid, None)
        if row is None:
            raise NotFound(f"{cid} is not published by you", advice="artdagctl cache publish CID publishes it.")
        return row

    async def _put(self, row: BlobRow, published: Published) -> None:
        await self._database.publications.put(
            PublicationRow(
                cid=row.cid,
                owner=row.owner,
                activity_id=published.activity_id,
                object_id=published.object_id,
                url=published.url,
                provenance_cid=await self._provenance(row),
            )
        )

    async def _work(self, row: BlobRow) -> Work:
        entry = entry_of(row)
        provenance_cid = await self._provenance(row)
        return Work(
            name=work_name(row.cid, row.owner),
            cid=row.cid,
            owner=row.owner,
            kind=row.kind,
            media_type=row.media_type,
            size=row.size,
            raw_url=f"{self._address()}/cache/{row.cid}/raw",
            page_url=f"{self._address()}/cache/{row.cid}",
            filename=row.filename,
            title=row.title,
            description=row.description,
            tags=tuple(row.tags),
            duration=entry.duration,
            width=entry.width,
            height=entry.height,
            provenance_cid=provenance_cid,
            provenance=await self._record(provenance_cid),
            gateway=self._gateway,
        )

    async def _provenance(self, row: BlobRow) -> str | None:
        """The CID of the provenance of ``row``, also after its run was deleted."""
        if made := await self._database.runs.provenance_of_output(row.cid, row.owner):
            return made
        before = await self._database.publications.get(row.cid, row.owner)
        return before.provenance_cid if before else None

    async def _record(self, cid: str | None) -> dict[str, Any] | None:
        if cid is None:
            return None
        try:
            record: dict[str, Any] = await self._store.read_value(cid)
        except (NotFound, InvalidRequest):
            return None
        return record


def work_name(cid: str, owner: str) -> str:
    """The name of (``cid``, ``owner``) as a work: the beginning of a SHA-256, fit for an address."""
    return hashlib.sha256(f"{owner}\0{cid}".encode()).hexdigest()[:NAME]
