"""Viewers of runs that another node makes: what they wait for is told through the database, where that node looks."""

from __future__ import annotations

import asyncio
import logging
import time

from artdagd.database import Database
from artdagd.runs.membership import Membership
from artdagd.runs.wants import PATIENCE, Wants

log = logging.getLogger(__name__)

PAUSE = 1.0
"""Seconds between two words on a run at least."""

RENEWED = 2.0
"""Seconds after which what has not changed is said again; :data:`PATIENCE` after the last word nobody waits."""

RUNS = 64
"""Runs of other nodes of which it is told what is waited for; viewers of more see what comes."""


class Afar:
    """A task for each run that somebody waits for at this node, as long as somebody does."""

    def __init__(self, database: Database, membership: Membership) -> None:
        self._database, self._membership = database, membership
        self._wants: dict[str, Wants] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def close(self) -> None:
        """Tell nothing any more: what was told expires."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def of(self, run_id: str) -> Wants:
        """Where viewers of a run that another node makes say what they wait for: each time, as it may be another."""
        wants = self._wants.get(run_id)
        if wants is None:
            wants = Wants()
            if len(self._wants) < RUNS:
                self._wants[run_id] = wants
                task = asyncio.create_task(self._tell(run_id, wants), name=f"wants {run_id}")
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
        return wants

    async def _tell(self, run_id: str, wants: Wants) -> None:
        told: list[int] = []
        again = 0.0
        try:
            while (asked := wants.segments()) or told:
                if asked != told or time.monotonic() >= again:
                    await self._say(run_id, asked)
                    told, again = asked, time.monotonic() + RENEWED
                if told:
                    await asyncio.sleep(PAUSE)
        finally:
            del self._wants[run_id]

    async def _say(self, run_id: str, segments: list[int]) -> None:
        table, node = self._database.wants, self._membership.node_id
        try:
            await (table.put(run_id, node, segments, PATIENCE) if segments else table.drop(run_id, node))
        except Exception as error:
            log.warning("can't tell what is waited for of run %s: %s", run_id, error)
