"""Of several nodes that want one result, one makes it: that it is its turn is in the database while it does."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from artdagd.database import Database
from artdagd.errors import ArtdagError
from artdagd.runs.membership import Membership

log = logging.getLogger(__name__)

T = TypeVar("T")

PAUSE = 0.5
"""Seconds between two looks of one that waits for another node."""

PATIENCE = 30.0
"""Seconds for which a node waits until storage has what another one has just made or been given."""


class Turns:
    """Nothing is wrong when two make the same: it is wasted work. A node that is alone notes nothing."""

    def __init__(self, database: Database, membership: Membership | None = None) -> None:
        self._turns = database.turns
        self._membership = membership
        self._owed: set[str] = set()
        self._ending: set[asyncio.Task[None]] = set()

    @property
    def others(self) -> bool:
        """Whether there are nodes that may have, or be making, what this one wants."""
        return self._node is not None

    async def close(self) -> None:
        """Give back no more: the node leaves, and its turns with it."""
        for task in self._ending:
            task.cancel()
        await asyncio.gather(*self._ending, return_exceptions=True)

    @property
    def _node(self) -> Membership | None:
        """This node, if there are others."""
        return self._membership if self._membership and self._membership.others else None

    async def once(
        self,
        cache_id: str,
        look: Callable[[], Awaitable[T | None]],
        make: Callable[[], Awaitable[T]],
        shared: Callable[[T], Awaitable[bool]],
    ) -> T:
        """What ``look()`` finds, or else what ``make()`` gives when this node's turn has come.

        The turn is over when other nodes can have the result (``shared``), or ``PATIENCE`` seconds later.
        """
        found = await look()
        if found is not None:
            return found
        node = self._node
        if node is None:
            return await make()
        while not await self._turns.take(cache_id, node.node_id, node.epoch):
            while True:
                await asyncio.sleep(PAUSE)
                if (found := await look()) is not None:
                    return found
                if not await self._turns.held(cache_id):
                    break
        self._owed.discard(cache_id)
        made = None
        try:
            # Another may have made it before it was our turn.
            found = await look()
            if found is None:
                found = made = await make()
            return found
        finally:
            over = asyncio.create_task(self._over(cache_id, shared, made))
            self._ending.add(over)
            over.add_done_callback(self._ending.discard)

    async def wait(self, lacking: Callable[[], Awaitable[bool]]) -> None:
        """Until what another node has is ``lacking`` no more, for ``PATIENCE`` seconds at most."""
        until = time.monotonic() + PATIENCE
        while self._node is not None and await lacking() and time.monotonic() < until:  # noqa: ASYNC110 - the database
            await asyncio.sleep(PAUSE)

    async def _over(self, cache_id: str, shared: Callable[[T], Awaitable[bool]], made: T | None) -> None:
        async def lacking() -> bool:
            return made is not None and not await shared(made)

        try:
            await self.wait(lacking)
        except ArtdagError as error:
            log.warning("can't tell whether other nodes can have %s: %s", cache_id, error)
        self._owed.add(cache_id)
        await self.settle()

    async def settle(self) -> None:
        """Give back what is over; what can't be given back now is tried again at the next call."""
        over = list(self._owed)
        if self._membership is None or not over:
            return
        try:
            await self._turns.drop(over, self._membership.node_id, self._membership.epoch)
        except Exception as error:
            log.warning("can't give back %d turns: %s", len(over), error)
        else:
            self._owed.difference_update(over)
