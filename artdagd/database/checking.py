"""Whether a database is sound, and which blobs it counts on."""

from __future__ import annotations

from typing import Any

import msgspec
from sqlalchemy import Connection, Table, and_, func, inspect, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from artdagd.database import opening
from artdagd.database.copying import counted, snapshot
from artdagd.database.runs import ENDED
from artdagd.database.tables import SCHEMA, actions, blobs, metadata, publications, runs, steps

FAULTS = 20
"""Faults that are listed."""


class Needed(msgspec.Struct, frozen=True):
    """CIDs. Without those ``kept`` something is lost; ``made`` can be made again from them; ``told`` (recipes, plans
    and inputs of runs that have ended) may have been deleted."""

    kept: set[str]
    made: set[str]
    told: set[str]


class Checked(msgspec.Struct, frozen=True):
    """``faults`` is empty for a sound database."""

    place: str
    schema: str | None
    newest: str
    faults: list[str]
    rows: dict[str, int]


async def check(url: str) -> tuple[Checked, Needed]:
    """Look a database over. Raises ConfigError if it can't be opened or was made by a newer artdagd."""
    async with opening.as_it_is(url) as engine, snapshot(engine) as connection:
        found = await connection.run_sync(opening.schema)
        opening.judged(found)
        faults = await _faults(connection)
        there = await connection.run_sync(_there)
        rows = {table.name: await counted(connection, table) for table in there}
        place = opening.place_of(opening.parse(url))
        return Checked(place, found, SCHEMA, faults, rows), await needed(connection)


async def needed(connection: AsyncConnection) -> Needed:
    """The blobs that the rows name, of any schema that this version knows."""
    there = {table.name for table in await connection.run_sync(_there)}

    async def cids(column: Any, *where: Any) -> set[str]:
        if column.table.name not in there:
            return set()
        return {one for one in (await connection.execute(select(column).where(*where))).scalars() if one}

    async def inputs(*where: Any) -> set[str]:
        return {cid for text in await cids(runs.c.inputs_json, *where) for cid in msgspec.json.decode(text).values()}

    active = runs.c.status.not_in(ENDED)
    kept = await cids(blobs.c.cid) | await cids(publications.c.cid) | await cids(runs.c.provenance_cid)
    kept |= await cids(runs.c.recipe_id, active) | await inputs(active)
    made = await cids(runs.c.output_cid) | await cids(steps.c.output_cid) | await cids(actions.c.output_cid)
    told = await cids(runs.c.plan_id) | await cids(runs.c.recipe_id) | await inputs()
    return Needed(kept, made - kept, told - kept - made)


async def _faults(connection: AsyncConnection) -> list[str]:
    if connection.dialect.name == "sqlite":
        said = (await connection.execute(text(f"PRAGMA integrity_check({FAULTS})"))).scalars().all()
        faults = [one for one in said if one != "ok"]
        broken = (await connection.execute(text("PRAGMA foreign_key_check"))).all()
        return faults + [f"a row of {row[0]} refers to nothing in {row[2]}" for row in broken[:FAULTS]]
    faults = []
    for table in await connection.run_sync(_there):
        for key in table.foreign_keys:
            other = key.column.table
            orphans = select(func.count()).select_from(table.outerjoin(other, key.parent == key.column))
            where = and_(key.parent.is_not(None), key.column.is_(None))
            if count := (await connection.execute(orphans.where(where))).scalar_one():
                faults.append(f"{count} rows of {table.name} refer to nothing in {other.name}")
    return faults


def _there(connection: Connection) -> list[Table]:
    """Our tables that the database has."""
    names = set(inspect(connection).get_table_names())
    return [table for table in metadata.sorted_tables if table.name in names]
