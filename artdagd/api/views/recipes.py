"""Pages of recipes: a form for a run, and the graph."""

from __future__ import annotations

import asyncio
from typing import Any

from artdagd.api.calls import Call
from artdagd.api.views.graph import MOST, Drawing, drawing, nodes
from artdagd.api.views.media import kind_of
from artdagd.runs.views import Entry, RecipeView

OFFERED = 100
"""Media that a field of a run's form offers, the newest; for others it takes a CID."""

KINDS: dict[str, tuple[str, ...]] = {
    "video": ("video", "image"),
    "audio": ("audio", "video"),
    "media": ("video", "audio", "image"),
    "image": ("image",),
    "data": ("data", "text"),
}
"""Which media an input takes, as far as their kind tells: a still is a video too, and videos have sound."""


async def recipe(call: Call, it: RecipeView) -> dict[str, Any]:
    """``media`` are what each input may be."""
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
    return {"media": media, "kind_of": kind_of}


async def graph(call: Call, it: RecipeView) -> dict[str, Any]:
    """``drawing`` is None where the graph is too large for one: above ``most`` steps and inputs."""
    return {"drawing": await asyncio.to_thread(drawn, it), "most": MOST}


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
