"""Opening the database: driver, pragmas, migrations; and the one writer."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, TypeVar

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, event, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from artdagd.errors import ConfigError

if TYPE_CHECKING:
    from artdagd.database.actions import Actions
    from artdagd.database.blobs import Blobs
    from artdagd.database.recipes import Recipes
    from artdagd.database.runs import Runs
    from artdagd.database.tokens import TokenTable

T = TypeVar("T")
Write = Callable[[AsyncConnection], Awaitable[T]]

DRIVERS = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+asyncpg", "postgres": "postgresql+asyncpg"}
BUSY_SECONDS = 10


class Database:
    """The state store. Repositories are its attributes; every write goes through :meth:`write`."""

    actions: Actions
    blobs: Blobs
    recipes: Recipes
    runs: Runs
    tokens: TokenTable

    def __init__(self, engine: AsyncEngine) -> None:
        from artdagd.database.actions import Actions
        from artdagd.database.blobs import Blobs
        from artdagd.database.recipes import Recipes
        from artdagd.database.runs import Runs
        from artdagd.database.tokens import TokenTable

        self.engine = engine
        self._waiting: list[tuple[Write[Any], asyncio.Future[Any]]] = []
        self._writing: asyncio.Task[None] | None = None
        self.actions = Actions(self)
        self.blobs = Blobs(self)
        self.recipes = Recipes(self)
        self.runs = Runs(self)
        self.tokens = TokenTable(self)

    @classmethod
    async def open(cls, url: str) -> Database:
        """Connect and migrate. Raises ConfigError: wrong URL, unreachable, corrupt, or from a newer artdagd."""
        engine = _engine(url)
        try:
            async with engine.begin() as connection:
                await connection.run_sync(_migrate)
        except (SQLAlchemyError, OSError) as error:
            await engine.dispose()
            cause = getattr(error, "orig", None) or error
            raise ConfigError(
                f"can't open the database: {cause}",
                advice="Check DATABASE_URL. A damaged SQLite file is never made anew by itself: restore a backup.",
            ) from None
        except ConfigError:
            await engine.dispose()
            raise
        return cls(engine)

    async def close(self) -> None:
        if self._writing:
            await self._writing
        await self.engine.dispose()

    async def write(self, work: Write[T]) -> T:
        """Run ``work`` in a transaction, durable when this returns.

        Writes that wait at the same time share one transaction (group commit). If one of them fails, each is tried
        alone, so that it fails alone.
        """
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._waiting.append((work, future))
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._drain())
        return await future

    async def read(self, work: Write[T]) -> T:
        """Run ``work`` on a connection of its own; readers do not wait for the writer."""
        async with self.engine.connect() as connection:
            return await work(connection)

    async def _drain(self) -> None:
        while self._waiting:
            group, self._waiting = self._waiting, []
            try:
                await self._commit(group)
            except Exception:
                for one in group:
                    await self._alone(one)

    async def _commit(self, group: list[tuple[Write[Any], asyncio.Future[Any]]]) -> None:
        async with self.engine.begin() as connection:
            results = [await work(connection) for work, _ in group]
        for (_, future), result in zip(group, results, strict=True):
            if not future.done():
                future.set_result(result)

    async def _alone(self, one: tuple[Write[Any], asyncio.Future[Any]]) -> None:
        try:
            await self._commit([one])
        except Exception as error:
            if not one[1].done():
                one[1].set_exception(error)


def _engine(url: str) -> AsyncEngine:
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
    try:
        engine = create_async_engine(parsed)
    except ModuleNotFoundError as error:
        raise ConfigError(
            f"DATABASE_URL needs the package {error.name}", advice="pip install 'artdagd[postgresql]'"
        ) from None
    if parsed.drivername.startswith("sqlite"):
        event.listen(engine.sync_engine, "connect", _pragmas)
    return engine


def _pragmas(connection: Any, _: object) -> None:
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", f"busy_timeout={BUSY_SECONDS * 1000}"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _migrate(connection: Connection) -> None:
    config = Config()
    config.set_main_option("script_location", "artdagd:database/migrations")
    known = ScriptDirectory.from_config(config)
    current = MigrationContext.configure(connection).get_current_revision()
    if current is not None and current not in {script.revision for script in known.walk_revisions()}:
        raise ConfigError(
            f"the database was made by a newer artdagd (schema {current})",
            advice="Install that version or a later one.",
        )
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
