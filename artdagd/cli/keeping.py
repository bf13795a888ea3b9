"""``artdagctl recipes`` and ``cache``: what the node keeps."""

from __future__ import annotations

import typing
from pathlib import Path

import click

from artdagd.cid import CID
from artdagd.cli.client import Client, part
from artdagd.cli.inputs import faults, recipe_text
from artdagd.cli.problems import FAILED, NodeError
from artdagd.cli.saving import fetch, output_option
from artdagd.cli.show import Show, json_option, page_options, size
from artdagd.work import Kind

A_FILE = click.Path(exists=True, dir_okay=False, readable=True, path_type=Path)


@click.group()
def recipes() -> None:
    """Recipes on the node."""


@recipes.command("list")
@page_options
@json_option
def list_recipes(page: int, limit: int, show: Show) -> None:
    """List recipes, newest first."""
    with Client() as client:
        found = client.get("/recipes", page=page, limit=limit)
    rows = ((r["name"], r["version"], ", ".join(r["inputs"]), r["recipe_id"]) for r in found["items"])
    show.page(found, ("name", "version", "inputs", "id"), rows, "no recipes yet: artdagctl recipes upload FILE")


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


@click.group()
def cache() -> None:
    """Media and results in the node's cache, by CID."""


@cache.command("list")
@click.option("--kind", type=click.Choice(typing.get_args(Kind)))
@click.option("-q", "--query", help="Words in the name, title or tags.")
@page_options
@json_option
def list_cache(kind: str | None, query: str | None, page: int, limit: int, show: Show) -> None:
    """List media, newest first."""
    with Client() as client:
        found = client.get("/media", kind=kind, q=query, page=page, limit=limit)
    rows = ((e["kind"], size(e["size"]), e["title"] or e["filename"], e["cid"]) for e in found["items"])
    show.page(found, ("kind", "size", "name", "cid"), rows, "nothing here yet: artdagctl cache put FILE")


@cache.command("put")
@click.argument("files", nargs=-1, required=True, type=A_FILE)
@json_option
def put(files: tuple[Path, ...], show: Show) -> None:
    """Upload FILES."""
    answers = []
    with Client() as client, show.bar(transfer=True) as bar:
        for file in files:
            task = bar.add_task(f"uploading {file.name}", total=file.stat().st_size)
            answers.append(client.upload(file, lambda count, task=task: bar.advance(task, count)))  # type: ignore[misc]
    show.value(answers, [f"{a['cid']}  {f}" for a, f in zip(answers, files, strict=True)])


def _is_cid(context: click.Context, parameter: click.Parameter, value: str) -> str:
    try:
        return str(CID.parse(value))
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


cid_argument = click.argument("cid", callback=_is_cid)


@cache.command("get")
@cid_argument
@output_option
@json_option
def get(cid: str, output: Path | None, show: Show) -> None:
    """Download a blob and verify it; without -o under its own name, which replaces nothing."""
    with Client() as client:
        target = fetch(client, cid, output, show)
    show.value({"cid": cid, "file": str(target)}, [str(target)])


@cache.command("show")
@cid_argument
@json_option
def show_entry(cid: str, show: Show) -> None:
    """Show what is known about a blob."""
    with Client() as client:
        entry = client.get(f"/cache/{cid}")
    show.value(entry, [f"{key:12}{value}" for key, value in entry.items() if value not in (None, "", [], {})])


@cache.command("delete")
@cid_argument
@json_option
def delete(cid: str, show: Show) -> None:
    """Delete a blob; refused while a run or a pin needs it."""
    with Client() as client:
        client.delete(f"/cache/{cid}")
    show.value({"deleted": cid}, [f"deleted {cid}"])
