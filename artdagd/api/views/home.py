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
from artdagd.runs.views import Entry, RecipeView, RunView
from artdagd.web.bundled import SAMPLE

RECENT = 8
"""Runs that are shown of those that ended, and of those that go on."""

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
    """For one who is signed in: the ``runs`` lately, with the ``results`` by CID; how many ``media`` and ``recipes``
    there are; and the ``start`` for one who may run something and has run nothing yet, but for the sample."""
    who = call.caller
    shown: dict[str, Any] = {"host": _host(call)}
    if who is None or not who.may("read"):
        return shown
    services = call.services
    runs = await services.runs.recent(who, RECENT)
    samples = [run for run in (*runs.active, *runs.ended) if run.recipe and run.recipe.name == SAMPLE]
    new = runs.total == len(samples) and who.may("write")
    media = await services.library.list(who, limit=NEWEST if new else 0)
    recipes = await services.recipes.list(who, limit=1 if new else 0)
    outputs = {run.output_cid for run in runs.ended if run.output_cid}
    return shown | {
        "runs": runs,
        "results": await services.library.entries(outputs, who),
        "media": media.total,
        "recipes": recipes.total,
        "workers": len(services.workers()),
        "start": await _start(call, samples, media.items, recipes.items) if new else None,
    }


def _host(call: Call) -> str:
    """What to call this node: how others reach it, or the name of its machine, which strangers are not told."""
    public = call.services.settings.public_url.partition("://")[2].rstrip("/")
    return public or (socket.gethostname() if call.caller else call.request.host)


async def _start(
    call: Call, samples: Sequence[RunView], media: Sequence[Entry], recipes: Sequence[RecipeView]
) -> Start:
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
        examples=_fitting_first(await usable(call.services.recipes), media) if not recipe else [],
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
