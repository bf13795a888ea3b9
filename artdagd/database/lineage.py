"""Which runs made a blob, and which had it as an input."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, Select, func, select, union
from sqlalchemy.ext.asyncio import AsyncConnection

from artdagd.database.rows import from_row, owned
from artdagd.database.runs import RunRow
from artdagd.database.tables import run_inputs, runs, steps

if TYPE_CHECKING:
    from artdagd.database.engine import Database

Found = tuple[list[RunRow], int]
"""Some runs, newest first, and how many there are."""


class Lineage:
    """``owner`` is whose runs are looked at; None means everybody's."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def makers(self, cid: str, owner: str | None, most: int) -> Found:
        """Runs whose output, or a step's result, ``cid`` is."""
        outputs = select(runs.c.run_id).where(runs.c.output_cid == cid)
        results = select(steps.c.run_id).where(steps.c.output_cid == cid)
        return await self._found(runs.c.run_id.in_(union(outputs, results)), owner, most)

    async def users(self, cid: str, owner: str | None, most: int) -> Found:
        """Runs that had ``cid`` as an input."""
        given = select(run_inputs.c.run_id).where(run_inputs.c.cid == cid)
        return await self._found(runs.c.run_id.in_(given), owner, most)

    async def steps(self, cid: str, run_ids: list[str]) -> dict[str, str]:
        """The first step of each run whose result ``cid`` is."""
        where = (steps.c.output_cid == cid, steps.c.run_id.in_(run_ids))
        query = select(steps.c.run_id, steps.c.step_id).where(*where).order_by(steps.c.position.desc())

        async def work(connection: AsyncConnection) -> dict[str, str]:
            return {row.run_id: row.step_id for row in await connection.execute(query)}

        return await self._database.read(work)

    async def _found(self, which: ColumnElement[bool], owner: str | None, most: int) -> Found:
        where = (which, owned(runs, owner))
        query: Select[Any] = select(runs).where(*where).order_by(runs.c.seq.desc()).limit(most)

        async def work(connection: AsyncConnection) -> Found:
            total = (await connection.execute(select(func.count()).select_from(runs).where(*where))).scalar_one()
            return [from_row(RunRow, row) for row in (await connection.execute(query)).mappings()], total

        return await self._database.read(work)
