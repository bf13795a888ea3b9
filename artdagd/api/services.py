"""What the API is given. The composition root fills it in; nothing here reaches past these doors."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from artdagd.settings import Settings

if TYPE_CHECKING:
    from artdagd.auth.authority import Authority
    from artdagd.runs.fetching import Fetching
    from artdagd.runs.keeping import Keeper
    from artdagd.runs.library import Library
    from artdagd.runs.lineage import Lineage
    from artdagd.runs.membership import NodeView
    from artdagd.runs.previews import Previews
    from artdagd.runs.publishing import Publishing
    from artdagd.runs.recipes import RecipeBook
    from artdagd.runs.reproducing import Reproducer
    from artdagd.runs.service import RunService
    from artdagd.runs.storage import Storage
    from artdagd.runs.verifying import Verifier
    from artdagd.runs.watching import Watching


class Describes(Protocol):
    """The catalogue: one mapping for each step type, effect and analyzer, as ``GET /api/steps`` answers them."""

    def describe(self) -> list[dict[str, Any]]: ...


class Reports(Protocol):
    """The plugin manager: one record for each plugin, loaded or not."""

    def report(self) -> Sequence[Any]: ...


class Exchanges(Protocol):
    """The leases of workers that don't see the node's folder."""

    def input(self, ticket: str, cid: str) -> tuple[str, int]: ...

    async def receive(
        self, ticket: str, digest: str, size: int, chunks: Callable[[int], AsyncIterator[bytes]]
    ) -> None: ...


@dataclass(frozen=True, slots=True)
class Services:
    """Everything that the API needs of a node. ``ready`` is true while the node accepts work; ``troubles`` says why it
    is degraded, in words for everybody."""

    settings: Settings
    version: str
    ready: Callable[[], bool]
    troubles: Callable[[], Sequence[str]]
    catalogue: Describes
    plugins: Reports
    workers: Callable[[], Sequence[Any]]
    exchange: Exchanges
    nodes: Callable[[], Awaitable[Sequence[NodeView]]]
    authority: Authority
    library: Library
    lineage: Lineage
    keeper: Keeper
    verifier: Verifier
    reproducer: Reproducer
    watching: Watching
    fetching: Fetching
    previews: Previews
    publishing: Publishing
    storage: Storage
    recipes: RecipeBook
    runs: RunService
