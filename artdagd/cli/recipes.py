"""``artdagctl recipes``: recipes on the node."""

from __future__ import annotations

from pathlib import Path

import click

from artdagd.cli.client import Client, part
from artdagd.cli.following import follow_option, started
from artdagd.cli.inputs import A_FILE, bind_options, bound, faults, recipe_text
from artdagd.cli.problems import FAILED, NodeError
from artdagd.cli.saving import output_option
from artdagd.cli.show import Show, json_option, page_options


@click.group()
def recipes() -> None:
    """Recipes on the node."""


@recipes.command("list")
@click.option("-q", "--query", help="Words in the name or description.")
@page_options
@json_option
def list_recipes(query: str | None, page: int, limit: int, show: Show) -> None:
    """List recipes, newest first."""
    with Client() as client:
        found = client.get("/recipes", q=query, page=page, limit=limit)
    rows = ((r["name"], r["version"], ", ".join(r["inputs"]), r["recipe_id"]) for r in found["items"])
    show.page(found, ("name", "version", "inputs", "id"), rows, "no recipes yet: artdagctl recipes upload FILE")


@recipes.command("new")
@json_option
def begin_recipe(show: Show) -> None:
    """Print a small recipe that is valid, to begin with."""
    with Client() as client:
        view = client.get("/recipes/new")
    show.value(view, [view["yaml"].rstrip()])


@recipes.command("show")
@click.argument("recipe")
@json_option
def show_recipe(recipe: str, show: Show) -> None:
    """Show a recipe's text (RECIPE is an id or a name)."""
    with Client() as client:
        view = client.get(f"/recipes/{part(recipe)}")
    show.value(view, [view["yaml"].rstrip()])


@recipes.command("upload")
@click.argument("file", type=A_FILE)
@json_option
def upload_recipe(file: Path, show: Show) -> None:
    """Upload a recipe; errors come with line and column."""
    with Client() as client:
        try:
            view = client.post_yaml("/recipes/upload", recipe_text(file))
        except NodeError as error:
            if not error.faults:
                raise
            raise NodeError("\n".join([f"{file} was not kept", *faults(file, error.faults)])) from None
    show.value(view, [f"{view['name']} {view['version']}  {view['recipe_id']}"])


@recipes.command("check")
@click.argument("file", type=A_FILE)
@json_option
def check_recipe(file: Path, show: Show) -> None:
    """Check a recipe without keeping it. Exit code 1 if anything is wrong."""
    with Client() as client:
        found = client.post_yaml("/recipes/check", recipe_text(file))
    show.value(found, faults(file, found["errors"]) or [f"{file} is valid"])
    if found["errors"]:
        raise SystemExit(FAILED)


@recipes.command("delete")
@click.argument("recipe")
@json_option
def delete_recipe(recipe: str, show: Show) -> None:
    """Delete a recipe; its runs and their results stay."""
    with Client() as client:
        client.delete(f"/recipes/{part(recipe)}")
    show.value({"deleted": recipe}, [f"deleted {recipe}"])


@recipes.command("run")
@click.argument("recipe")
@bind_options
@follow_option
@output_option
@json_option
def run_recipe(
    recipe: str, inputs: tuple[str, ...], params: tuple[str, ...], follow: bool, output: Path | None, show: Show
) -> None:
    """Run a recipe that the node keeps (RECIPE is an id or a name); -o waits for the end."""
    with Client() as client:
        path = f"/recipes/{part(recipe)}"
        body = bound(client, client.get(path), inputs, params, show)
        started(client, client.post(f"{path}/run", body), show, follow=follow, output=output)
