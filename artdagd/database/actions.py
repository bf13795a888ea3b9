"""Action records: cache id -> output CID. Written only after the blobs are durable."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import msgspec
from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from artdagd.database.clock import now
from artdagd.database.rows import from_row, insert_new, to_row
from artdagd.database.tables import actions

if TYPE_CHECKING:
    from artdagd.database.engine import Database

BATCH = 500
"""Cache ids asked for in one statement: below the limit of variables of every SQLite."""


class ActionRow(msgspec.Struct, frozen=True, kw_only=True):
    """A computation and its result. ``libraries`` are versions that shaped the bytes, ``seconds`` what it took."""

    cache_id: str
    output_cid: str
    kind: Literal["render", "analysis"]
    identity: str
    libraries: dict[str, str] = {}
    seconds: float = 0.0
    created_at: str = msgspec.field(default_factory=now)


class Actions:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def get_many(self, cache_ids: list[str]) -> dict[str, ActionRow]:
        async def work(connection: AsyncConnection) -> dict[str, ActionRow]:
            found = {}
            for start in range(0, len(cache_ids), BATCH):
                query = select(actions).where(actions.c.cache_id.in_(cache_ids[start : start + BATCH]))
                for row in (await connection.execute(query)).mappings():
                    found[row["cache_id"]] = from_row(ActionRow, row)
            return found

        return await self._database.read(work) if cache_ids else {}

    async def put(self, rows: list[ActionRow]) -> None:
        """Keep records; one that exists stays: the first result of a computation is the result."""
        values = [to_row(msgspec.structs.asdict(row), actions) for row in rows]

        async def work(connection: AsyncConnection) -> None:
            await insert_new(connection, actions, values)

        await self._database.write(work)

    async def delete(self, cache_id: str) -> None:
        async def work(connection: AsyncConnection) -> None:
            await connection.execute(delete(actions).where(actions.c.cache_id == cache_id))

        await self._database.write(work)
