"""Which node a run is with. Each time it changes hands its fence grows, and what an earlier holder says is refused."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import msgspec
from sqlalchemy import and_, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from artdagd.database.moment import moment
from artdagd.database.rows import batches, from_row
from artdagd.database.runs import ENDED, RunRow
from artdagd.database.tables import nodes, runs, steps

if TYPE_CHECKING:
    from artdagd.database.engine import Database

STEPS_ENDED = ("completed", "cached", "fused", "failed", "cancelled")


class Leases:
    """A run is its node's for as long as that node is alive (:class:`artdagd.database.nodes.Nodes`)."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def free(self, node_id: str, domain: str, *, departed_only: bool = False) -> list[RunRow]:
        """Unfinished runs that ``node_id`` may take, oldest first: its own, those of nodes of its trust domain that are
        no longer alive (``departed_only``: that left by themselves), those of no node."""
        gone = nodes.c.expires <= (0.0 if departed_only else moment())
        whose = or_(runs.c.node_id == node_id, nodes.c.node_id.is_(None), and_(gone, nodes.c.domain == domain))
        query = (
            select(runs)
            .outerjoin(nodes, nodes.c.node_id == runs.c.node_id)
            .where(runs.c.status.not_in(ENDED), whose)
            .order_by(runs.c.seq)
        )

        async def work(connection: AsyncConnection) -> list[RunRow]:
            return [from_row(RunRow, row) for row in (await connection.execute(query)).mappings()]

        return await self._database.read(work)

    async def take(self, row: RunRow, node_id: str) -> RunRow | None:
        """The run as it is with ``node_id`` now; None if it changed hands or ended since ``row`` was read."""
        taken = msgspec.structs.replace(row, node_id=node_id, fence=row.fence + 1)
        return taken if await self._change(row, node_id=node_id, fence=taken.fence) else None

    async def fences(self, run_ids: Iterable[str]) -> dict[str, int]:
        """The fences of those runs that are there."""
        wanted = list(run_ids)

        async def work(connection: AsyncConnection) -> dict[str, int]:
            found: dict[str, int] = {}
            for batch in batches(wanted):
                query = select(runs.c.run_id, runs.c.fence).where(runs.c.run_id.in_(batch))
                found.update((run_id, fence) for run_id, fence in await connection.execute(query))
            return found

        return await self._database.read(work) if wanted else {}

    async def cancel(self, run_id: str, finished_at: str) -> bool:
        """End a run that another node has: its holder is fenced from now on. False if it has ended, or is not there."""

        async def work(connection: AsyncConnection) -> bool:
            values: dict[str, Any] = {"status": "cancelled", "finished_at": finished_at, "fence": runs.c.fence + 1}
            active = and_(runs.c.run_id == run_id, runs.c.status.not_in(ENDED))
            if (await connection.execute(update(runs).where(active).values(values))).rowcount != 1:
                return False
            left = and_(steps.c.run_id == run_id, steps.c.status.not_in(STEPS_ENDED))
            await connection.execute(update(steps).where(left).values(status="cancelled", finished_at=finished_at))
            return True

        return await self._database.write(work)

    async def _change(self, row: RunRow, **values: Any) -> bool:
        where = and_(runs.c.run_id == row.run_id, runs.c.fence == row.fence, runs.c.status.not_in(ENDED))

        async def work(connection: AsyncConnection) -> bool:
            return (await connection.execute(update(runs).where(where).values(values))).rowcount == 1

        return await self._database.write(work)
