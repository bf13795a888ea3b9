"""Runs and their steps. Every change of a run's state is a compare-and-set, so that terminal states absorb."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import msgspec
from sqlalchemy import ColumnElement, and_, delete, func, or_, select, true, update
from sqlalchemy.ext.asyncio import AsyncConnection

from artdagd.database.rows import BATCH, batches, from_row, insert_new, owned, to_row, upsert
from artdagd.database.tables import run_inputs, runs
from artdagd.database.tables import steps as step_table
from artdagd.database.together import Together

if TYPE_CHECKING:
    from artdagd.database.engine import Database

ENDED = ("completed", "failed", "cancelled")


class RunFailure(msgspec.Struct, frozen=True):
    """Why a run failed; ``step_id`` is None where no single step is to blame. ``detail`` ends with ``advice``, which is
    what to do next."""

    step_id: str | None
    title: str
    detail: str
    advice: str = ""


class RunRow(msgspec.Struct, frozen=True, kw_only=True):
    """``node_id`` is the node that it is with, ``fence`` how often it was given to one: see ``leases.py``."""

    run_id: str
    owner: str
    status: Any
    created_at: str
    recipe_id: str | None = None
    recipe_name: str | None = None
    effect: str | None = None
    inputs: dict[str, str] = {}
    params: dict[str, Any] = {}
    plan_id: str | None = None
    given_plan: bool = False
    output_cid: str | None = None
    provenance_cid: str | None = None
    error: RunFailure | None = None
    passes_run: int = 0
    idempotency_key: str | None = None
    request_digest: str | None = None
    started_at: str | None = None
    finished_at: str | None = None
    node_id: str | None = None
    fence: int = 0

    @property
    def begins_with(self) -> set[str]:
        """The CIDs of what has to be there before it begins: its inputs, and its plan or its recipe."""
        begins = self.plan_id if self.given_plan else self.recipe_id
        return {*self.inputs.values(), *([begins] if begins else [])}


class StepRow(msgspec.Struct, frozen=True, kw_only=True):
    """``by_content``: it was not run because what it reads is equal, byte for byte, to what an earlier run read."""

    run_id: str
    step_id: str
    position: int
    type: str
    level: int
    status: Any = "pending"
    cache_id: str | None = None
    pass_id: str | None = None
    output_cid: str | None = None
    cached: bool = False
    worker: str | None = None
    error: str | None = None
    started_at: str | None = None
    finished_at: str | None = None
    by_content: bool = False


class Runs:
    """Look-ups of runs that wait at the same time share a statement."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lookups: Together[str, RunRow | None] = Together(self._rows)
        self._step_lookups: Together[str, list[StepRow]] = Together(self._steps)
        self._wholes: Together[str, tuple[RunRow | None, list[StepRow]]] = Together(self._rows_and_steps)

    async def insert(self, row: RunRow) -> bool:
        """False if the run, or a run with its idempotency key, exists."""

        given = [{"cid": cid, "run_id": row.run_id} for cid in sorted(set(row.inputs.values()))]

        async def work(connection: AsyncConnection) -> bool:
            if await insert_new(connection, runs, [to_row(msgspec.structs.asdict(row), runs)]) != 1:
                return False
            await insert_new(connection, run_inputs, given)
            return True

        return await self._database.write(work)

    async def get(self, run_id: str) -> RunRow | None:
        return await self._lookups.do(run_id)

    async def close(self) -> None:
        """Wait until nothing is being looked up."""
        await self._lookups.close()
        await self._step_lookups.close()
        await self._wholes.close()

    async def by_key(self, idempotency_key: str) -> RunRow | None:
        async def work(connection: AsyncConnection) -> RunRow | None:
            query = select(runs).where(runs.c.idempotency_key == idempotency_key)
            row = (await connection.execute(query)).mappings().first()
            return from_row(RunRow, row) if row else None

        return await self._database.read(work)

    async def page(
        self, owner: str | None, status: str | None, recipe: str | None, number: int, limit: int
    ) -> tuple[list[RunRow], int]:
        """A page of runs, newest first, and how many there are; ``recipe`` is an id or a name."""
        where = and_(
            owned(runs, owner),
            runs.c.status == status if status else true(),
            or_(runs.c.recipe_id == recipe, runs.c.recipe_name == recipe) if recipe else true(),
        )

        async def work(connection: AsyncConnection) -> tuple[list[RunRow], int]:
            total = (await connection.execute(select(func.count()).select_from(runs).where(where))).scalar_one()
            query = select(runs).where(where).order_by(runs.c.seq.desc()).limit(limit).offset((number - 1) * limit)
            return [from_row(RunRow, row) for row in (await connection.execute(query)).mappings()], total

        return await self._database.read(work)

    async def recent(self, owner: str | None, most: int) -> tuple[list[RunRow], list[RunRow], int]:
        """Up to ``most`` runs that go on and as many that ended, newest first, and how many runs there are."""
        own = owned(runs, owner)

        async def work(connection: AsyncConnection) -> tuple[list[RunRow], list[RunRow], int]:
            found = []
            for state in (runs.c.status.not_in(ENDED), runs.c.status.in_(ENDED)):
                query = select(runs).where(own, state).order_by(runs.c.seq.desc()).limit(most)
                found.append([from_row(RunRow, row) for row in (await connection.execute(query)).mappings()])
            total = (await connection.execute(select(func.count()).select_from(runs).where(own))).scalar_one()
            return found[0], found[1], total

        return await self._database.read(work)

    async def newest(self, owner: str | None, recipe_ids: Sequence[str]) -> dict[str, RunRow]:
        """The newest run of each of these recipes, by the recipe's id."""
        own = owned(runs, owner)

        async def work(connection: AsyncConnection) -> dict[str, RunRow]:
            newest = (
                select(func.max(runs.c.seq)).where(own, runs.c.recipe_id.in_(recipe_ids)).group_by(runs.c.recipe_id)
            )
            query = select(runs).where(runs.c.seq.in_(newest))
            found = [from_row(RunRow, row) for row in (await connection.execute(query)).mappings()]
            return {str(row.recipe_id): row for row in found}

        return await self._database.read(work) if recipe_ids else {}

    async def before(self, row: RunRow, most: int) -> list[RunRow]:
        """Up to ``most`` planned runs that were started before ``row``, newest first, of its owner and of the recipe
        of its name, or of its effect."""
        own = select(runs.c.seq).where(runs.c.run_id == row.run_id).scalar_subquery()
        same = runs.c.recipe_name == row.recipe_name if row.effect is None else runs.c.effect == row.effect
        return await self._planned(and_(runs.c.owner == row.owner, runs.c.seq < own, same), most)

    async def latest(self, owner: str, recipe_name: str, most: int) -> list[RunRow]:
        """Up to ``most`` planned runs of ``owner`` of the recipe of this name, newest first."""
        return await self._planned(and_(runs.c.owner == owner, runs.c.recipe_name == recipe_name), most)

    async def _planned(self, where: ColumnElement[bool], most: int) -> list[RunRow]:
        async def work(connection: AsyncConnection) -> list[RunRow]:
            query = select(runs).where(where, runs.c.plan_id.is_not(None)).order_by(runs.c.seq.desc()).limit(most)
            return [from_row(RunRow, found) for found in (await connection.execute(query)).mappings()]

        return await self._database.read(work)

    async def count(self) -> dict[str, int]:
        """Runs by status."""

        async def work(connection: AsyncConnection) -> dict[str, int]:
            query = select(runs.c.status, func.count()).group_by(runs.c.status)
            return {row[0]: row[1] for row in await connection.execute(query)}

        return await self._database.read(work)

    async def tally(self, owner: str | None) -> list[tuple[str, str | None, int]]:
        """How many runs there are by status and name of the recipe (None: of an effect, or of a plan)."""
        where = owned(runs, owner)

        async def work(connection: AsyncConnection) -> list[tuple[str, str | None, int]]:
            query = (
                select(runs.c.status, runs.c.recipe_name, func.count()).where(where).group_by("status", "recipe_name")
            )
            return [(row[0], row[1], row[2]) for row in await connection.execute(query)]

        return await self._database.read(work)

    async def provenance_of_output(self, cid: str, owner: str) -> str | None:
        """The CID of the provenance of the newest run of ``owner`` that made ``cid``."""
        where = (runs.c.output_cid == cid, runs.c.owner == owner, runs.c.provenance_cid.is_not(None))

        async def work(connection: AsyncConnection) -> str | None:
            query = select(runs.c.provenance_cid).where(*where).order_by(runs.c.seq.desc()).limit(1)
            found: str | None = (await connection.execute(query)).scalar()
            return found

        return await self._database.read(work)

    async def has_provenance(self, cid: str, owner: str | None) -> bool:
        """Whether a run of ``owner`` (None: of anybody) has ``cid`` as its provenance."""
        where = (runs.c.provenance_cid == cid, owned(runs, owner))

        async def work(connection: AsyncConnection) -> bool:
            return (await connection.execute(select(runs.c.run_id).where(*where).limit(1))).first() is not None

        return await self._database.read(work)

    async def update(
        self,
        run_id: str,
        expected: Sequence[str],
        *,
        fence: int | None = None,
        steps: Sequence[StepRow] = (),
        **changes: Any,
    ) -> bool:
        """Change a run if its status is one of ``expected`` and its fence ``fence`` (None: any); False otherwise.
        ``steps`` are inserted or replaced in the same transaction."""
        values = [msgspec.structs.asdict(step) for step in steps]
        where = and_(
            runs.c.run_id == run_id,
            runs.c.status.in_(expected),
            runs.c.fence == fence if fence is not None else true(),
        )

        async def work(connection: AsyncConnection) -> bool:
            done = await connection.execute(update(runs).where(where).values(to_row(changes, runs)))
            if done.rowcount != 1:
                return False
            if values:
                await upsert(connection, step_table, values)
            return True

        return await self._database.write(work)

    async def reopen(self, run_id: str, node_id: str | None = None) -> bool:
        """Make a failed or cancelled run pending again, with ``node_id``. False if it is neither."""
        fresh: dict[str, Any] = {"status": "pending", "error": None, "finished_at": None, "started_at": None}
        fresh |= {"node_id": node_id, "fence": runs.c.fence + 1}
        where = and_(runs.c.run_id == run_id, runs.c.status.in_(("failed", "cancelled")))

        async def work(connection: AsyncConnection) -> bool:
            done = await connection.execute(update(runs).where(where).values(to_row(fresh, runs)))
            return done.rowcount == 1

        return await self._database.write(work)

    async def forget_key(self, run_id: str, idempotency_key: str) -> None:
        """Free a key that is this run's; nothing happens if it is not."""
        where = and_(runs.c.run_id == run_id, runs.c.idempotency_key == idempotency_key)

        async def work(connection: AsyncConnection) -> None:
            await connection.execute(update(runs).where(where).values(idempotency_key=None, request_digest=None))

        await self._database.write(work)

    async def unfinished(self) -> list[RunRow]:
        """Runs that have not ended, oldest first."""

        async def work(connection: AsyncConnection) -> list[RunRow]:
            query = select(runs).where(runs.c.status.not_in(ENDED)).order_by(runs.c.seq)
            return [from_row(RunRow, row) for row in (await connection.execute(query)).mappings()]

        return await self._database.read(work)

    async def delete(self, run_id: str) -> None:
        async def work(connection: AsyncConnection) -> None:
            await connection.execute(delete(runs).where(runs.c.run_id == run_id))

        await self._database.write(work)

    async def put_steps(self, run_id: str, rows: list[StepRow], *, fence: int | None = None) -> bool:
        """Insert steps or replace them, in one transaction. False, and nothing is done, if the run was deleted
        meanwhile, or its fence is not ``fence`` (None: any)."""
        values = [msgspec.structs.asdict(row) for row in rows]
        query = select(runs.c.fence).where(runs.c.run_id == run_id).with_for_update()

        async def work(connection: AsyncConnection) -> bool:
            found = (await connection.execute(query)).scalar()
            if found is None or fence not in (None, found):
                return False
            await upsert(connection, step_table, values)
            return True

        return await self._database.write(work) if values else True

    async def steps(self, run_id: str) -> list[StepRow]:
        """The steps of a run in the order of its plan."""
        return list(await self._step_lookups.do(run_id))

    async def whole(self, run_id: str) -> tuple[RunRow | None, list[StepRow]]:
        """A run and its steps."""
        return await self._wholes.do(run_id)

    async def _rows(self, run_ids: list[str]) -> list[RunRow | None]:
        found = await self._database.read(lambda connection: _rows_of(connection, run_ids))
        return [found.get(run_id) for run_id in run_ids]

    async def _steps(self, run_ids: list[str]) -> list[list[StepRow]]:
        found = await self._database.read(lambda connection: _steps_of(connection, run_ids))
        return [found.get(run_id, []) for run_id in run_ids]

    async def _rows_and_steps(self, run_ids: list[str]) -> list[tuple[RunRow | None, list[StepRow]]]:
        async def work(connection: AsyncConnection) -> tuple[dict[str, RunRow], dict[str, list[StepRow]]]:
            rows = await _rows_of(connection, run_ids)  # first: no run has ended whose steps have not
            return rows, await _steps_of(connection, run_ids)

        rows, steps = await self._database.read(work)
        return [(rows.get(run_id), steps.get(run_id, [])) for run_id in run_ids]


async def _rows_of(connection: AsyncConnection, run_ids: list[str]) -> dict[str, RunRow]:
    found = {}
    for batch in batches(run_ids):
        query = select(runs).where(runs.c.run_id.in_(batch))
        for row in (await connection.execute(query)).mappings():
            found[row["run_id"]] = from_row(RunRow, row)
    return found


async def _steps_of(connection: AsyncConnection, run_ids: list[str]) -> dict[str, list[StepRow]]:
    found: dict[str, list[StepRow]] = {}
    for batch in batches(run_ids):
        here = step_table.c.run_id.in_(batch)
        query = select(step_table).where(here).order_by(step_table.c.run_id, step_table.c.position)
        for part in (await connection.execute(query)).mappings().partitions(BATCH):
            for row in part:
                found.setdefault(row["run_id"], []).append(from_row(StepRow, row))
            await asyncio.sleep(0)  # a run may have thousands of steps: others have their turn between
    return found
