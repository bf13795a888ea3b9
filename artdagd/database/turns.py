"""Who is making which result: of several nodes that want the same one, one makes it and the others wait."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import and_, delete, exists, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from artdagd.database.moment import moment
from artdagd.database.rows import batches, insert_new
from artdagd.database.tables import nodes, turns

if TYPE_CHECKING:
    from artdagd.database.engine import Database

# A turn lasts as long as the start of the node that has it: it needs no renewal of its own.
_HELD = exists().where(nodes.c.node_id == turns.c.node_id, nodes.c.epoch == turns.c.epoch, nodes.c.expires > moment())


class Turns:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def take(self, cache_id: str, node_id: str, epoch: int) -> bool:
        """Whether the result is this node's to make. False: another one that is alive is making it."""
        mine = {"node_id": node_id, "epoch": epoch}
        own = and_(turns.c.node_id == node_id, turns.c.epoch == epoch)

        async def work(connection: AsyncConnection) -> bool:
            if await insert_new(connection, turns, [{"cache_id": cache_id, **mine}]) == 1:
                return True
            statement = update(turns).where(turns.c.cache_id == cache_id, or_(own, ~_HELD)).values(mine)
            return (await connection.execute(statement)).rowcount == 1

        return await self._database.write(work)

    async def held(self, cache_id: str) -> bool:
        """Whether a node that is alive is making the result."""

        async def work(connection: AsyncConnection) -> bool:
            query = select(turns.c.cache_id).where(turns.c.cache_id == cache_id, _HELD)
            return (await connection.execute(query)).first() is not None

        return await self._database.read(work)

    async def drop(self, cache_ids: list[str], node_id: str, epoch: int) -> None:
        """The results are made, or given up; what is another's by now stays."""
        own = and_(turns.c.node_id == node_id, turns.c.epoch == epoch)

        async def work(connection: AsyncConnection) -> None:
            for batch in batches(cache_ids):
                await connection.execute(delete(turns).where(turns.c.cache_id.in_(batch), own))

        await self._database.write(work)
