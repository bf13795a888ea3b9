"""Opening a database: driver, pragmas, transactions, soundness, migrations."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import URL, Connection, event, inspect, make_url, text
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from artdagd.database import statements, trouble
from artdagd.database.tables import SCHEMA
from artdagd.errors import ConfigError

DRIVERS = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+asyncpg", "postgres": "postgresql+asyncpg"}
BUSY_SECONDS = 10
CONNECT_SECONDS = 4
COMMAND_SECONDS = 8
"""For which a server may be silent in the middle of a statement."""

IDLE_SECONDS = 5
"""For which a node may fall silent in the middle of a transaction: then the server ends it. What is held up or cut off
must not keep the locks on which others wait."""

START_SECONDS = 30
"""For which a start waits for a server that is starting, too, or recovering from a crash."""

POOL, POOL_SECONDS = 15, 4
"""Connections at once, and for how long one who finds them all in use waits."""

DAMAGED = (
    "It is never made anew by itself. Put it aside and restore a backup: artdagctl db restore FILE. Without one, "
    "artdagctl db rebuild saves what the blobs tell."
)

WRITER = {"artdagd_writer": True}
"""Execution options of transactions that write: on SQLite they take the lock when they begin, and wait for it."""

MIGRATION_LOCK = 0x61727464
"""Key of the PostgreSQL advisory lock that lets one node migrate at a time."""


async def open_engine(url: str) -> AsyncEngine:
    """An engine on a sound database with the newest schema. Raises ConfigError."""
    parsed = parse(url)
    if file := file_of(parsed):
        prepare(file)
    # A server may be silent for long while another node migrates: this engine is for the migration alone.
    engine = _engine(parsed, serving=False)
    try:
        await _migrated(engine)
    except ConfigError:
        raise
    # A driver's own errors (wrong password, no such database) and unknown options in the URL come as they are.
    except Exception as error:
        raise ConfigError(f"can't open {place_of(parsed)}: {cause(error)}", advice=_advice(parsed)) from None
    finally:
        await engine.dispose()
    return _engine(parsed)


async def _migrated(engine: AsyncEngine) -> None:
    """Bring the schema up to date; a server that is starting is waited for."""
    end = time.monotonic() + START_SECONDS
    while True:
        try:
            async with engine.execution_options(**WRITER).begin() as connection:
                return await connection.run_sync(bring_up)
        except Exception as error:
            if not trouble.starting(error) or time.monotonic() > end:
                raise
            await asyncio.sleep(trouble.LONGEST_PAUSE)


async def look(url: str) -> str:
    """What is at ``url``, in words, without changing it. Raises ConfigError for what a start would refuse."""
    parsed = parse(url)
    if file := file_of(parsed):
        return await asyncio.to_thread(_look_at_file, file)
    async with as_it_is(url) as engine, engine.connect() as connection:
        return f"{place_of(parsed)}, {judged(await connection.run_sync(schema))}"


@asynccontextmanager
async def as_it_is(url: str) -> AsyncIterator[AsyncEngine]:
    """An engine on what is at ``url``, whatever its schema, for long work. Raises ConfigError if it can't be had."""
    parsed = parse(url)
    file = file_of(parsed)
    if file is not None and not file.exists():
        raise ConfigError(f"there is no database file {file}", advice="Check DATABASE_URL and ARTDAG_HOME.")
    engine = _engine(parsed, serving=False)
    try:
        try:
            async with engine.connect() as connection:
                await connection.run_sync(schema)
        except Exception as error:
            raise ConfigError(f"can't open {place_of(parsed)}: {cause(error)}", advice=_advice(parsed)) from None
        yield engine
    finally:
        await engine.dispose()


def place_of(url: URL) -> str:
    """A database for messages, without its password."""
    file = file_of(url)
    return f"the database file {file}" if file else f"the database {url.render_as_string(hide_password=True)}"


def file_of(url: URL) -> Path | None:
    """The file of an SQLite database."""
    return Path(url.database or "") if url.drivername == DRIVERS["sqlite"] else None


