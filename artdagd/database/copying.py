"""Every row of one database into another, of either kind: in one transaction, read back and compared."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import Table, func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from artdagd.database import opening
from artdagd.database.tables import SCHEMA, metadata
from artdagd.errors import ConfigError, Conflict

BATCH = 500

Tell = Callable[[str, int, int], None]
"""Told of the work: which table, how many of its rows are done, how many there are."""


class Rows(msgspec.Struct, frozen=True):
    """What a table holds. ``digest`` is the sum, modulo 2^256, of the SHA-256 of each row as MessagePack: it depends on
    every value and on no order."""

    count: int
    digest: str


async def copy(source: str, target: str, tell: Tell) -> dict[str, Rows]:
    """Copy every row from the database at ``source``, as it is at one moment, to that at ``target``, which has none.

    An SQLite file that does not exist gets its name when it is whole. Raises ConfigError if one can't be opened, is not
    of this version's schema, or does not take a row; Conflict if there are rows in the target.
    """
    file = opening.file_of(opening.parse(target))
    if file is None or file.exists():
        return await _copy(source, target, tell)
    partial = file.with_name(f"{file.name}.partial")
    _remove(partial)
    try:
        opening.prepare(partial)
        copied = await _copy(source, f"sqlite:///{partial}", tell)
        settle(partial, file)
    finally:
        _remove(partial)
    return copied


def settle(partial: Path, file: Path) -> None:
    """Give a database that is whole, and that nobody has open, its name, durably. Raises Conflict if that is taken."""
    _sync(partial)
    if file.exists():
        raise Conflict(f"{file} exists", advice="Choose another name: nothing is replaced.")
    partial.rename(file)
    _sync(file.parent)


@asynccontextmanager
async def snapshot(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """A connection that sees one moment of the database, of which others may go on."""
    if engine.dialect.name == "postgresql":
        engine = engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
    async with engine.connect() as connection:
        yield connection


async def counted(connection: AsyncConnection, table: Table) -> int:
    return int((await connection.execute(select(func.count()).select_from(table))).scalar_one())


async def _copy(source: str, target: str, tell: Tell) -> dict[str, Rows]:
    async with opening.as_it_is(source) as reading, opening.as_it_is(target) as writing, snapshot(reading) as old:
        await _newest(old, source)
        async with writing.execution_options(**opening.WRITER).begin() as new:
            await new.run_sync(opening.bring_up)
            for table in metadata.sorted_tables:
                if await counted(new, table):
                    raise Conflict(
                        f"{opening.place_of(opening.parse(target))} is not empty: there are rows in {table.name}",
                        advice="Copy to a database that is new.",
                    )
            return {table.name: await _copy_table(old, new, table, tell) for table in metadata.sorted_tables}


async def _newest(connection: AsyncConnection, url: str) -> None:
    found = await connection.run_sync(opening.schema)
    opening.judged(found)
    if found != SCHEMA:
        place = opening.place_of(opening.parse(url))
        raise ConfigError(f"{place} has schema {found or 'none'}", advice="Bring it up to date: artdagctl db upgrade.")


async def _copy_table(old: AsyncConnection, new: AsyncConnection, table: Table, tell: Tell) -> Rows:
    total = await counted(old, table)
    tell(table.name, 0, total)
    sums, done = _Sum(), 0
    async for rows in _rows(old, table):
        sums.add(rows)
        try:
            await new.execute(table.insert(), [dict(zip(table.c.keys(), row, strict=True)) for row in rows])
        except Exception as error:
            raise ConfigError(f"a row of {table.name} can't be copied: {opening.cause(error)}") from error
        done += len(rows)
        tell(table.name, done, total)
    back = _Sum()
    async for rows in _rows(new, table):
        back.add(rows)
    if back.rows != sums.rows:
        raise ConfigError(f"the rows of {table.name} were not read back as they were written")
    await _number_on(new, table)
    return sums.rows


async def _rows(connection: AsyncConnection, table: Table) -> AsyncIterator[list[tuple[Any, ...]]]:
    """All rows, some at a time. A NUL in a text is U+FFFD, as in what a node writes: PostgreSQL takes none."""
    result = await connection.stream(select(table).order_by(*table.primary_key))
    async for part in result.partitions(BATCH):
        yield [tuple(v.replace("\0", "\ufffd") if isinstance(v, str) else v for v in row) for row in part]


async def _number_on(connection: AsyncConnection, table: Table) -> None:
    """Let PostgreSQL number the next row after the last: it takes no note of numbers that it is given."""
    column = table.autoincrement_column
    if connection.dialect.name != "postgresql" or column is None:
        return
    last = (await connection.execute(select(func.max(column)))).scalar()
    if last is not None:
        sequence = text("SELECT setval(pg_get_serial_sequence(:table, :column), :last)")
        await connection.execute(sequence, {"table": table.name, "column": column.name, "last": last})


class _Sum:
    def __init__(self) -> None:
        self._count = self._total = 0

    def add(self, rows: list[tuple[Any, ...]]) -> None:
        for row in rows:
            self._total += int.from_bytes(sha256(msgspec.msgpack.encode(row)).digest())
        self._count += len(rows)

    @property
    def rows(self) -> Rows:
        return Rows(self._count, f"{self._total % (1 << 256):064x}")


def _sync(path: Path) -> None:
    fd = os.open(path, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def _remove(file: Path) -> None:
    for name in (file.name, f"{file.name}-wal", f"{file.name}-shm", f"{file.name}.new"):
        file.with_name(name).unlink(missing_ok=True)
