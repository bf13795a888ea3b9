"""SQLite's statements, each in one visit to the thread of its connection.

aiosqlite goes there and back for a cursor, for the statement, for its rows and for closing the cursor: for a small
query these ways cost far more than SQLite does. Every result of a node's is bounded, and is fetched whole; what streams
(copying a database) opens it without.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from functools import partial
from typing import Any, Self

import aiosqlite


def connect(database: str, **options: Any) -> Connection:
    """A connection for SQLAlchemy to await; ``options`` are those of ``sqlite3.connect``."""
    connection = Connection(partial(sqlite3.connect, database, **options), iter_chunk_size=64)
    connection._thread.daemon = True
    return connection


class Connection(aiosqlite.Connection):
    """What SQLAlchemy's dialect for aiosqlite uses of a connection."""

    def cursor(self) -> Statement:  # type: ignore[override]
        return Statement(self)


class Statement:
    """A cursor that has all that came of its statement, and nothing open."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._rows: list[Any] = []
        self.description: Any = None
        self.rowcount = -1
        self.lastrowid: int | None = None
        self.arraysize = 1

    async def __aenter__(self) -> Self:
        return self

    async def execute(self, operation: str, parameters: Any = ()) -> None:
        """Raises what sqlite3 raises."""
        await self._do(lambda cursor: cursor.execute(operation, parameters))

    async def executemany(self, operation: str, parameters: Any) -> None:
        """Raises what sqlite3 raises."""
        await self._do(lambda cursor: cursor.executemany(operation, parameters))

    async def fetchall(self) -> list[Any]:
        rows, self._rows = self._rows, []
        return rows

    async def close(self) -> None:
        self._rows = []

    async def _do(self, work: Callable[[sqlite3.Cursor], object]) -> None:
        await self._connection._execute(self._visit, work)  # type: ignore[no-untyped-call]

    def _visit(self, work: Callable[[sqlite3.Cursor], object]) -> None:
        cursor = self._connection._conn.cursor()
        try:
            work(cursor)
            if cursor.description is not None:
                self._rows = cursor.fetchall()
            self.description, self.rowcount, self.lastrowid = cursor.description, cursor.rowcount, cursor.lastrowid
        finally:
            cursor.close()
