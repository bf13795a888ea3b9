"""SQLite's statements, each in one visit to the thread of its connection; a transaction begins and ends on the way.

aiosqlite goes there and back for BEGIN, for a cursor, for the statement, for its rows, for closing the cursor and for
ROLLBACK: for a small query these ways cost far more than SQLite does. Every result of a node's is bounded, and is
fetched whole; what streams (copying a database) opens it without.
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

    _beginning = ""
    """The BEGIN that goes with the next statement."""

    _visited = False
    """Whether a transaction may be open: its thread was sent a statement since the last one ended."""

    def cursor(self) -> Statement:  # type: ignore[override]
        return Statement(self)

    def begin(self, operation: str) -> None:
        """Begin a transaction, as ``operation`` says, with the first of its statements."""
        self._beginning = operation

    async def visit(self, work: Callable[[sqlite3.Connection], None]) -> None:
        """Have ``work`` done in the thread, in the transaction that was begun. Raises what sqlite3 raises."""
        beginning, self._beginning = self._beginning, ""

        def visited() -> None:
            if beginning:
                self._conn.rollback()  # nothing, unless the last one could not be rolled back
                self._conn.execute(beginning)
            work(self._conn)

        self._visited = True
        await self._execute(visited)  # type: ignore[no-untyped-call]

    async def commit(self) -> None:
        """Raises what sqlite3 raises."""
        if self._visited:
            await super().commit()
        self._beginning, self._visited = "", False

    async def rollback(self) -> None:
        """Nobody waits for it: what this connection is asked next comes after it."""
        if self._visited:
            self._tx.put_nowait((None, self._conn.rollback))
        self._beginning, self._visited = "", False


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
        """Raises what sqlite3 raises; of a BEGIN at the statement after it."""
        if operation.startswith("BEGIN"):
            self._connection.begin(operation)
        else:
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
        def done(connection: sqlite3.Connection) -> None:
            cursor = connection.cursor()
            try:
                work(cursor)
                if cursor.description is not None:
                    self._rows = cursor.fetchall()
                self.description, self.rowcount, self.lastrowid = cursor.description, cursor.rowcount, cursor.lastrowid
            finally:
                cursor.close()

        await self._connection.visit(done)
