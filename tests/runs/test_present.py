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


async def test_a_running_step_says_on_which_workers_it_is():
    """Once for each that comes to it, and nothing is stored of it."""

    async def observe(_: object) -> None:
        raise AssertionError("its state is the same")

    row = RunRow(run_id="r", owner="ann", status="running", created_at="2026")
    step = StepRow(run_id="r", step_id="out", position=0, type="EFFECT", level=0, status="running")
    events = Events()
    live = LiveRun(row, None, events, observe)  # type: ignore[arg-type]
    live.steps = {"out": step}
    for workers in ([], ["w1"], ["w2", "w1"], ["w2"], ["w1", "w2"], [f"w{number}" for number in range(1, 13)], []):
        live.progress(("out",), 0.5, workers)
    events.publish("r", "run", {"status": "completed"}, last=True)
    told = [event.data["worker"] async for event in events.follow("r", None) if event.event == "step"]
    assert told == ["w1", "w1, w2", "w1, w10, w11, w12, w2, w3, w4, w5, 4 more"]
    assert run_view(row, [step], live).steps[0].worker == told[-1]
