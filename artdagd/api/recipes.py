"""Recipes: upload, check, list, run."""

from __future__ import annotations

from artdagd.api.calls import JSON_LIMIT, Call
from artdagd.api.requests import ListQuery, RecipeRunBody, RecipeUploaded
from artdagd.api.routes import Section
from artdagd.api.uploads import OVERHEAD, Upload, is_multipart
from artdagd.errors import Conflict, InvalidRecipe, NotFound, StorageFull, TooBusy, TooLarge
from artdagd.runs.views import Checked, Page, RecipeView, RunRequest, RunView

section = Section("Recipes", "Reusable graphs of media steps, as YAML. A recipe's id is the CID of its text.")

YAML = ("application/yaml", "multipart/form-data")


@section.route(
    "POST", "/recipes/upload", "Keep a recipe", status=201, scope="write", takes=YAML, errors=(InvalidRecipe, TooLarge)
)
async def upload_recipe(call: Call) -> RecipeUploaded:
    """The YAML is the body, or the field `file` of a form. Errors come with line and column."""
    view, created = await call.services.recipes.upload(await _text(call), call.who)
    return RecipeUploaded(view.recipe_id, view.name, view.version, view.cid, created)


@section.route("POST", "/recipes/check", "Check a recipe", takes=YAML, errors=(TooLarge,))
async def check_recipe(call: Call) -> Checked:
    """Says what is wrong with a text, and keeps nothing."""
    return call.services.recipes.check(await _text(call))


@section.route("GET", "/recipes", "List recipes")
async def list_recipes(call: Call, query: ListQuery) -> Page[RecipeView]:
    """Of a recipe with more than 64 KiB of text only the name, version and description."""
    return await call.services.recipes.list(call.who, query.page, query.limit)


@section.route("GET", "/recipes/{recipe_id}", "Show a recipe", errors=(NotFound,))
async def show_recipe(call: Call, recipe_id: str) -> RecipeView:
    """By id, or by name: then the newest."""
    return await call.services.recipes.get(recipe_id, call.who)


@section.route("DELETE", "/recipes/{recipe_id}", "Delete a recipe", status=204, scope="write", errors=(NotFound,))
async def delete_recipe(call: Call, recipe_id: str) -> None:
    """Its runs and their results stay."""
    await call.services.recipes.delete(recipe_id, call.who)


@section.route(
    "POST",
    "/recipes/{recipe_id}/run",
    "Run a recipe",
    status=202,
    scope="write",
    errors=(NotFound, Conflict, InvalidRecipe, TooBusy, StorageFull),
    headers=("Idempotency-Key",),
    follow="/runs/{run_id}",
)
async def run_recipe(call: Call, recipe_id: str, body: RecipeRunBody) -> RunView:
    request = RunRequest(recipe=recipe_id, inputs=body.inputs, params=body.params)
    return await call.services.runs.start(request, call.who, call.idempotency_key)


async def _text(call: Call) -> bytes:
    if not is_multipart(call.request):
        return await call.text()
    upload = Upload(call.request, call.chunks(JSON_LIMIT + OVERHEAD), JSON_LIMIT)
    await upload.begin()
    return b"".join([chunk async for chunk in upload.chunks()])