def _look_at_file(file: Path) -> str:
    if not file.exists():
        return f"{file} will be made at the first start"
    if file.stat().st_size == 0:
        raise ConfigError(f"the database file {file} is empty", advice=DAMAGED)
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
        raise ConfigError(f"can't open the database file {file}: {error}", advice=DAMAGED) from None
    return f"{file}, {judged(row[0] if row else None)}"


def judged(schema: str | None) -> str:
    """A schema in words. Raises ConfigError for one that is newer than this version."""
    if schema == SCHEMA:
        return f"schema {schema}"
    from artdagd.database.migrating import revisions

    if schema is None or schema in revisions():
        return f"schema {schema or 'none'}: the next start brings it to {SCHEMA}"
    raise ConfigError(
        f"the database was made by a newer artdagd (schema {schema})", advice="Install that version or a later one."
    )


def parse(url: str) -> URL:
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


def prepare(file: Path) -> None:
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
                advice=f"{DAMAGED} Or delete the file, and the node begins with no runs and recipes.",
            )
    except (OSError, sqlite3.Error) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or error
        raise ConfigError(f"can't make the database file {file}: {reason}", advice="Check its folder.") from None


_POOL = {"pool_size": POOL, "max_overflow": 0, "pool_timeout": POOL_SECONDS}


def _engine(url: URL, serving: bool = True) -> AsyncEngine:
    if url.drivername == DRIVERS["sqlite"]:
        # All connections in use says that this process is busy: whoever has one is never held up by others for long.
        options: dict[str, Any] = {**_POOL, "pool_timeout": BUSY_SECONDS}
        if serving:
            options["connect_args"] = {"async_creator_fn": statements.connect}
        engine = create_async_engine(url, **options)
        event.listen(engine.sync_engine, "connect", _pragmas if serving else _few_pragmas)
        event.listen(engine.sync_engine, "begin", _begin)
        return engine
    try:
        # Another process may restart the server: a connection is tried before it is used.
        times: dict[str, Any] = {"timeout": CONNECT_SECONDS, "command_timeout": COMMAND_SECONDS if serving else None}
        if serving:
            times["server_settings"] = {"idle_in_transaction_session_timeout": f"{IDLE_SECONDS}s"}
        return create_async_engine(url, pool_pre_ping=True, connect_args=times, **_POOL)
    except ModuleNotFoundError as error:
        raise ConfigError(
            f"DATABASE_URL needs the package {error.name}", advice="pip install 'artdagd[postgresql]'"
        ) from None


def _few_pragmas(connection: Any, _: object) -> None:
    cursor = connection.cursor()
    for pragma in ("synchronous=FULL", "foreign_keys=ON", f"busy_timeout={BUSY_SECONDS * 1000}"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _pragmas(connection: Any, _: object) -> None:
    """The journal mode is part of the file: a backup keeps its own."""
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.close()
    _few_pragmas(connection, _)


def _begin(connection: Connection) -> None:
    # Python's sqlite3 would begin a transaction before INSERT and the like, but none before CREATE TABLE.
    writes = connection.get_execution_options().get("artdagd_writer")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def bring_up(connection: Connection) -> None:
    """Bring the schema up to date, in the transaction of ``connection``. What is damaged is not touched."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK})
    else:
        found = connection.execute(text("PRAGMA quick_check(1)")).scalar_one()
        if found != "ok":
            raise sqlite3.DatabaseError(f"it is damaged: {found}")
    if schema(connection) != SCHEMA:
        # Imported for a first start and an upgrade alone: Alembic and what it needs weigh 11 MB in a daemon.
        from artdagd.database.migrating import migrate

        migrate(connection)


def schema(connection: Connection) -> str | None:
    """The revision of a database; None if it has none of our tables."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return found


def cause(error: Exception) -> str:
    """The first line of what the driver said."""
    cause = getattr(error, "orig", None) or error
    said = str(cause).strip() or type(cause).__name__
    return said.splitlines()[0] if isinstance(error, SQLAlchemyError | OSError) else said


def _advice(url: URL) -> str:
    if url.drivername == DRIVERS["sqlite"]:
        return DAMAGED
    return "Check DATABASE_URL, and that the server runs."
