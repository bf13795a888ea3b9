"""Older schemas with rows in them, brought up to date, and killed in the middle (failures.md B6, G6)."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from database.rows import rows_of
from sqlalchemy import Connection, Engine, MetaData, Table, event, insert, inspect, select

from artdagd.database import Database
from artdagd.database.migrating import migrate, revisions
from artdagd.database.opening import as_it_is, parse, prepare, schema
from artdagd.database.tables import SCHEMA, metadata

PAIRS = [(old, new) for old in sorted(revisions()) for new in sorted(revisions()) if old < new]
"""Which schema is brought to which."""

NEXT = {old: min(new for one, new in PAIRS if one == old) for old, _ in PAIRS}
FEW = [pytest.param(old, new, marks=() if new in (NEXT[old], SCHEMA) else pytest.mark.slow) for old, new in PAIRS]
"""In the fast suite, each to the next and to the newest: those in between run the same statements."""

Rows = dict[str, list[tuple[Any, ...]]]

UPGRADE = """
import asyncio, os, signal, sys
from sqlalchemy import Engine, event
from artdagd.database.migrating import migrate
from artdagd.database.opening import as_it_is
url, revision, left = sys.argv[1], sys.argv[2], int(sys.argv[3])
def count(*_):
    global left
    left -= 1
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
async def main():
    async with as_it_is(url) as engine, engine.begin() as connection:
        event.listen(Engine, "before_cursor_execute", count)
        await connection.run_sync(lambda one: migrate(one, revision))
asyncio.run(main())
"""


def old_tables(connection: Connection) -> list[Table]:
    """Our tables as the database has them, with the columns that it has."""
    there = inspect(connection)
    made = MetaData()
    for table in metadata.sorted_tables:
        if there.has_table(table.name):
            names = {column["name"] for column in there.get_columns(table.name)}
            Table(table.name, made, *(column._copy() for column in table.c if column.name in names))
    return list(made.tables.values())


def read(connection: Connection, tables: list[Table]) -> Rows:
    return {
        one.name: [tuple(row) for row in connection.execute(select(one).order_by(*one.primary_key))] for one in tables
    }


async def made(url: str, revision: str) -> tuple[Rows, list[Table]]:
    """A database as an older version left it, with rows."""
    if url.startswith("sqlite"):
        prepare(Path(parse(url).database or ""))

    def work(connection: Connection) -> tuple[Rows, list[Table]]:
        migrate(connection, revision)
        tables = old_tables(connection)
        for table in tables:
            names = set(table.columns.keys())
            rows = rows_of(metadata.tables[table.name], 5)
            wanted = [{name: value for name, value in row.items() if name in names} for row in rows]
            connection.execute(insert(table), wanted)
        return read(connection, tables), tables

    async with as_it_is(url) as engine, engine.begin() as connection:
        return await connection.run_sync(work)


async def seen(url: str, tables: list[Table]) -> tuple[str | None, Rows]:
    async with as_it_is(url) as engine, engine.connect() as connection:
        return await connection.run_sync(schema), await connection.run_sync(lambda one: read(one, tables))


async def drift(url: str) -> list[Any]:
    """How the newest version, started on it, finds the database different from its tables."""

    def compare(connection: Connection) -> list[Any]:
        return compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), metadata)

    database = await Database.open(url)
    try:
        async with database.engine.connect() as connection:
            return await connection.run_sync(compare)
    finally:
        await database.close()


@pytest.mark.parametrize("old", sorted(revisions()))
async def test_rows_of_an_older_schema_are_all_there_after_an_upgrade(url: str, old: str):
    rows, tables = await made(url, old)
    assert await drift(url) == []
    assert await seen(url, tables) == (SCHEMA, rows)


@pytest.mark.parametrize(("old", "new"), FEW)
async def test_an_upgrade_killed_at_any_statement_leaves_the_old_schema_whole(tmp_path: Path, old: str, new: str):
    """A copy of the files before each statement is what a SIGKILL there leaves to the next start."""
    home, copies = tmp_path / "home", []
    home.mkdir()
    url = f"sqlite:///{home / 'state.sqlite'}"
    rows, tables = await made(url, old)

    def copy(*_: Any) -> None:
        copies.append(shutil.copytree(home, tmp_path / f"killed{len(copies)}"))

    async with as_it_is(url) as engine, engine.begin() as connection:
        await watched(copy, lambda: connection.run_sync(lambda one: migrate(one, new)))
    assert len(copies) > 3
    for folder in copies:
        left = f"sqlite:///{folder / 'state.sqlite'}"
        assert await seen(left, tables) == (old, rows), folder
    assert await drift(f"sqlite:///{copies[-1] / 'state.sqlite'}") == []


async def watched(hook: Callable[..., None], work: Callable[[], Any]) -> None:
    event.listen(Engine, "before_cursor_execute", hook)
    try:
        await work()
    finally:
        event.remove(Engine, "before_cursor_execute", hook)


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize(("old", "new"), PAIRS)
async def test_an_upgrade_whose_process_is_killed_leaves_the_old_schema_whole(url: str, old: str, new: str):
    rows, tables = await made(url, old)
    kills = 0
    while True:
        command = [sys.executable, "-c", UPGRADE, url, new, str(kills + 1)]
        done = await asyncio.to_thread(subprocess.run, command, env={**os.environ}, capture_output=True, check=False)
        if done.returncode == 0:
            break
        assert done.returncode == -signal.SIGKILL, done.stderr.decode()
        assert await seen(url, tables) == (old, rows), kills
        kills += 1
    print(f"{old} to {new}: {kills} kills, 0 half migrated")
    assert kills > 3
    assert (await seen(url, tables))[0] == new
    assert await drift(url) == []
