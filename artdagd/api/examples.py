"""Recipes that come with the node: shown, taken over, and, where one needs no input, run at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from artdagd.api.calls import Call
from artdagd.api.requests import Items, RecipeUploaded
from artdagd.api.routes import Page, Section
from artdagd.errors import Conflict, InvalidRecipe, NotFound, StorageFull, TooBusy
from artdagd.runs.views import RunRequest, RunView
from artdagd.web.bundled import texts

if TYPE_CHECKING:
    from artdagd.runs.recipes import RecipeBook

section = Section("Examples", "Recipes that come with the node, to begin with.")


class ExampleView(msgspec.Struct, frozen=True):
    """A recipe that comes with the node; ``inputs`` as in one of your own."""

    name: str
    description: str
    inputs: Mapping[str, Any]
    yaml: str


async def usable(book: RecipeBook) -> list[ExampleView]:
    """Those whose steps and effects are installed."""
    found = []
    for text in texts().values():
        try:
            recipe = await book.parse(text)
        except InvalidRecipe:
            continue
        inputs = msgspec.to_builtins(recipe.inputs)
        found.append(ExampleView(recipe.name, recipe.description, inputs, text.decode()))
    return found


@section.route("GET", "/examples", "List example recipes", page=Page("examples.html"))
async def list_examples(call: Call) -> Items[ExampleView]:
    """Those that need a plugin which is not installed are left out."""
    return Items(await usable(call.services.recipes))


@section.route(
    "POST",
    "/examples/{name}/take",
    "Make an example one of your recipes",
    status=201,
    scope="write",
    form="/",
    errors=(NotFound, InvalidRecipe),
)
async def take_example(call: Call, name: str) -> RecipeUploaded:
    view, created = await call.services.recipes.upload(_text(name), call.who)
    return RecipeUploaded(view.recipe_id, view.name, view.version, view.cid, created)


@section.route(
    "POST",
    "/examples/{name}/run",
    "Run an example that needs no input",
    status=202,
    scope="write",
    form="/",
    follow="/runs/{run_id}",
    errors=(NotFound, Conflict, InvalidRecipe, TooBusy, StorageFull),
)
async def run_example(call: Call, name: str) -> RunView:
    """What it renders becomes one of your media."""
    text = _text(name).decode()
    return await call.services.runs.start(RunRequest(recipe_yaml=text), call.who, call.idempotency_key)


def _text(name: str) -> bytes:
    try:
        return texts()[name]
    except KeyError:
        raise NotFound(f"no example {name!r} comes with the node", advice=f"There are: {', '.join(texts())}.") from None
