"""Blobs as their owners know them: names, descriptions, facts. One row for each (CID, owner)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from typing import TYPE_CHECKING, Any, Literal

import msgspec
from sqlalchemy import and_, delete, func, select, true, update
from sqlalchemy.ext.asyncio import AsyncConnection

from artdagd.database.clock import now
from artdagd.database.rows import batches, from_row, insert_new, matching, owned, to_row
from artdagd.database.tables import blobs
from artdagd.work import Kind, MediaFacts

if TYPE_CHECKING:
    from artdagd.database.engine import Database


Order = Literal["newest", "oldest", "largest", "smallest", "name"]

WORDS = 8
"""Words that are looked for at once."""

SEARCHED = (blobs.c.filename, blobs.c.title, blobs.c.description, blobs.c.tags_json)


class BlobRow(msgspec.Struct, frozen=True, kw_only=True):
    cid: str
    owner: str
    size: int
    media_type: str
    filename: str | None = None
    kind: Kind = "other"
    facts: MediaFacts | None = None
    title: str = ""
    description: str = ""
    tags: list[str] = []
    metadata: dict[str, Any] = {}
    pinned: bool = False
    created_at: str = msgspec.field(default_factory=now)


class Blobs:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def record(
        self, cid: str, size: int, *, media_type: str, filename: str | None, owner: str, kind: Kind = "other"
    ) -> BlobRow:
        """Make ``cid`` an entry of ``owner``; one that exists stays as it is. Facts known to others are taken over.
        The entry as it is then."""

        async def work(connection: AsyncConnection) -> BlobRow:
            query = select(blobs).where(blobs.c.cid == cid).order_by(blobs.c.owner != owner).limit(1)
            found = (await connection.execute(query)).mappings().first()
            known = from_row(BlobRow, found) if found else None
            if known and known.owner == owner:
                return known
            row = BlobRow(cid=cid, owner=owner, size=size, media_type=media_type, filename=filename, kind=kind)
            if known:
                row = msgspec.structs.replace(row, facts=known.facts, kind=known.kind)
            await insert_new(connection, blobs, [to_row(msgspec.structs.asdict(row), blobs)])
            return row

        return await self._database.write(work)

    async def entry(self, cid: str, owner: str | None) -> BlobRow | None:
        """The entry of ``owner``; None as owner means anybody's, the oldest first."""

        async def work(connection: AsyncConnection) -> BlobRow | None:
            query = select(blobs).where(blobs.c.cid == cid, owned(blobs, owner)).order_by(blobs.c.seq).limit(1)
            row = (await connection.execute(query)).mappings().first()
            return from_row(BlobRow, row) if row else None

        return await self._database.read(work)

    async def entries(self, cids: Iterable[str], owner: str | None) -> dict[str, BlobRow]:
        """Those of ``cids`` that are entries of ``owner`` (None: anybody's, the oldest), by their CID."""

        async def work(connection: AsyncConnection) -> dict[str, BlobRow]:
            found: dict[str, BlobRow] = {}
            for batch in batches(cids):
                query = select(blobs).where(blobs.c.cid.in_(batch), owned(blobs, owner)).order_by(blobs.c.seq.desc())
                found |= {row["cid"]: from_row(BlobRow, row) for row in (await connection.execute(query)).mappings()}
            return found

        return await self._database.read(work)

    async def facts(self, cid: str) -> MediaFacts | None:
        row = await self.entry(cid, None)
        return row.facts if row else None

    async def set_facts(self, cid: str, facts: MediaFacts) -> None:
        """Keep what a worker found, for every owner of the blob."""
        values = to_row({"facts": facts, "kind": facts.kind}, blobs)
        if facts.media_type:
            values["media_type"] = facts.media_type

        async def work(connection: AsyncConnection) -> None:
            await connection.execute(update(blobs).where(blobs.c.cid == cid).values(values))

        await self._database.write(work)

    async def update_meta(self, cid: str, owner: str, **changes: Any) -> None:
        """Change title, description, tags, metadata or pinned."""

        async def work(connection: AsyncConnection) -> None:
            where = and_(blobs.c.cid == cid, blobs.c.owner == owner)
            await connection.execute(update(blobs).where(where).values(to_row(changes, blobs)))

        await self._database.write(work)

    async def page(
        self,
        owner: str | None,
        kind: str | None,
        query: str | None,
        number: int,
        limit: int,
        order: Order = "newest",
    ) -> tuple[list[BlobRow], int]:
        """A page of entries, and how many there are. Every word of ``query`` has to be in a name, title, description
        or tag; of more than ``WORDS`` the first count."""
        where = and_(owned(blobs, owner), blobs.c.kind == kind if kind else true(), matching(query, WORDS, *SEARCHED))

        async def work(connection: AsyncConnection) -> tuple[list[BlobRow], int]:
            total = (await connection.execute(select(func.count()).select_from(blobs).where(where))).scalar_one()
            chosen = select(blobs).where(where).order_by(*_ORDERS[order]).limit(limit).offset((number - 1) * limit)
            return [from_row(BlobRow, row) for row in (await connection.execute(chosen)).mappings()], total

        return await self._database.read(work)

    async def every(self, after: str, most: int) -> list[str]:
        """Up to ``most`` CIDs that are entries of anybody's, in their order, from behind ``after`` on."""

        async def work(connection: AsyncConnection) -> list[str]:
            query = select(blobs.c.cid).where(blobs.c.cid > after).distinct().order_by(blobs.c.cid).limit(most)
            return list((await connection.execute(query)).scalars())

        return await self._database.read(work)

    async def used(self, owner: str) -> int:
        """The sizes of the blobs of ``owner``, in bytes, added up."""

        async def work(connection: AsyncConnection) -> int:
            query = select(func.coalesce(func.sum(blobs.c.size), 0)).where(blobs.c.owner == owner)
            return int((await connection.execute(query)).scalar_one())

        return await self._database.read(work)

    async def owned(self, owner: str, at_a_time: int) -> AsyncIterator[list[tuple[str, int]]]:
        """CID and size of all that ``owner`` has, in lots."""
        after = 0
        while True:
            where = and_(blobs.c.owner == owner, blobs.c.seq > after)
            query = select(blobs.c.seq, blobs.c.cid, blobs.c.size).where(where).order_by(blobs.c.seq).limit(at_a_time)

            async def work(connection: AsyncConnection, query: Any = query) -> list[Any]:
                return list(await connection.execute(query))

            found = await self._database.read(work)
            if not found:
                return
            yield [(row.cid, row.size) for row in found]
            after = found[-1].seq

    async def owners(self, cid: str) -> list[str]:
        async def work(connection: AsyncConnection) -> list[str]:
            return list((await connection.execute(select(blobs.c.owner).where(blobs.c.cid == cid))).scalars())

        return await self._database.read(work)

    async def delete(self, cid: str, owner: str) -> None:
        async def work(connection: AsyncConnection) -> None:
            await connection.execute(delete(blobs).where(blobs.c.cid == cid, blobs.c.owner == owner))

        await self._database.write(work)


_ORDERS = {
    "newest": (blobs.c.seq.desc(),),
    "oldest": (blobs.c.seq,),
    "largest": (blobs.c.size.desc(), blobs.c.seq.desc()),
    "smallest": (blobs.c.size, blobs.c.seq.desc()),
    "name": (func.lower(func.coalesce(func.nullif(blobs.c.title, ""), blobs.c.filename, blobs.c.cid)), blobs.c.seq),
}
