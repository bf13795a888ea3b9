"""Opening a database: driver, pragmas, transactions, soundness, migrations."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import time
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import URL, Connection, event, inspect, make_url, text
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from artdagd.database import trouble
from artdagd.database.tables import SCHEMA
from artdagd.errors import ConfigError

DRIVERS = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+asyncpg", "postgres": "postgresql+asyncpg"}
BUSY_SECONDS = 10
CONNECT_SECONDS = 4
COMMAND_SECONDS = 8
"""For which a server may be silent in the middle of a statement."""

START_SECONDS = 30
"""For which a start waits for a server that is starting, too, or recovering from a crash."""

POOL, POOL_SECONDS = 15, 4
"""Connections at once, and for how long one who finds them all in use waits."""

WRITER = {"artdagd_writer": True}
"""Execution options of transactions that write: on SQLite they take the lock when they begin, and wait for it."""

MIGRATION_LOCK = 0x61727464
"""Key of the PostgreSQL advisory lock that lets one node migrate at a time."""


async def open_engine(url: str) -> AsyncEngine:
    """An engine on a sound database with the newest schema. Raises ConfigError."""
    parsed = _parse(url)
    place = f"the database {parsed.render_as_string(hide_password=True)}"
    if parsed.drivername == DRIVERS["sqlite"]:
        place = f"the database file {parsed.database}"
        _prepare(Path(parsed.database or ""))
    # A server may be silent for long while another node migrates: this engine is for the migration alone.
    engine = _engine(parsed, silence=None)
    try:
        await _migrated(engine)
    except ConfigError:
        raise
    # A driver's own errors (wrong password, no such database) and unknown options in the URL come as they are.
    except Exception as error:
        raise ConfigError(f"can't open {place}: {_cause(error)}", advice=_advice(parsed)) from None
    finally:
        await engine.dispose()
    return _engine(parsed)


async def _migrated(engine: AsyncEngine) -> None:
    """Bring the schema up to date; a server that is starting is waited for."""
    end = time.monotonic() + START_SECONDS
    while True:
        try:
            async with engine.execution_options(**WRITER).begin() as connection:
                return await connection.run_sync(_migrate)
        except Exception as error:
            if not trouble.starting(error) or time.monotonic() > end:
                raise
            await asyncio.sleep(trouble.LONGEST_PAUSE)


async def look(url: str) -> str:
    """What is at ``url``, in words, without changing it. Raises ConfigError for what a start would refuse."""
    parsed = _parse(url)
    if parsed.drivername == DRIVERS["sqlite"]:
        return await asyncio.to_thread(_look_at_file, Path(parsed.database or ""))
    place = parsed.render_as_string(hide_password=True)
    engine = _engine(parsed)
    try:
        async with engine.connect() as connection:
            return f"{place}, {_judged(await connection.run_sync(_schema))}"
    except ConfigError:
        raise
    except Exception as error:
        raise ConfigError(f"can't open the database {place}: {_cause(error)}", advice=_advice(parsed)) from None
    finally:
        await engine.dispose()


def _look_at_file(file: Path) -> str:
    if not file.exists():
        return f"{file} will be made at the first start"
    if file.stat().st_size == 0:
        raise ConfigError(f"the database file {file} is empty", advice="Restore a backup.")
    try:
        connection = sqlite3.connect(f"file:{quote(str(file))}?mode=rw", uri=True, timeout=BUSY_SECONDS)
        try:
            found = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
            if found != "ok":
                raise sqlite3.DatabaseError(f"it is damaged: {found}")
            row = None
            if connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'").fetchone():
                row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        finally:
            connection.close()
    except sqlite3.Error as error:
        raise ConfigError(
            f"can't open the database file {file}: {error}", advice="Put it aside and restore a backup under its name."
        ) from None
    return f"{file}, {_judged(row[0] if row else None)}"


def _judged(schema: str | None) -> str:
    if schema == SCHEMA:
        return f"schema {schema}"
    from artdagd.database.migrating import revisions

    if schema is None or schema in revisions():
        return f"schema {schema or 'none'}: the next start brings it to {SCHEMA}"
    raise ConfigError(
        f"the database was made by a newer artdagd (schema {schema})", advice="Install that version or a later one."
    )


def _parse(url: str) -> URL:
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise ConfigError(
            "DATABASE_URL is not a database URL", advice="Write sqlite:///FILE or postgresql://…"
        ) from None
    if parsed.drivername in DRIVERS:
        parsed = parsed.set(drivername=DRIVERS[parsed.drivername])
    if parsed.drivername not in DRIVERS.values():
        raise ConfigError(f"DATABASE_URL: {parsed.drivername} is not supported", advice="Use sqlite or postgresql.")
    if parsed.drivername == DRIVERS["sqlite"] and parsed.database in (None, "", ":memory:"):
        raise ConfigError("DATABASE_URL names no file", advice="Write sqlite:///FILE.")
    if "sslmode" in parsed.query:  # libpq's word for what asyncpg calls ssl
        mode = parsed.query["sslmode"]
        parsed = parsed.difference_update_query(["sslmode"]).update_query_dict({"ssl": mode})
    return parsed


def _prepare(file: Path) -> None:
    """Make a new file whole (private, in WAL mode) before it gets its name; look a file that exists over.

    An empty file is a lost database and never a new one: SQLite would fill it without a word.
    """
    try:
        if not file.exists():
            made = file.with_name(file.name + ".new")
            made.unlink(missing_ok=True)
            os.close(os.open(made, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
            connection = sqlite3.connect(made)
            connection.execute("PRAGMA journal_mode=WAL")
            connection.close()
            made.rename(file)
        elif file.stat().st_size == 0:
            raise ConfigError(
                f"the database file {file} is empty",
                advice="Restore a backup; or delete the file, and the node begins with no runs and recipes.",
            )
    except (OSError, sqlite3.Error) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or error
        raise ConfigError(f"can't make the database file {file}: {reason}", advice="Check its folder.") from None


_POOL = {"pool_size": POOL, "max_overflow": 0, "pool_timeout": POOL_SECONDS}


def _engine(url: URL, silence: float | None = COMMAND_SECONDS) -> AsyncEngine:
    if url.drivername == DRIVERS["sqlite"]:
        engine = create_async_engine(url, **_POOL)
        event.listen(engine.sync_engine, "connect", _pragmas)
        event.listen(engine.sync_engine, "begin", _begin)
        return engine
    try:
        # Another process may restart the server: a connection is tried before it is used.
        times = {"timeout": CONNECT_SECONDS, "command_timeout": silence}
        return create_async_engine(url, pool_pre_ping=True, connect_args=times, **_POOL)
    except ModuleNotFoundError as error:
        raise ConfigError(
            f"DATABASE_URL needs the package {error.name}", advice="pip install 'artdagd[postgresql]'"
        ) from None


def _pragmas(connection: Any, _: object) -> None:
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", f"busy_timeout={BUSY_SECONDS * 1000}"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin(connection: Connection) -> None:
    # Python's sqlite3 would begin a transaction before INSERT and the like, but none before CREATE TABLE.
    writes = connection.get_execution_options().get("artdagd_writer")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _migrate(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK})
    else:
        found = connection.execute(text("PRAGMA quick_check(1)")).scalar_one()
        if found != "ok":
            raise sqlite3.DatabaseError(f"it is damaged: {found}")
    if _schema(connection) != SCHEMA:
        # Imported for a first start and an upgrade alone: Alembic and what it needs weigh 11 MB in a daemon.
        from artdagd.database.migrating import migrate

        migrate(connection)


def _schema(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return found


def _cause(error: Exception) -> str:
    cause = getattr(error, "orig", None) or error
    said = str(cause).strip() or type(cause).__name__
    return said.splitlines()[0] if isinstance(error, SQLAlchemyError | OSError) else said


def _advice(url: URL) -> str:
    if url.drivername == DRIVERS["sqlite"]:
        return "A damaged file is never made anew by itself: put it aside and restore a backup under its name."
    return "Check DATABASE_URL, and that the server runs."
