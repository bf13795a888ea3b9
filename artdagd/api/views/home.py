"""The page at ``/``: where one stands, and what to do first."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from typing import Any

import msgspec

from artdagd.api.calls import Call
from artdagd.api.examples import ExampleView, usable
from artdagd.api.requests import Health
from artdagd.api.views.media import kind_of
from artdagd.api.views.recipes import KINDS
from artdagd.runs.machine import RUN_TERMINAL
from artdagd.runs.views import Entry, Page, RecipeView, RunView
from artdagd.web.bundled import SAMPLE

RECENT = 8
"""Runs that are shown, and as many that run now."""

NEWEST = 20
"""Media, newest first, among which inputs for a first run are looked for."""


class Start(msgspec.Struct, frozen=True):
    """How far one is who has run nothing yet. ``sample`` is the run that makes the node's own medium, ``recipe`` the
    newest of one's own and ``inputs`` what it can be run with, as far as that is there."""

    medium: Entry | None
    sample: RunView | None
    recipe: RecipeView | None
    inputs: dict[str, Entry]
    examples: list[ExampleView]

    @property
    def step(self) -> int:
        """Which of the three steps is next."""
        return 1 if self.medium is None else 2 if self.recipe is None else 3

    @property
    def complete(self) -> bool:
        """Whether the recipe has an input of each kind that it wants."""
        return self.recipe is not None and self.inputs.keys() >= _wanted(self.recipe).keys()


async def home(call: Call, health: Health) -> dict[str, Any]:
    """For one who is signed in: ``runs`` lately and ``active`` ones, with the ``results`` by CID; how many ``media``
    and ``recipes`` there are; and the ``start`` for one who has run nothing yet."""
    who = call.caller
    shown: dict[str, Any] = {"host": _host(call)}
    if who is None or not who.may("read"):
        return shown
    services = call.services
    runs = await services.runs.list(who, None, None, 1, RECENT)
    running = await services.runs.list(who, "running", None, 1, RECENT)
    media = await services.library.list(who, kind=None, q=None, page=1, limit=NEWEST)
    recipes = await services.recipes.list(who, 1, 1)
    outputs = {run.output_cid for run in runs.items if run.output_cid}
    return shown | {
        "runs": runs,
        "active": _active(runs, running),
        "ended": [run for run in runs.items if run.status in RUN_TERMINAL],
        "results": await services.library.entries(outputs, who),
        "media": media.total,
        "recipes": recipes.total,
        "workers": len(services.workers()),
        "start": _start(call, runs, media.items, recipes.items) if who.may("write") else None,
    }


def _host(call: Call) -> str:
    """What to call this node: how others reach it, or the name of its machine, which strangers are not told."""
    public = call.services.settings.public_url.partition("://")[2].rstrip("/")
    return public or (socket.gethostname() if call.caller else call.request.host)


def _active(runs: Page[RunView], running: Page[RunView]) -> list[RunView]:
    found = {run.run_id: run for run in (*running.items, *runs.items) if run.status not in RUN_TERMINAL}
    return list(found.values())[:RECENT]


def _start(call: Call, runs: Page[RunView], media: Sequence[Entry], recipes: Sequence[RecipeView]) -> Start | None:
    """None for one who has run something besides the sample."""
    samples = [run for run in runs.items if run.recipe and run.recipe.name == SAMPLE]
    if runs.total > len(samples):
        return None
    recipe = recipes[0] if recipes else None
    wanted = _wanted(recipe) if recipe else {}
    fitting = {
        name: next((entry for entry in media if kind_of(entry) in KINDS[kind]), None) for name, kind in wanted.items()
    }
    return Start(
        medium=media[0] if media else None,
        sample=samples[0] if samples else None,
        recipe=recipe,
        inputs={name: entry for name, entry in fitting.items() if entry},
        examples=_fitting_first(usable(call.services.recipes), media) if not recipe else [],
    )


def _fitting_first(examples: Sequence[ExampleView], media: Sequence[Entry]) -> list[ExampleView]:
    """Those that need an input, and first of them those for which there is one of each kind."""
    kinds = {kind_of(entry) for entry in media}

    def lacking(one: ExampleView) -> int:
        return sum(kinds.isdisjoint(KINDS[declared["type"]]) for declared in one.inputs.values())

    return sorted((one for one in examples if one.inputs), key=lambda one: (lacking(one), len(one.inputs), one.name))


def _wanted(recipe: RecipeView) -> dict[str, str]:
    """The kinds of the inputs that a recipe can't do without."""
    return {name: one["type"] for name, one in recipe.inputs.items() if one["required"]}
