"""Action records: cache id -> output CID. Written only after the blobs are durable."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import msgspec
from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from artdagd.database.clock import now
from artdagd.database.rows import batches, from_row, insert_new, to_row
from artdagd.database.tables import actions
from artdagd.database.together import Final, Together
from artdagd.errors import StorageFull, Unavailable

if TYPE_CHECKING:
    from artdagd.database.engine import Database

Kind = Literal["render", "analysis", "segment"]
"""``segment`` is a part of a pass: some of its picture, or its sound."""


class ActionRow(msgspec.Struct, frozen=True, kw_only=True):
    """A computation and its result. ``libraries`` are versions that shaped the bytes, ``seconds`` what it took.

    ``made_of`` and ``work`` are as in :class:`artdagd.plans.estimates.Measure`; ``sources`` are the cache ids of the
    results that it read. They are None where nobody said.
    """

    cache_id: str
    output_cid: str
    kind: Kind
    identity: str
    libraries: dict[str, str] = {}
    seconds: float = 0.0
    created_at: str = msgspec.field(default_factory=now)
    made_of: str | None = None
    work: float | None = None
    sources: tuple[str, ...] | None = None


class Actions:
    """Look-ups that wait at the same time share a statement, and so do records that are to be kept."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lookups: Together[list[str], dict[str, str]] = Together(self._outputs)
        self._puts: Together[list[ActionRow], None] = Together(self._insert)

    async def outputs(self, cache_ids: list[str]) -> dict[str, str]:
        """Cache id -> output CID of those that are recorded."""
        return await self._lookups.do(cache_ids) if cache_ids else {}

    async def get_many(self, cache_ids: list[str]) -> dict[str, ActionRow]:
        """The whole records, by cache id."""

        async def work(connection: AsyncConnection) -> dict[str, ActionRow]:
            found = {}
            for batch in batches(cache_ids):
                query = select(actions).where(actions.c.cache_id.in_(batch))
                for row in (await connection.execute(query)).mappings():
                    found[row["cache_id"]] = from_row(ActionRow, row)
            return found

        return await self._database.read(work) if cache_ids else {}

    async def measured(self) -> list[tuple[str, float, float]]:
        """What computations were made of; of each kind their work (ns) and their seconds, added up."""

        async def work(connection: AsyncConnection) -> list[tuple[str, float, float]]:
            sums = (func.sum(actions.c.work), func.sum(actions.c.seconds))
            query = select(actions.c.made_of, *sums).where(actions.c.work > 0).group_by(actions.c.made_of)
            return [(kind, float(work), float(seconds)) for kind, work, seconds in await connection.execute(query)]

        return await self._database.read(work)

    async def of_outputs(self, cids: list[str]) -> list[ActionRow]:
        """The records of computations that gave one of ``cids``, those first that were measured, then the oldest."""

        async def work(connection: AsyncConnection) -> list[ActionRow]:
            found = []
            for batch in batches(cids):
                query = select(actions).where(actions.c.output_cid.in_(batch))
                query = query.order_by(actions.c.work.is_(None), actions.c.created_at, actions.c.cache_id)
                found += [from_row(ActionRow, row) for row in (await connection.execute(query)).mappings()]
            return found

        return await self._database.read(work) if cids else []

    async def made(self, cids: list[str]) -> set[str]:
        """Those of ``cids`` that a recorded computation gave, and would again."""

        async def work(connection: AsyncConnection) -> set[str]:
            found: set[str] = set()
            for batch in batches(cids):
                found.update(
                    (
                        await connection.execute(select(actions.c.output_cid).where(actions.c.output_cid.in_(batch)))
                    ).scalars()
                )
            return found

        return await self._database.read(work) if cids else set()

    async def put(self, rows: list[ActionRow]) -> None:
        """Keep records; one that exists stays: the first result of a computation is the result."""
        if rows:
            await self._puts.do(rows)

    async def close(self) -> None:
        """Wait until nothing is being looked up or kept."""
        await self._lookups.close()
        await self._puts.close()

    async def delete(self, cache_id: str) -> None:
        async def work(connection: AsyncConnection) -> None:
            await connection.execute(delete(actions).where(actions.c.cache_id == cache_id))

        await self._database.write(work)

    async def _outputs(self, asked: list[list[str]]) -> list[dict[str, str]]:
        async def work(connection: AsyncConnection) -> dict[str, str]:
            found: dict[str, str] = {}
            for batch in batches(cache_id for one in asked for cache_id in one):
                query = select(actions.c.cache_id, actions.c.output_cid).where(actions.c.cache_id.in_(batch))
                found.update((cache_id, output) for cache_id, output in await connection.execute(query))
            return found

        found = await self._database.read(work)
        return [{cache_id: found[cache_id] for cache_id in one if cache_id in found} for one in asked]

    async def _insert(self, groups: list[list[ActionRow]]) -> list[None]:
        values = [to_row(msgspec.structs.asdict(row), actions) for rows in groups for row in rows]

        async def work(connection: AsyncConnection) -> None:
            await insert_new(connection, actions, values)

        try:
            await self._database.write(work)
        except (Unavailable, StorageFull) as problem:
            # The fault is the machine's, and all records share it.
            raise Final(problem) from problem
        return [None] * len(groups)
