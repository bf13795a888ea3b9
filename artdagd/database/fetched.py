"""What was fetched from IPFS, verified block by block: the CID that was asked for, and the blob that it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from artdagd.database.rows import upsert
from artdagd.database.tables import fetched

if TYPE_CHECKING:
    from artdagd.database.engine import Database


class Fetched:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def note(self, cid: str, blob_cid: str) -> None:
        """``cid`` names the bytes of ``blob_cid``."""

        async def work(connection: AsyncConnection) -> None:
            await upsert(connection, fetched, [{"cid": cid, "blob_cid": blob_cid}])

        await self._database.write(work)

    async def get(self, cid: str) -> str | None:
        """The blob that ``cid`` was when it was fetched."""

        async def work(connection: AsyncConnection) -> str | None:
            found = await connection.scalar(select(fetched.c.blob_cid).where(fetched.c.cid == cid))
            return None if found is None else str(found)

        return await self._database.read(work)
