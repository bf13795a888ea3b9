"""Publishing: a work of the cache, with its provenance, handed to the publisher that a plugin brought."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import msgspec

from artdagd.auth.principal import Principal
from artdagd.database import Database
from artdagd.database.blobs import BlobRow
from artdagd.database.publications import PublicationRow
from artdagd.errors import Conflict, InvalidRequest, NotFound
from artdagd.hooks import Delivery, Published, Publisher, PublishRefused, Work
from artdagd.runs.library import Library
from artdagd.runs.views import Entry
from artdagd.store import BlobStore

NAME = 32
"""Characters of a work's name: 128 bits of a hash, so that no two (CID, owner) have the same."""


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

    @property
    def label(self) -> str | None:
        """Where works are published; None if nowhere."""
        return self._publisher.label if self._publisher else None

    async def publish(self, cid: str, who: Principal) -> Published:
        """Publish a blob of ``who``'s; once more tells what has changed of it. Raises Conflict where nothing is
        configured or the publisher refuses."""
        publisher = self._configured()
        entry = await self._library.entry(cid, who)
        async with self._library.held([entry.cid], who):
            row = await self._row(entry.cid, who)
            before = await self._database.publications.get(row.cid, row.owner)
            # Open to everybody before anybody hears of it.
            if before is None:
                await self._put(row, Published("", "", ""))
            try:
                published = await publisher.publish(await self._work(row, entry))
            except PublishRefused as error:
                if before is None:
                    await self._database.publications.delete(row.cid, row.owner)
                raise Conflict(f"{publisher.label} can't publish {cid}: {error}") from None
            if before is None or (before.activity_id, before.url) != (published.activity_id, published.url):
                await self._put(row, published)
            return published

    async def withdraw(self, cid: str, who: Principal) -> None:
        """Take a publication back. Its bytes are the owner's alone again."""
        publisher, row = self._configured(), await self._published(cid, who)
        await publisher.withdraw(work_name(row.cid, row.owner))
        await self._database.publications.delete(row.cid, row.owner)

    async def show(self, cid: str, who: Principal) -> PublicationView:
        row = await self._published(cid, who)
        sent = await self._publisher.deliveries(work_name(row.cid, row.owner)) if self._publisher else ()
        return PublicationView(
            activity_id=row.activity_id,
            object_id=row.object_id,
            url=row.url,
            owner=row.owner,
            created_at=row.created_at,
            deliveries=list(sent),
        )

    def _configured(self) -> Publisher:
        if self._publisher is None:
            raise Conflict(
                "no registry is configured to publish to", advice="Set L2_SERVER (see docs/federation.md) and restart."
            )
        return self._publisher

    async def _published(self, cid: str, who: Principal) -> PublicationRow:
        entry = await self._library.entry(cid, who)
        row = await self._database.publications.get(entry.cid, who.sees)
        if row is None:
            raise NotFound(f"{cid} is not published", advice="artdagctl cache publish CID publishes it.")
        return row

    async def _row(self, cid: str, who: Principal) -> BlobRow:
        row = await self._database.blobs.entry(cid, who.sees)
        if row is None:
            raise NotFound(f"no blob {cid} here")
        return row

    async def _put(self, row: BlobRow, published: Published) -> None:
        await self._database.publications.put(
            PublicationRow(
                cid=row.cid,
                owner=row.owner,
                activity_id=published.activity_id,
                object_id=published.object_id,
                url=published.url,
            )
        )

    async def _work(self, row: BlobRow, entry: Entry) -> Work:
        provenance_cid = await self._database.runs.provenance_of_output(row.cid, row.owner)
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
