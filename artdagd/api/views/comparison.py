"""The page that compares two runs: both results, what they were made of, and why steps were computed again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from artdagd.api.calls import Call
from artdagd.api.views.lists import STEPS
from artdagd.api.views.media import player
from artdagd.api.views.runs import again, called, elapsed
from artdagd.errors import ArtdagError
from artdagd.runs.views import Entry, Explanation, RunView

OTHERS = 50
"""Runs of the same recipe that are offered to compare with, the newest."""


class Side(msgspec.Struct, frozen=True):
    """One of both runs, and how its result is shown."""

    it: RunView
    result: Entry | None
    player: dict[str, Any]
    version: str


class Differs(msgspec.Struct, frozen=True):
    """One row: a name, what it is before and now, and whether that is the same."""

    name: str
    before: Any
    now: Any

    @property
    def same(self) -> bool:
        return bool(self.before == self.now)


async def comparison(call: Call, it: Explanation) -> dict[str, Any]:
    """``now`` and ``before`` are the sides; ``before`` is None where there is nothing to compare with. ``told`` are the
    first steps that changed or ran, ``more`` how many others there are, ``quiet`` how many did neither; ``gone`` are
    steps that only the earlier run has."""
    runs = call.services.runs
    now = await _side(call, await runs.get(it.run_id, call.who))
    before = await _side(call, await runs.get(it.against, call.who)) if it.against else None
    shown: dict[str, Any] = {"now": now, "before": before, "others": await _others(call, now.it, it.against)}
    shown |= {"called": called, "elapsed": elapsed}
    if before is None:
        return shown | {"again": await again(call, now.it)}
    cids = {*now.it.inputs.values(), *before.it.inputs.values()}
    told = [step for step in it.steps if step.reason != "nothing changed" or step.status == "ran"]
    here = {step.step_id for step in it.steps}
    return shown | {
        "media": await call.services.library.entries(cids, call.who),
        "inputs": rows(before.it.inputs, now.it.inputs),
        "params": rows(before.it.params, now.it.params),
        "told": told[:STEPS],
        "more": len(told) - STEPS,
        "quiet": len(it.steps) - len(told),
        "gone": [step for step in before.it.steps if step.step_id not in here][:STEPS],
        "added": here - {step.step_id for step in before.it.steps},
    }


def rows(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[Differs]:
    """What differs first."""
    found = [Differs(name, before.get(name), now.get(name)) for name in dict.fromkeys([*now, *before])]
    return sorted(found, key=lambda row: row.same)


async def _side(call: Call, it: RunView) -> Side:
    result = None
    if it.output_cid:
        result = (await call.services.library.entries([it.output_cid], call.who)).get(it.output_cid)
    version = ""
    if it.recipe and not it.effect:
        try:
            version = (await call.services.recipes.get(it.recipe.recipe_id, call.who)).version
        except ArtdagError:
            version = ""
    return Side(it, result, await player(call, result) if result else {}, version)


async def _others(call: Call, it: RunView, against: str | None) -> list[RunView]:
    recipe = it.recipe.name if it.recipe else None
    page = await call.services.runs.list(call.who, None, recipe, 1, OTHERS)
    return [run for run in page.items if run.run_id != it.run_id and run.plan_id]
