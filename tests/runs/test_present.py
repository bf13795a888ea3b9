"""A run as it is shown."""

from __future__ import annotations

from artdagd.database.runs import RunRow, StepRow
from artdagd.runs.events import Events
from artdagd.runs.live import LiveRun
from artdagd.runs.present import run_view


async def test_a_run_that_was_just_taken_up_is_shown_as_it_is_kept():
    """Its node was started again, or another had it: it is not planned yet, and its steps are in the database."""

    async def observe(_: object) -> None:
        raise AssertionError("nothing has happened")

    row = RunRow(run_id="r", owner="ann", status="running", created_at="2026")
    steps = [
        StepRow(run_id="r", step_id=name, position=n, type="EFFECT", level=n, status=status)
        for n, (name, status) in enumerate({"first": "completed", "second": "running"}.items())
    ]
    live = LiveRun(row, None, Events(), observe)  # type: ignore[arg-type]
    shown = run_view(row, steps, live)
    assert [(step.status, step.fraction) for step in shown.steps] == [("completed", 1.0), ("running", 0.0)]
