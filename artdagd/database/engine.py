"""The state store: one writer with group commit, many readers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from artdagd.database import opening, trouble
from artdagd.database.together import Final, Together
from artdagd.errors import Unavailable

if TYPE_CHECKING:
    from artdagd.database.actions import Actions
    from artdagd.database.blobs import Blobs
    from artdagd.database.claims import Claims
    from artdagd.database.fetched import Fetched
    from artdagd.database.leases import Leases
    from artdagd.database.lineage import Lineage
    from artdagd.database.nodes import Nodes
    from artdagd.database.plugin_values import PluginValues
    from artdagd.database.providers import Providers
    from artdagd.database.publications import Publications
    from artdagd.database.recipes import Recipes
    from artdagd.database.replicas import Replicas
    from artdagd.database.runs import Runs
    from artdagd.database.sessions import Sessions
    from artdagd.database.tokens import TokenTable
    from artdagd.database.turns import Turns
    from artdagd.database.wants import Wants

T = TypeVar("T")
Write = Callable[[AsyncConnection], Awaitable[T]]


class Database:
    """The state store. Repositories are its attributes; every write goes through :meth:`write`.

    Reads and writes raise Away (an Unavailable) when the database does not answer, Unavailable when its machine is in
    trouble, and StorageFull when its disk is full.
    """

    actions: Actions
    blobs: Blobs
    claims: Claims
    fetched: Fetched
    leases: Leases
    lineage: Lineage
    nodes: Nodes
    plugin_values: PluginValues
    providers: Providers
    publications: Publications
    recipes: Recipes
    replicas: Replicas
    runs: Runs
    sessions: Sessions
    tokens: TokenTable
    turns: Turns
    wants: Wants

    def __init__(self, engine: AsyncEngine) -> None:
        from artdagd.database.actions import Actions
        from artdagd.database.blobs import Blobs
        from artdagd.database.claims import Claims
        from artdagd.database.fetched import Fetched
        from artdagd.database.leases import Leases
        from artdagd.database.lineage import Lineage
        from artdagd.database.nodes import Nodes
        from artdagd.database.plugin_values import PluginValues
        from artdagd.database.providers import Providers
        from artdagd.database.publications import Publications
        from artdagd.database.recipes import Recipes
        from artdagd.database.replicas import Replicas
        from artdagd.database.runs import Runs
        from artdagd.database.sessions import Sessions
        from artdagd.database.tokens import TokenTable
        from artdagd.database.turns import Turns
        from artdagd.database.wants import Wants

        self.engine = engine
        self._writer = engine.execution_options(**opening.WRITER)
        self._writes: Together[Write[Any], Any] = Together(self._commit)
        self.actions = Actions(self)
        self.blobs = Blobs(self)
        self.claims = Claims(self)
        self.fetched = Fetched(self)
        self.leases = Leases(self)
        self.lineage = Lineage(self)
        self.nodes = Nodes(self)
        self.plugin_values = PluginValues(self)
        self.providers = Providers(self)
        self.publications = Publications(self)
        self.recipes = Recipes(self)
        self.replicas = Replicas(self)
        self.runs = Runs(self)
        self.sessions = Sessions(self)
        self.tokens = TokenTable(self)
        self.turns = Turns(self)
        self.wants = Wants(self)

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
        """Run ``work`` on a connection of its own; readers do not wait for the writer. It may be run again."""
        patience = trouble.Patience()
        while True:
            try:
                async with self.engine.connect() as connection:
                    return await work(connection)
            except Exception as error:
                if trouble.gone(error) and await patience.more():
                    continue
                _raise(error)

    async def _commit(self, works: list[Write[Any]]) -> list[Any]:
        """Do ``works`` in one transaction: again, if it is known that nothing of it was kept.

        A commit that failed is final for all: trying a failed fsync again may report a success that never was. But of
        one whose answer was lost with the connection PostgreSQL knows how it ended.
        """
        patience = trouble.Patience()
        while True:
            attempt = _Attempt(works)
            try:
                async with self._writer.begin() as connection:
                    return await attempt.make(connection)
            except Exception as error:
                ended = "aborted"
                if attempt.whole and not trouble.rolled_back(error):
                    ended = await self._outcome(attempt, patience) if trouble.gone(error) else "unknown"
                if ended == "committed":
                    return attempt.results
                again = trouble.gone(error) or trouble.rolled_back(error)
                if again and ended == "aborted" and await patience.more():
                    continue
                problem = trouble.problem(error)
                if attempt.whole or isinstance(problem, Unavailable):
                    raise Final(problem) from error
                raise problem from error

    async def _outcome(self, attempt: _Attempt, patience: trouble.Patience) -> str:
        """How a transaction ended whose commit was not answered: ``committed``, ``aborted`` or ``unknown``."""
        while attempt.number:
            try:
                async with self.engine.connect() as connection:
                    asked = text("SELECT pg_xact_status(CAST(CAST(:number AS text) AS xid8))")
                    ended = (await connection.execute(asked, {"number": attempt.number})).scalar()
                    if ended != "in progress":
                        return str(ended or "unknown")
            except Exception as error:
                if not trouble.gone(error):
                    return "unknown"
            if not await patience.more():
                break
        return "unknown"


class _Attempt:
    """One try of a transaction; ``number`` is PostgreSQL's for it."""

    def __init__(self, works: list[Write[Any]]) -> None:
        self._works = works
        self.results: list[Any] = []
        self.number = ""

    @property
    def whole(self) -> bool:
        """Whether all is done but the commit."""
        return len(self.results) == len(self._works)

    async def make(self, connection: AsyncConnection) -> list[Any]:
        if connection.dialect.name == "postgresql":
            self.number = (await connection.execute(text("SELECT CAST(pg_current_xact_id() AS text)"))).scalar_one()
        for work in self._works:
            self.results.append(await work(connection))
        return self.results


def _raise(error: Exception) -> NoReturn:
    problem = trouble.problem(error)
    if problem is error:
        raise error
    raise problem from error
