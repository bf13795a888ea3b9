"""Who needs a blob: what runs, publications and entries name, whichever node on this database they are of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, get_args

import msgspec
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from artdagd.database.rows import batches, from_row
from artdagd.database.runs import ENDED, RunRow
from artdagd.database.tables import blobs, publications, runs, steps

if TYPE_CHECKING:
    from artdagd.database.engine import Database

Kind = Literal["run", "pin", "publication", "value", "entry", "result"]


class Claim(msgspec.Struct, frozen=True):
    """Why a blob is kept, and by whom: a run's id, or a user's name.

    ``run``: one that has not ended has it as input, plan, recipe or result. ``pin``, ``entry``, ``publication`` (of it,
    or of what it is the provenance of): somebody's. ``value``: plan, provenance or recipe of a run that ended.
    ``result``: a step of a run that ended gave it, and would again.
    """

    kind: Kind
    by: str


class Claims:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def of(self, cids: list[str]) -> dict[str, Claim]:
        """The strongest claim, in the order of :data:`Kind`, on each of ``cids``; those that nobody names are left out.

        All are of one moment.
        """

        async def work(connection: AsyncConnection) -> dict[str, Claim]:
            unfinished = await _unfinished(connection)
            found: dict[str, Claim] = {}
            for batch in batches(cids):
                for claims in (await _results(connection, batch), await _values(connection, batch),
                               await _people(connection, batch)):  # fmt: skip
                    for cid, claim in claims:
                        if cid not in found or _RANK[claim.kind] < _RANK[found[cid].kind]:
                            found[cid] = claim
                found.update((cid, unfinished[cid]) for cid in batch if cid in unfinished)
            return found

        return await self._database.read(work) if cids else {}


_RANK = {kind: rank for rank, kind in enumerate(get_args(Kind))}

Found = list[tuple[str, Claim]]


async def _unfinished(connection: AsyncConnection) -> dict[str, Claim]:
    """What runs need that have not ended. There are as many of them as nodes admit."""
    query = select(runs).where(runs.c.status.not_in(ENDED)).order_by(runs.c.seq)
    rows = [from_row(RunRow, row) for row in (await connection.execute(query)).mappings()]
    needed: dict[str, Claim] = {}
    for row in rows:
        claim = Claim("run", row.run_id)
        names = (*row.inputs.values(), row.recipe_id, row.plan_id, row.output_cid, row.provenance_cid)
        needed.update((cid, claim) for cid in names if cid)
    for batch in batches(row.run_id for row in rows):
        made = select(steps.c.output_cid, steps.c.run_id).where(
            steps.c.run_id.in_(batch), steps.c.output_cid.is_not(None)
        )
        needed.update((cid, Claim("run", run_id)) for cid, run_id in await connection.execute(made))
    return needed


async def _results(connection: AsyncConnection, cids: list[str]) -> Found:
    query = select(steps.c.output_cid, steps.c.run_id).where(steps.c.output_cid.in_(cids))
    return [(cid, Claim("result", run_id)) for cid, run_id in await connection.execute(query)]


async def _values(connection: AsyncConnection, cids: list[str]) -> Found:
    found: Found = []
    for column in (runs.c.plan_id, runs.c.provenance_cid, runs.c.recipe_id):
        query = select(column, runs.c.run_id).where(column.in_(cids))
        found += [(cid, Claim("value", run_id)) for cid, run_id in await connection.execute(query)]
    return found


async def _people(connection: AsyncConnection, cids: list[str]) -> Found:
    entries = select(blobs.c.cid, blobs.c.owner, blobs.c.pinned).where(blobs.c.cid.in_(cids))
    found: Found = [
        (cid, Claim("pin" if pinned else "entry", owner)) for cid, owner, pinned in await connection.execute(entries)
    ]
    for column in (publications.c.cid, publications.c.provenance_cid):
        published = select(column, publications.c.owner).where(column.in_(cids))
        found += [(cid, Claim("publication", owner)) for cid, owner in await connection.execute(published)]
    return found
