"""The state store: one writer with group commit, many readers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from artdagd.database import opening
from artdagd.database.together import Final, Together
from artdagd.errors import StorageFull, Unavailable

if TYPE_CHECKING:
    from artdagd.database.actions import Actions
    from artdagd.database.blobs import Blobs
    from artdagd.database.plugin_values import PluginValues
    from artdagd.database.providers import Providers
    from artdagd.database.publications import Publications
    from artdagd.database.recipes import Recipes
    from artdagd.database.runs import Runs
    from artdagd.database.sessions import Sessions
    from artdagd.database.tokens import TokenTable

T = TypeVar("T")
Write = Callable[[AsyncConnection], Awaitable[T]]

TROUBLE = ("locked", "disk i/o error", "readonly", "unable to open", "malformed")
"""What SQLite says when the fault is the machine's and not the statement's."""


class Database:
    """The state store. Repositories are its attributes; every write goes through :meth:`write`.

    Reads and writes raise Unavailable when the database does not answer and StorageFull when its disk is full.
    """

    actions: Actions
    blobs: Blobs
    plugin_values: PluginValues
    providers: Providers
    publications: Publications
    recipes: Recipes
    runs: Runs
    sessions: Sessions
    tokens: TokenTable

    def __init__(self, engine: AsyncEngine) -> None:
        from artdagd.database.actions import Actions
        from artdagd.database.blobs import Blobs
        from artdagd.database.plugin_values import PluginValues
        from artdagd.database.providers import Providers
        from artdagd.database.publications import Publications
        from artdagd.database.recipes import Recipes
        from artdagd.database.runs import Runs
        from artdagd.database.sessions import Sessions
        from artdagd.database.tokens import TokenTable

        self.engine = engine
        self._writer = engine.execution_options(**opening.WRITER)
        self._writes: Together[Write[Any], Any] = Together(self._commit)
        self.actions = Actions(self)
        self.blobs = Blobs(self)
        self.plugin_values = PluginValues(self)
        self.providers = Providers(self)
        self.publications = Publications(self)
        self.recipes = Recipes(self)
        self.runs = Runs(self)
        self.sessions = Sessions(self)
        self.tokens = TokenTable(self)

    @classmethod
    async def open(cls, url: str) -> Database:
        """Connect and migrate. Raises ConfigError: wrong URL, unreachable, corrupt, or from a newer artdagd."""
        return cls(await opening.open_engine(url))

    async def close(self) -> None:
        await self.actions.close()
        await self.runs.close()
        await self._writes.close()
        await self.engine.dispose()

    async def write(self, work: Write[T]) -> T:
        """Run ``work`` in a transaction, durable when this returns.

        Writes that wait at the same time share one transaction (group commit). If one of them fails, each is tried
        alone, so that it fails alone.
        """
        result: T = await self._writes.do(work)
        return result

    async def read(self, work: Write[T]) -> T:
        """Run ``work`` on a connection of its own; readers do not wait for the writer."""
        try:
            async with self.engine.connect() as connection:
                return await work(connection)
        except (SQLAlchemyError, OSError) as error:
            raise _problem(error) from error

    async def _commit(self, works: list[Write[Any]]) -> list[Any]:
        """Do ``works`` in one transaction.

        A commit that failed is final for all: trying a failed fsync again may report a success that never was.
        """
        results: list[Any] = []
        try:
            async with self._writer.begin() as connection:
                for work in works:
                    results.append(await work(connection))
        except Exception as error:
            problem = _problem(error)
            if len(results) == len(works):
                raise Final(problem) from error
            raise problem from error
        return results


def _problem(error: Exception) -> Exception:
    """``error``, or what it means to a caller where the database itself is in trouble."""
    said = str(getattr(error, "orig", None) or error)
    if "disk is full" in said or "No space left" in said:
        return StorageFull("the disk of the database is full", advice="Free some space.")
    lost = isinstance(error, DBAPIError) and error.connection_invalidated
    if lost or isinstance(error, OSError | PoolTimeout) or any(word in said.lower() for word in TROUBLE):
        return Unavailable(f"the database does not answer: {said.splitlines()[0]}", retry_after=2)
    return error
