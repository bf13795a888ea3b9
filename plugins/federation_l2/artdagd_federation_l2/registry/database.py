"""The registry's SQLite file: what is in it says schema.sql."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiosqlite

from artdagd_federation_l2.registry.errors import Refused

VERSION = 1
WAIT_MS = 10_000
"""Milliseconds to wait for another process that writes, such as ``artdag-registry user add``."""


class Database:
    """One connection that reads, one that writes, one transaction at a time."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._lock = asyncio.Lock()
        self._reading: aiosqlite.Connection
        self._writing: aiosqlite.Connection

    async def open(self) -> None:
        """Open the file, made on first use, readable by its owner alone. Raises Refused for one of another version."""
        os.close(os.open(self._file, os.O_RDWR | os.O_CREAT, 0o600))
        self._writing = await _connected(self._file)
        self._reading = await _connected(self._file)
        try:
            await self._make()
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        await self._reading.close()
        await self._writing.close()

    async def rows(self, sql: str, *values: object) -> list[aiosqlite.Row]:
        async with self._reading.execute(sql, values) as found:
            return list(await found.fetchall())

    async def row(self, sql: str, *values: object) -> aiosqlite.Row | None:
        async with self._reading.execute(sql, values) as found:
            return await found.fetchone()

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[aiosqlite.Connection]:
        """A transaction: all of it or nothing."""
        async with self._lock:
            await self._writing.execute("BEGIN IMMEDIATE")
            try:
                yield self._writing
            except BaseException:
                await self._writing.execute("ROLLBACK")
                raise
            await self._writing.execute("COMMIT")

    async def _make(self) -> None:
        await self._writing.execute("PRAGMA journal_mode = WAL")
        async with self.writing() as transaction:
            async with transaction.execute("PRAGMA user_version") as found:
                row = await found.fetchone()
            version = row[0] if row else 0
            if version not in (0, VERSION):
                raise Refused(500, f"{self._file} was made by another version of artdag-registry")
            if version == 0:
                for statement in Path(__file__).with_name("schema.sql").read_text().split(";"):
                    await transaction.execute(statement)
                await transaction.execute(f"PRAGMA user_version = {VERSION}")


async def _connected(file: Path) -> aiosqlite.Connection:
    connection = await aiosqlite.connect(file, isolation_level=None)
    connection.row_factory = aiosqlite.Row
    await connection.execute("PRAGMA foreign_keys = ON")
    await connection.execute("PRAGMA synchronous = FULL")
    await connection.execute(f"PRAGMA busy_timeout = {WAIT_MS}")
    return connection
