"""Pages of recipes: a form for a run, and the graph."""

from __future__ import annotations

import asyncio
from typing import Any

from artdagd.api.calls import Call
from artdagd.api.views.graph import MOST, Drawing, drawing, nodes
from artdagd.api.views.lists import STEPS
from artdagd.api.views.media import kind_of
from artdagd.runs.views import Entry, RecipeView

OFFERED = 100
"""Media that a field of a run's form offers, the newest; for others it takes a CID."""

LONGEST = 200
"""Characters of a CID that an address gives a form."""

KINDS: dict[str, tuple[str, ...]] = {
    "video": ("video", "image"),
    "audio": ("audio", "video"),
    "media": ("video", "audio", "image"),
    "image": ("image",),
    "data": ("data", "text"),
}
"""Which media an input takes, as far as their kind tells: a still is a video too, and videos have sound."""


BEGINNING = """\
name: first
version: "1"
description: The first five seconds, smaller and in warmer colours

inputs:
  clip:
    type: video
    description: Any footage

params:
  width:
    type: integer
    default: 640
    min: 16
    max: 3840
    description: Pixels across

steps:
  - id: cut
    type: SEGMENT
    inputs: [clip]
    config:
      duration: 5

  - id: warm
    type: EFFECT
    inputs: [cut]
    config:
      effect: hue
      degrees: 20

  - id: small
    type: RESIZE
    inputs: [warm]
    config:
      width: $params.width

output: small
"""
"""What a new recipe begins with."""

RECENT = 6
"""Runs that the page of a recipe shows."""


async def recipe(call: Call, it: RecipeView) -> dict[str, Any]:
    """``media`` are what each input may be, and ``chosen`` what the address says it is, as entry or as CID; ``set`` are
    params as the address says them; ``runs`` are the newest."""
    found: list[Entry] = []
    if it.inputs and call.who.may("write"):
        wanted = {"other"} | {kind for declared in it.inputs.values() for kind in KINDS[declared["type"]]}
        for kind in sorted(wanted):
            page = await call.services.library.list(call.who, kind=kind, q=None, page=1, limit=OFFERED)
            found += page.items
        found.sort(key=lambda entry: entry.created_at, reverse=True)
    media = {
        name: [entry for entry in found if kind_of(entry) in KINDS[declared["type"]]][:OFFERED]
        for name, declared in it.inputs.items()
    }
    asked = call.request.args
    runs = (await call.services.runs.list(call.who, None, it.recipe_id, 1, RECENT)).items
    return {
        "media": media,
        "kinds": KINDS,
        "chosen": {name: cid for name in it.inputs if (cid := asked.get(f"inputs.{name}", "")) and len(cid) <= LONGEST},
        "set": {name: asked[f"params.{name}"] for name in it.params if f"params.{name}" in asked},
        "runs": runs,
        "drawing": await asyncio.to_thread(drawn, it) if it.steps else None,
        "most": MOST,
        "listed": STEPS,
        "about": _about(call, it),
    }


def _about(call: Call, it: RecipeView) -> dict[str, str]:
    """What each step does, by its id: of an EFFECT what the effect does."""
    items = {(item["kind"], item["name"]): item["description"] for item in call.services.catalogue.describe()}
    found = {}
    for step in it.steps:
        effect = step["config"].get("effect") if step["type"] == "EFFECT" else None
        found[step["id"]] = items.get(("effect", effect)) or items.get(("step", step["type"]), "")
    return found


async def graph(call: Call, it: RecipeView) -> dict[str, Any]:
    """``drawing`` is None where the graph is too large for one: above ``most`` steps and inputs."""
    return {"drawing": await asyncio.to_thread(drawn, it), "most": MOST, "listed": STEPS}


def drawn(it: RecipeView) -> Drawing | None:
    """The steps of a recipe as a drawing."""
    reads = ((step["id"], step["type"], step["inputs"]) for step in it.steps)
    configs = {step["id"]: step["config"] for step in it.steps}
    return drawing(nodes(((name, one["type"]) for name, one in it.inputs.items()), reads, configs))


def typed(declared: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    """Params of a form, which are text, as the recipe wants them. What is none of the kind stays text, and is refused
    with a word where params are checked."""
    return {name: _typed(declared.get(name, {}).get("type"), value) for name, value in given.items()}


def _typed(kind: str | None, value: Any) -> Any:
    if kind == "boolean" and value in ("true", "false"):
        return value == "true"
    if kind in ("number", "integer"):
        for read in (int, float):
            try:
                return read(value)
            except ValueError:
                continue
    return value
