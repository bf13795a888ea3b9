"""Following a run that another node has: its events as the database tells them, a second late at most."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from typing import Any

from artdagd.database import Database
from artdagd.runs.events import run_data, step_data
from artdagd.runs.machine import RUN_TERMINAL
from artdagd.runs.present import overall
from artdagd.runs.views import Event

PAUSE = 1.0
"""Seconds between two looks."""


async def follow(database: Database, run_id: str, after: int, here: Callable[[], bool]) -> AsyncGenerator[Event, None]:
    """Events with ids from ``after + 1`` on, until the run has ended; a ``resync`` is the last one if it was deleted,
    or is on this node (``here()``) by now and can be followed there."""
    seen: dict[str, str] = {}
    status = progress = None
    while True:
        steps = await database.runs.steps(run_id)
        row = await database.runs.get(run_id)
        if row is None or here():
            yield Event(after + 1, "resync", {"run_id": run_id})
            return
        found: list[tuple[str, dict[str, Any]]] = []
        if row.status != status and row.status not in RUN_TERMINAL:
            found.append(("run", run_data(row)))
        found += [("step", step_data(step)) for step in steps if seen.get(step.step_id, "pending") != step.status]
        now = overall(row, steps)
        if steps and now != progress:
            data = {"done": now.done, "total": now.total, "fraction": round(now.fraction, 4), "steps": {}}
            found.append(("progress", data))
        if row.status in RUN_TERMINAL:
            found.append(("run", run_data(row)))
        for after, (name, data) in enumerate(found, after + 1):  # noqa: B020 - ids go on from the last one
            yield Event(after, name, data)
        if row.status in RUN_TERMINAL:
            return
        status, progress, seen = row.status, now, {step.step_id: step.status for step in steps}
        await asyncio.sleep(PAUSE)
