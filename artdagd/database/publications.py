"""What was published, by whom: one row for each (CID, owner)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from artdagd.database.clock import now
from artdagd.database.rows import from_row, insert_new
from artdagd.database.tables import publications

if TYPE_CHECKING:
    from artdagd.database.engine import Database


class PublicationRow(msgspec.Struct, frozen=True, kw_only=True):
    cid: str
    owner: str
    activity_id: str
    object_id: str
    url: str
    provenance_cid: str | None = None
    created_at: str = msgspec.field(default_factory=now)


class Publications:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def put(self, row: PublicationRow) -> None:
        """Keep a publication; of one that exists, the newest addresses, and when it was first open."""

        async def work(connection: AsyncConnection) -> None:
            if not await insert_new(connection, publications, [msgspec.structs.asdict(row)]):
                where = (publications.c.cid == row.cid, publications.c.owner == row.owner)
                changes = {"activity_id": row.activity_id, "object_id": row.object_id, "url": row.url}
                if row.provenance_cid:
                    changes["provenance_cid"] = row.provenance_cid
                await connection.execute(update(publications).where(*where).values(changes))

        await self._database.write(work)

    async def get(self, cid: str, owner: str | None) -> PublicationRow | None:
        """The publication of ``owner``; None as owner means anybody's, the oldest first."""
        where = [publications.c.cid == cid] + ([] if owner is None else [publications.c.owner == owner])

        async def work(connection: AsyncConnection) -> PublicationRow | None:
            query = select(publications).where(*where).order_by(publications.c.seq).limit(1)
            row = (await connection.execute(query)).mappings().first()
            return from_row(PublicationRow, row) if row else None

        return await self._database.read(work)

    async def delete(self, cid: str, owner: str) -> None:
        where = (publications.c.cid == cid, publications.c.owner == owner)

        async def work(connection: AsyncConnection) -> None:
            await connection.execute(delete(publications).where(*where))

        await self._database.write(work)
