"""The runs that are this node's, each a task of the event loop: taken up when they come to it, dropped when they go."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Iterable

from artdagd.database import Database
from artdagd.database.clock import now
from artdagd.database.runs import RunRow
from artdagd.runs.binding import Binder
from artdagd.runs.events import Events
from artdagd.runs.execution import Planner, Planning
from artdagd.runs.live import LiveRun, Observe
from artdagd.runs.machine import RUN_TERMINAL
from artdagd.runs.membership import Membership
from artdagd.runs.performance import Performance, Stage
from artdagd.runs.places import Places

log = logging.getLogger(__name__)

TAKEN = 16
"""Runs of other nodes that are taken at one look: who looks next takes the next."""


ASK_SECONDS = 30.0
"""After which storage providers are asked again for what a run of a dead node begins with."""


class Active:
    """Performs runs. Of those that other nodes had, it takes the ones whose media can be had here."""

    def __init__(
        self,
        stage: Stage,
        planner: Planner,
        binder: Binder,
        events: Events,
        observe: Observe,
        places: Places,
        membership: Membership,
    ) -> None:
        self.places = places
        self._stage = stage
        self._database: Database = stage.database
        self._planner = planner
        self._binder = binder
        self._events = events
        self._observe = observe
        self._membership = membership
        self._live: dict[str, LiveRun] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._adrift: set[str] = set()
        self._asked: dict[str, float] = {}

    @property
    def node_id(self) -> str:
        return self._membership.node_id

    def elsewhere(self, row: RunRow) -> bool:
        """Whether another node has a run that has not ended."""
        return row.status not in RUN_TERMINAL and row.node_id not in (None, self.node_id)

    def get(self, run_id: str) -> LiveRun | None:
        return self._live.get(run_id)

    async def resume(self) -> int:
        """Take up what this node left unfinished, and what others left to whoever is there. Returns how many."""
        if self._membership.alone:
            rows = await self._database.runs.unfinished()
            for row in rows:
                self.perform(row)
            return len(rows)
        self._membership.watch(self.look)
        return await self._take(await self._database.leases.free(self.node_id, self._membership.domain))

    async def close(self) -> None:
        """Stop without ending the runs: they are resumed at the next start, or by another node."""
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    def perform(self, row: RunRow, what: Planning | None = None) -> None:
        """Start a run that is this node's, by ``row.fence``; ``what`` it plans, where that was just found out."""
        live = self._live[row.run_id] = LiveRun(row, self._database, self._events, self._observe)
        performance = Performance(self._stage, self._planner, self._binder, live, what)
        task = asyncio.create_task(performance.perform(row), name=f"run {row.run_id}")
        self._tasks[row.run_id] = task
        self.places.take(row.owner)
        task.add_done_callback(lambda done: self._ended(row.run_id, row.owner, done))

    async def cancel(self, run_id: str) -> bool:
        """Cancel an active run, whichever node has it. False if it has ended by itself."""
        live, task, finished_at = self._live.get(run_id), self._tasks.get(run_id), now()
        if live is not None and await live.claim("cancelled", finished_at=finished_at):
            await _stopped(task)
            await live.change(tuple(live.steps), "cancelled")
            live.tell("cancelled", finished_at=finished_at)
            return True
        # Its node sees at its next look that it has lost the run, and stops.
        return await self._database.leases.cancel(run_id, finished_at)

    async def look(self) -> None:
        """Drop the runs that were given to another node, ended or deleted there; take those that are free."""
        before = dict(self._live)
        fences = await self._database.leases.fences(before)
        for run_id, live in before.items():
            lost = self._membership.fenced or fences.get(run_id) != live.fence
            if lost and self._live.get(run_id) is live:
                await self._drop(live)
        await self._hear()
        if not self._membership.fenced:
            await self._take(await self._free())

    async def _hear(self) -> None:
        """What those wait for who watch through other nodes."""
        if not self._membership.others:
            return
        asked = await self._database.wants.of(self._live)
        for run_id, live in self._live.items():
            live.wants.elsewhere(asked.get(run_id, {}))

    async def _free(self) -> list[RunRow]:
        """What may be taken now. A run of our own that is not performed (the database was away) is seen twice first:
        it may be one that is just being accepted."""
        membership = self._membership
        departed_only = not membership.may_take
        rows = await self._database.leases.free(self.node_id, membership.domain, departed_only=departed_only)
        idle = [row for row in rows if row.run_id not in self._live]
        own = {row.run_id for row in idle if row.node_id == self.node_id}
        before, self._adrift = self._adrift, own
        return [row for row in idle if row.run_id not in own or row.run_id in before]

    async def _take(self, rows: Iterable[RunRow]) -> int:
        count = others = 0
        for row in rows:
            if row.node_id not in (None, self.node_id):
                if others == TAKEN:
                    break
                if not await self._within_reach(row):
                    continue
                others += 1
            taken = await self._database.leases.take(row, self.node_id)
            if taken is not None:
                count += 1
                self.perform(taken)
        if others:
            log.info("took %d runs of nodes that are gone", others)
        return count

    async def _within_reach(self, row: RunRow) -> bool:
        """Whether all that a run begins with can be had here. If not it is left to wait for its node's return."""
        store, moment = self._stage.store, time.monotonic()
        lacking = row.begins_with - await store.reachable(row.begins_with)
        asked = self._asked.get(row.run_id)
        if lacking and (asked is None or moment >= asked + ASK_SECONDS):
            # A node that was killed has noted no copy that it made at the last moment: providers are asked themselves.
            self._asked[row.run_id] = moment
            lacking = {cid for cid in lacking if not await store.providers.found(cid)}
            if lacking and asked is None:
                log.warning("run %s waits for its node, which is gone: %s can't be had here", row.run_id, min(lacking))
        return not lacking

    async def _drop(self, live: LiveRun) -> None:
        await _stopped(self._tasks.get(live.run_id))
        row = await self._database.runs.get(live.run_id)
        log.info("run %s is no longer this node's: it is %s", live.run_id, row.status if row else "deleted")
        if row is None or row.status not in RUN_TERMINAL:
            self._events.leave(live.run_id)
        elif row.node_id == self.node_id:  # cancelled through another node: it is for this one to tell
            live.tell(row.status, finished_at=row.finished_at)
        else:
            self._events.end(row)

    def _ended(self, run_id: str, owner: str, task: asyncio.Task[None]) -> None:
        self.places.free(owner)
        if self._tasks.get(run_id) is task:
            del self._tasks[run_id]
            del self._live[run_id]
        if task.cancelled():
            return
        if error := task.exception():
            log.error("run %s broke", run_id, exc_info=error)
        if not self._membership.alone:
            # If it ended without a last word, another node has it.
            self._events.leave(run_id)


async def _stopped(task: asyncio.Task[None] | None) -> None:
    if task is not None:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
