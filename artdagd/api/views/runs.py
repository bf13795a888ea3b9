"""Pages of runs: the result, what every step left, the plan as a graph, what an analysis found as plots."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, get_args

import msgspec

from artdagd.api.calls import Call
from artdagd.api.views.graph import drawing, nodes
from artdagd.api.views.lists import turn
from artdagd.api.views.media import kind_of, player, still
from artdagd.errors import NotFound
from artdagd.runs.machine import RUN_TERMINAL, RunStatus
from artdagd.runs.views import Entry, Page, PlanView, RunView

COLUMNS = 600
"""Points of a plot; of more values each shows the greatest of several."""

SHOWN = 200
"""Results that the page of a run's results shows."""

MARKS = 2000
"""Moments that are marked in a plot."""


async def runs(call: Call, it: Page[RunView]) -> dict[str, Any]:
    return {"turn": turn(call), "states": get_args(RunStatus)}


async def run(call: Call, it: RunView) -> dict[str, Any]:
    """``result`` is the output's entry, ``player`` how to show it, ``media`` the inputs by name."""
    result = await _entry(call, it.output_cid)
    return {
        "active": it.status not in RUN_TERMINAL,
        "result": result,
        "player": await player(call, result) if result else {},
        "media": {name: await _entry(call, cid) for name, cid in it.inputs.items()},
    }


async def artifacts(call: Call, it: RunView) -> dict[str, Any]:
    """``found`` are the steps with results: with their entry, where they are media of the caller's; ``more`` of them
    are not shown."""
    every = [step for step in it.steps if step.output_cid]
    steps = every[-SHOWN:]
    entries = [await _entry(call, step.output_cid) for step in steps]
    return {
        "found": list(zip(steps, entries, strict=True)),
        "more": len(every) - len(steps),
        "still": still,
        "kind_of": kind_of,
    }


async def plan(call: Call, it: PlanView) -> dict[str, Any]:
    reads = ((step.step_id, step.type, step.inputs) for step in it.steps)
    inputs = ((name, "input") for name in it.inputs)
    return {
        "run_id": _run_id(call),
        "drawing": drawing(nodes(inputs, reads)),
        "by_id": {s.step_id: s for s in it.steps},
    }


class Plot(msgspec.Struct, frozen=True):
    """A curve in a box of ``COLUMNS`` by 100: ``points`` as SVG says them; ``top`` is the value at its upper edge."""

    name: str
    points: str
    top: float


class Found(msgspec.Struct, frozen=True):
    """What one analysis found. ``marks`` is an SVG path with a stroke at each moment of the ``marked`` feature."""

    name: str
    cid: str
    facts: list[tuple[str, str]]
    plots: list[Plot]
    marks: str
    marked: str
    duration: float


async def analysis(call: Call, it: dict[str, Any]) -> dict[str, Any]:
    found = [_found(name, one["cid"], one["features"]) for name, one in it.items()]
    return {"run_id": _run_id(call), "found": found, "columns": COLUMNS}


def _found(name: str, cid: str, features: dict[str, Any]) -> Found:
    curves = dict(_curves(features))
    moments = {key: value for key, value in features.items() if _is_moments(value)}
    duration = max(
        [curve["hop"] * len(curve["values"]) for curve in curves.values()]
        + [value[-1] for value in moments.values() if value],
        default=0.0,
    )
    marked = next((key for key in ("beats", "onsets", *moments) if moments.get(key)), "")
    facts = [(key, f"{value:g}") for key, value in features.items() if isinstance(value, int | float)]
    facts += [(key, value) for key, value in features.items() if isinstance(value, str)]
    facts += [(key, _told(value)) for key, value in moments.items()]
    return Found(
        name,
        cid,
        facts,
        [_plot(key, curve["values"]) for key, curve in curves.items()],
        _marks(moments.get(marked, ()), duration),
        marked,
        duration,
    )


def _curves(features: dict[str, Any], above: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every curve, also of those that stand together under one name."""
    for key, value in features.items():
        if not isinstance(value, dict):
            continue
        if _is_moments(value.get("values")) and isinstance(value.get("hop"), int | float):
            yield above + key, value
        elif not above:
            yield from _curves(value, f"{key}: ")


def _is_moments(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(one, int | float) for one in value)


def _told(moments: Sequence[float]) -> str:
    return f"{len(moments)}, from {moments[0]:.2f} s to {moments[-1]:.2f} s" if moments else "none"


def _plot(name: str, values: Sequence[float]) -> Plot:
    per = -(-len(values) // COLUMNS) or 1
    columns = [max(values[at : at + per]) for at in range(0, len(values), per)]
    top = max([1e-9, *columns])
    wide = COLUMNS / max(1, len(columns) - 1)
    points = " ".join(f"{at * wide:.1f},{100 - 100 * max(0.0, one) / top:.1f}" for at, one in enumerate(columns))
    return Plot(name, points, top)


def _marks(moments: Sequence[float], duration: float) -> str:
    if duration <= 0:
        return ""
    return "".join(f"M{COLUMNS * at / duration:.1f} 0V100" for at in moments[:MARKS])


def _run_id(call: Call) -> str:
    """The run that a page is about, whose answer does not name it."""
    arguments: dict[str, str] = call.request.view_args or {}
    return arguments["run_id"]


async def _entry(call: Call, cid: str | None) -> Entry | None:
    """The caller's entry of a blob, if there is one."""
    if cid is None:
        return None
    try:
        return await call.services.library.entry(cid, call.who)
    except NotFound:
        return None
