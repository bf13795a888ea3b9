"""Recipes: upload, check, list, run."""

from __future__ import annotations

from quart import Response

from artdagd.api.calls import JSON_LIMIT, Call
from artdagd.api.negotiation import page
from artdagd.api.requests import Draft, RecipeRunBody, RecipesQuery, RecipeUploaded
from artdagd.api.routes import FORM, MULTIPART, Page, Section
from artdagd.api.views import recipes as views
from artdagd.api.views.lists import listed
from artdagd.errors import Conflict, InvalidRecipe, NotFound, StorageFull, TooBusy, TooLarge
from artdagd.runs import views as answers
from artdagd.runs.views import Checked, RecipeView, RunRequest, RunView

section = Section("Recipes", "Reusable graphs of media steps, as YAML. A recipe's id is the CID of its text.")

YAML = ("application/yaml", MULTIPART)


@section.route(
    "POST",
    "/recipes/upload",
    "Keep a recipe",
    status=201,
    scope="write",
    takes=YAML,
    form="/recipe/{recipe_id}",
    file=lambda settings: JSON_LIMIT,
    errors=(InvalidRecipe, TooLarge),
)
async def upload_recipe(call: Call) -> RecipeUploaded:
    """The YAML is the body, or the field `file` of a form. Errors come with line and column."""
    view, created = await call.services.recipes.upload(await _text(call), call.who)
    return RecipeUploaded(view.recipe_id, view.name, view.version, view.cid, created)


@section.route(
    "POST", "/recipes/check", "Check a recipe", takes=YAML, file=lambda settings: JSON_LIMIT, errors=(TooLarge,)
)
async def check_recipe(call: Call) -> Checked:
    """Says what is wrong with a text, and keeps nothing."""
    return await call.services.recipes.check(await _text(call))


@section.route("GET", "/recipes", "List recipes", page=Page("recipes.html", listed))
async def list_recipes(call: Call, query: RecipesQuery) -> answers.Page[RecipeView]:
    """Of a recipe with more than 64 KiB of text only the name, version and description."""
    return await call.services.recipes.list(call.who, query.page, query.limit, query.q)


@section.route(
    "POST",
    "/recipes/draw",
    "Draw a recipe's graph",
    takes=YAML,
    gives="text/html",
    file=lambda settings: JSON_LIMIT,
    errors=(InvalidRecipe, TooLarge),
)
async def draw_recipe(call: Call) -> Response:
    """The drawing of `/recipe/{recipe_id}/dag` for a text that is not kept, as a fragment of HTML."""
    it = await call.services.recipes.read(await _text(call))
    return await page(call.app, call.request, call.caller, "drawn.html", {"it": it, **await views.graph(call, it)})


@section.route("GET", "/recipes/new", "Begin a recipe", page=Page("editor.html"))
async def begin_recipe(call: Call) -> Draft:
    """A small recipe that is valid, to begin with; as a page in an editor."""
    return Draft(views.BEGINNING)


@section.route("GET", "/recipe/{recipe_id}/edit", "Edit a recipe", errors=(NotFound,), page=Page("editor.html"))
async def edit_recipe(call: Call, recipe_id: str) -> RecipeView:
    """As a page its text in an editor. What is saved is a recipe of its own: an id is the CID of a text."""
    return await show_recipe(call, recipe_id)


@section.route(
    "GET", "/recipes/{recipe_id}", "Show a recipe", errors=(NotFound,), page=Page("recipe.html", views.recipe)
)
async def show_recipe(call: Call, recipe_id: str) -> RecipeView:
    """By id, or by name: then the newest."""
    return await call.services.recipes.get(recipe_id, call.who)


@section.route(
    "GET",
    "/recipe/{recipe_id}",
    "Show a recipe (as a page)",
    errors=(NotFound,),
    page=Page("recipe.html", views.recipe),
)
async def see_recipe(call: Call, recipe_id: str) -> RecipeView:
    return await show_recipe(call, recipe_id)


@section.route(
    "GET", "/recipe/{recipe_id}/dag", "Show a recipe's graph", errors=(NotFound,), page=Page("dag.html", views.graph)
)
async def see_recipe_graph(call: Call, recipe_id: str) -> RecipeView:
    """A drawing of the steps and of what they read; as JSON it is the recipe."""
    return await show_recipe(call, recipe_id)


@section.route("DELETE", "/recipes/{recipe_id}", "Delete a recipe", status=204, scope="write", errors=(NotFound,))
async def delete_recipe(call: Call, recipe_id: str) -> None:
    """Its runs and their results stay."""
    await call.services.recipes.delete(recipe_id, call.who)


@section.route(
    "POST",
    "/recipes/{recipe_id}/delete",
    "Delete a recipe, from a form",
    status=303,
    scope="write",
    takes=(FORM,),
    form="/recipes",
    errors=(NotFound,),
)
async def delete_recipe_form(call: Call, recipe_id: str) -> None:
    await delete_recipe(call, recipe_id)


@section.route(
    "POST",
    "/recipes/{recipe_id}/run",
    "Run a recipe",
    status=202,
    scope="write",
    errors=(NotFound, Conflict, InvalidRecipe, TooBusy, StorageFull),
    headers=("Idempotency-Key",),
    follow="/runs/{run_id}",
    form="/run/{run_id}",
)
async def run_recipe(call: Call, recipe_id: str, body: RecipeRunBody) -> RunView:
    """In a form the fields are `inputs.NAME` and `params.NAME`."""
    params = body.params
    if call.is_form and params:
        params = views.typed((await show_recipe(call, recipe_id)).params, params)
    request = RunRequest(recipe=recipe_id, inputs=body.inputs, params=params)
    return await call.services.runs.start(request, call.who, call.idempotency_key)


async def _text(call: Call) -> bytes:
    if call.upload is None:
        return await call.text()
    return b"".join([chunk async for chunk in call.upload.chunks()])
