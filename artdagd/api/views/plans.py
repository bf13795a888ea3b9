"""Pages of plans: steps as a graph and as a list, and why each was computed or was not."""

from __future__ import annotations

import asyncio
from typing import Any

from artdagd.api.calls import Call
from artdagd.api.views.graph import Drawing, drawing, nodes
from artdagd.errors import ArtdagError
from artdagd.runs.views import Explanation, PlanView, RunView

FLAT = 24
"""Steps that are shown with all that is known of them; of more, each level is folded."""

LEVELS = 100
"""Levels that are shown of a plan that is folded."""

EACH = 200
"""Steps that are shown of one level, and passes."""


async def plan(call: Call, it: PlanView) -> dict[str, Any]:
    """``told`` are the steps of an explanation by id, ``passes`` the number of each pass by its id."""
    run_id = named(call)
    run = await call.services.runs.get(run_id, call.who)
    told = await explained(call, run_id)
    became = {step.step_id: step for step in run.steps}
    return {
        "run": run,
        "drawing": await asyncio.to_thread(graph, it, run),
        "by_id": {step.step_id: step for step in it.steps},
        "became": became,
        "told": {step.step_id: step for step in told.steps} if told else {},
        "against": told.against if told else None,
        "passes": {item.pass_id: number for number, item in enumerate(it.passes, 1)},
        "flat": len(it.steps) <= FLAT,
        "shown": LEVELS,
        "each": EACH,
    }


async def explained(call: Call, run_id: str, against: str | None = None) -> Explanation | None:
    """Why the steps of a run were computed; None where that can't be told."""
    try:
        return await call.services.runs.explain(run_id, call.who, against)
    except ArtdagError:
        return None


async def drawn(call: Call, it: RunView) -> dict[str, Any]:
    """A run's plan as ``drawing``, with how far each step is, and the name of its ``output``; both are None where there
    is no plan yet. What is too large is not drawn."""
    if it.plan_id is None:
        return {"drawing": None, "output": None}
    try:
        found = await call.services.runs.plan_of(it.run_id, call.who)
    except ArtdagError:
        return {"drawing": None, "output": None}
    return {"drawing": await asyncio.to_thread(graph, found, it), "output": found.output}


def graph(it: PlanView, run: RunView) -> Drawing | None:
    """The plan as a drawing, with the states of a run's steps, and its passes as groups."""
    reads = ((step.step_id, step.type, step.inputs) for step in it.steps)
    inputs = ((name, "input") for name in it.inputs)
    configs = {step.step_id: step.config for step in it.steps}
    states = {step.step_id: step.status for step in run.steps}
    passes = {f"pass {number}": item.steps for number, item in enumerate(it.passes, 1)}
    return drawing(nodes(inputs, reads, configs, states), passes)


def named(call: Call) -> str:
    """The run that a page is about, whose answer does not name it."""
    arguments: dict[str, str] = call.request.view_args or {}
    return arguments["run_id"]
