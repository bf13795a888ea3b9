"""What those wait for who watch a run through another node than the one that makes it: a row for each run and node."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import msgspec
from sqlalchemy import and_, delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from artdagd.database.moment import moment
from artdagd.database.rows import batches, insert
from artdagd.database.tables import wants

if TYPE_CHECKING:
    from artdagd.database.engine import Database


class Wants:
    """A row that is not renewed expires, and goes when the next one is written, whoever's it is."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def put(self, run_id: str, node_id: str, segments: Iterable[int], seconds: float) -> None:
        """For ``seconds`` viewers at ``node_id`` wait for these segments of a run, and for no others."""
        changed = {"segments_json": msgspec.json.encode(list(segments)).decode(), "expires": moment() + seconds}

        async def work(connection: AsyncConnection) -> None:
            await connection.execute(delete(wants).where(wants.c.expires <= moment()))
            new = insert(connection, wants).values(run_id=run_id, node_id=node_id, **changed)
            await connection.execute(new.on_conflict_do_update(index_elements=["node_id", "run_id"], set_=changed))

        await self._database.write(work)

    async def drop(self, run_id: str, node_id: str) -> None:
        """Nobody at ``node_id`` waits any more."""
        where = and_(wants.c.run_id == run_id, wants.c.node_id == node_id)

        async def work(connection: AsyncConnection) -> None:
            await connection.execute(delete(wants).where(where))

        await self._database.write(work)

    async def of(self, run_ids: Iterable[str]) -> dict[str, dict[str, list[int]]]:
        """Run -> node -> the segments that its viewers wait for; runs for which nobody does are left out."""
        wanted = list(run_ids)

        async def work(connection: AsyncConnection) -> dict[str, dict[str, list[int]]]:
            found: dict[str, dict[str, list[int]]] = {}
            for batch in batches(wanted):
                query = select(wants).where(wants.c.run_id.in_(batch), wants.c.expires > moment())
                for row in await connection.execute(query):
                    segments = msgspec.json.decode(row.segments_json, type=list[int])
                    found.setdefault(row.run_id, {})[row.node_id] = segments
            return found

        return await self._database.read(work) if wanted else {}
