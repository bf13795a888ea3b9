"""Pages of runs: the list, and one run with how far it is, its steps and its result."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, get_args
from urllib.parse import urlencode

import msgspec

from artdagd.api.calls import Call
from artdagd.api.views.lists import STEPS, turn
from artdagd.api.views.media import player
from artdagd.api.views.plans import drawn
from artdagd.errors import ArtdagError
from artdagd.runs.machine import RUN_TERMINAL, RunStatus, StepStatus
from artdagd.runs.views import Page, RunView, StepView
from artdagd.runs.watching import Scene

FLAT = 24
"""Steps that are listed at once; of more, levels that are finished are folded."""

LEAST = 0.03
"""Share of the work that must be done before it is told how long the rest takes."""

ADDRESS = 4000
"""Letters of the address of a recipe's form that is filled in; a longer one is not filled in."""

DONE = ("completed", "cached", "fused")


async def runs(call: Call, it: Page[RunView]) -> dict[str, Any]:
    """``results`` are the entries of the outputs, by CID."""
    results = await call.services.library.entries([run.output_cid for run in it.items if run.output_cid], call.who)
    return {
        "turn": turn(call),
        "states": get_args(RunStatus),
        "tally": await call.services.runs.tally(call.who),
        "results": results,
        "live": any(run.status not in RUN_TERMINAL for run in it.items),
        "ended": RUN_TERMINAL,
        "elapsed": elapsed,
        "called": called,
    }


class Level(msgspec.Struct, frozen=True):
    """The steps of a level; ``done`` of them are there, and ``open`` says that it is worth a look."""

    number: int
    steps: list[StepView]
    done: int
    open: bool


async def run(call: Call, it: RunView) -> dict[str, Any]:
    """``result`` is the output's entry, ``player`` how to show it, ``media`` the inputs by name, ``left`` seconds;
    ``watched`` is what there is to watch of it while it renders; ``registry`` is where the result may be
    published."""
    library = call.services.library
    entries = await library.entries([*it.inputs.values(), *([it.output_cid] if it.output_cid else [])], call.who)
    result = entries.get(it.output_cid or "")
    took = elapsed(it)
    return {
        "active": it.status not in RUN_TERMINAL,
        "result": result,
        "player": await player(call, result) if result else {},
        "media": {name: entries.get(cid) for name, cid in it.inputs.items()},
        "registry": call.services.publishing.label,
        "called": called(it),
        "elapsed": took,
        "ready": ready(it),
        "left": left(it, took),
        "watched": await watched(call, it),
        "levels": levels(it.steps[:STEPS]),
        "more": len(it.steps) - STEPS,
        "counts": counts(it.steps),
        "reason": reason(it),
        "again": await again(call, it),
        "flat": FLAT,
        **await drawn(call, it),
    }


def called(it: RunView) -> str:
    """What to call a run: its recipe's name, or its effect's."""
    return (it.recipe.name if it.recipe else it.effect) or "plan"


def elapsed(it: RunView) -> float | None:
    """Seconds that a run has taken until now, or took; None before it was started."""
    if it.started_at is None:
        return None
    end = datetime.fromisoformat(it.finished_at) if it.finished_at else datetime.now(UTC)
    return max(0.0, (end - datetime.fromisoformat(it.started_at)).total_seconds())


def ready(it: RunView) -> float:
    """The share of the steps that was there before: it says nothing of how fast the rest is."""
    return sum(step.cached for step in it.steps) / len(it.steps) if it.steps else 0.0


async def watched(call: Call, it: RunView) -> Scene | None:
    """What there is to watch of an active run while it renders; None if that is not known."""
    if it.status in RUN_TERMINAL or it.plan_id is None:
        return None
    try:
        return await call.services.watching.scene(it.plan_id)
    except ArtdagError:
        return None


def left(it: RunView, took: float | None) -> float | None:
    """Seconds until an active run has ended if it goes on as it went; None where that can't be told yet."""
    there = ready(it)
    share = (it.progress.fraction - there) / (1 - there) if there < 1 else 0.0
    if it.status != "running" or took is None or share < LEAST:
        return None
    return took * (1 - share) / share


def counts(steps: Sequence[StepView]) -> list[tuple[str, int]]:
    """How many steps are in each state that there are any in."""
    found = dict.fromkeys(get_args(StepStatus), 0)
    for step in steps:
        found[step.status] += 1
    return [(status, count) for status, count in found.items() if count]


def levels(steps: Sequence[StepView]) -> list[Level]:
    by_level: dict[int, list[StepView]] = {}
    for step in steps:
        by_level.setdefault(step.level, []).append(step)
    found = []
    for number, ones in sorted(by_level.items()):
        done = sum(step.status in DONE for step in ones)
        busy = any(step.status in ("running", "ready", "failed") for step in ones)
        found.append(Level(number, ones, done, len(steps) <= FLAT or busy))
    return found


def reason(it: RunView) -> str:
    """Why a run failed, without what to do about it."""
    if it.error is None:
        return ""
    return it.error.detail.removesuffix(f"{it.error.advice.rstrip('.')}.").rstrip() or it.error.detail


async def again(call: Call, it: RunView) -> str:
    """The address of the recipe's form with this run's inputs and params in it; empty if the recipe is not there."""
    if it.recipe is None or it.effect:
        return ""
    try:
        await call.services.recipes.get(it.recipe.recipe_id, call.who)
    except ArtdagError:
        return ""
    fields = {f"inputs.{name}": cid for name, cid in it.inputs.items()}
    fields |= {f"params.{name}": _field(value) for name, value in it.params.items()}
    asked = urlencode(fields)
    return f"/recipe/{it.recipe.recipe_id}{f'?{asked}' if asked and len(asked) <= ADDRESS else ''}#run"


def _field(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
