"""What is true of an active run at this moment: states of its steps and progress. Lives in memory.

Every change becomes an event. Changes of state are also made durable, in the order of law 5: the action record first,
then the state, then the event. Progress is not stored.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from typing import Any

import msgspec

from artdagd.database import Database
from artdagd.database.clock import now
from artdagd.database.runs import RunRow, StepRow
from artdagd.hooks import RunEvent
from artdagd.plans.model import Plan
from artdagd.runs.events import Events, step_data
from artdagd.runs.machine import RUN_TERMINAL, STEP_TERMINAL, RunStatus, StepStatus, sources_of
from artdagd.runs.views import Progress
from artdagd.runs.wants import Wants

PROGRESS_INTERVAL = 0.2
"""Seconds between two progress events of a run."""

NAMED = 8
"""Workers of one step that are named."""

Observe = Callable[[RunEvent], Awaitable[None]]


class LiveRun:
    """One active run. The execution tells it what happens; readers and listeners see it.

    When another node was given the run, nothing that is said here changes it, nor is told, any more.
    """

    def __init__(self, row: RunRow, database: Database, events: Events, observe: Observe) -> None:
        self.row = row
        """The run as it began here: its status is another by now."""
        self.run_id = row.run_id
        self.fence = row.fence
        self.steps: dict[str, StepRow] = {}
        self._database = database
        self._events = events
        self._observe = observe
        self.wants = Wants()
        """The segments of the output that those wait for who watch."""
        self._fractions: dict[str, float] = {}
        self._on: dict[str, set[str]] = {}
        """On which workers it was told that a step runs."""
        self._told = 0.0
        self._observing: set[asyncio.Task[None]] = set()

    async def enter(self, status: RunStatus, **changes: Any) -> bool:
        """Move the run to ``status`` and tell. False if it can't: it has ended already, or is another node's."""
        if not await self.claim(status, **changes):
            return False
        self.tell(status, **changes)
        return True

    async def claim(self, status: RunStatus, steps: Sequence[StepRow] = (), **changes: Any) -> bool:
        """:meth:`enter` without telling, with ``steps`` as they are by then: of several that want to end a run, one is
        given True."""
        runs, sources = self._database.runs, sources_of(status)
        return await runs.update(self.run_id, sources, fence=self.fence, steps=steps, status=status, **changes)

    def tell(self, status: RunStatus, **changes: Any) -> None:
        """Make it known that the run is in ``status``. A terminal one is the last that listeners hear."""
        self._announce(RunEvent(self.run_id, status, output_cid=changes.get("output_cid")))
        data = {"run_id": self.run_id, "status": status, **_plain(changes)}
        self._events.publish(self.run_id, "run", data, last=status in RUN_TERMINAL)

    async def begin(
        self, plan: Plan, known: Mapping[str, str], moves: Mapping[str, Mapping[str, Any]], **changes: Any
    ) -> bool:
        """Enter ``running`` with the plan's steps, of which ``moves`` (as in :meth:`move`) says how far some are, all
        in one commit. ``known`` gives cache id -> output CID of results that exist. False if the run can't."""
        pending = {
            step.step_id: StepRow(
                run_id=self.run_id,
                step_id=step.step_id,
                position=position,
                type=step.type,
                level=step.level,
                cache_id=step.cache_id,
                pass_id=step.pass_id,
                status="pending",
            )
            for position, step in enumerate(plan.steps)
        }
        moved = _moved(pending, moves)
        self.steps = pending | moved  # before they are stored: who cancels the run meanwhile cancels them
        if not await self.claim("running", list(self.steps.values()), **changes):
            self.steps = {}
            return False
        self.tell("running", **changes)
        self._events.publish(self.run_id, "log", {"message": f"planned {len(self.steps)} steps, {len(known)} known"})
        self._tell_moved(moved)
        return True

    async def change(self, step_ids: Iterable[str], status: StepStatus, **changes: Any) -> None:
        """Move steps to ``status``, durably, then tell."""
        await self.move({step_id: {"status": status, **changes} for step_id in step_ids})

    async def move(self, moves: Mapping[str, Mapping[str, Any]]) -> None:
        """As :meth:`change`, each step with changes of its own (``status`` among them), all in one commit."""
        moved = _moved(self.steps, moves)
        self.steps |= moved
        if moved and await self._database.runs.put_steps(self.run_id, list(moved.values()), fence=self.fence):
            self._tell_moved(moved)

    def progress(self, step_ids: tuple[str, ...], fraction: float, workers: Collection[str] = ()) -> None:
        """Work in flight: the pass of ``step_ids`` is at ``fraction``, and with ``workers`` now."""
        for step_id in step_ids:
            self._fractions[step_id] = fraction
            self._runs_on(step_id, workers)
        if time.monotonic() - self._told >= PROGRESS_INTERVAL:
            self._tell_progress()

    def _runs_on(self, step_id: str, workers: Collection[str]) -> None:
        """Tell which workers have a step when there is one that was not told. It is stored with the step's next state:
        a pass in parts is given out thousands of times."""
        step, now_on = self.steps[step_id], set(workers)
        if step.status != "running" or now_on <= self._on.get(step_id, set()):
            return
        self._on[step_id] = now_on
        names = sorted(now_on)
        more = [f"{len(names) - NAMED} more"] if len(names) > NAMED else []
        self.steps[step_id] = msgspec.structs.replace(step, worker=", ".join([*names[:NAMED], *more]))
        self._events.publish(self.run_id, "step", step_data(self.steps[step_id]))

    def fraction(self, step_id: str) -> float:
        step = self.steps[step_id]
        done = step.status in ("completed", "cached", "fused")
        return 1.0 if done else self._fractions.get(step_id, 0.0) if step.status == "running" else 0.0

    def overall(self) -> Progress:
        done = sum(step.status in STEP_TERMINAL for step in self.steps.values())
        total = len(self.steps)
        return Progress(done, total, sum(map(self.fraction, self.steps)) / total if total else 0.0)

    def _tell_moved(self, moved: Mapping[str, StepRow]) -> None:
        for step in moved.values():
            self._events.publish(self.run_id, "step", step_data(step))
            self._announce(RunEvent(self.run_id, step.status, step.step_id, step.output_cid))
        if moved:
            self._tell_progress()

    def _tell_progress(self) -> None:
        self._told = time.monotonic()
        progress = self.overall()
        data = {"done": progress.done, "total": progress.total, "fraction": round(progress.fraction, 4)}
        running = {k: round(v, 4) for k, v in self._fractions.items() if self.steps[k].status == "running"}
        self._events.publish(self.run_id, "progress", {**data, "steps": running})

    def _announce(self, event: RunEvent) -> None:
        task = asyncio.ensure_future(self._observe(event))
        self._observing.add(task)
        task.add_done_callback(self._observing.discard)


def _moved(steps: Mapping[str, StepRow], moves: Mapping[str, Mapping[str, Any]]) -> dict[str, StepRow]:
    """Those of ``steps`` that ``moves`` moves, as they are then: what has ended stays."""
    moved = {}
    for step_id, changes in moves.items():
        step = steps[step_id]
        if step.status in STEP_TERMINAL:
            continue
        times = {"started_at": now()} if changes["status"] == "running" else {}
        if changes["status"] in STEP_TERMINAL:
            times = {"finished_at": now()}
        moved[step_id] = msgspec.structs.replace(step, **times, **changes)
    return moved


def _plain(changes: dict[str, Any]) -> dict[str, Any]:
    return {key: msgspec.to_builtins(value) for key, value in changes.items()}
