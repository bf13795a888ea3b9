"""``artdagctl recipes`` and ``cache``: what the node keeps."""

from __future__ import annotations

from pathlib import Path

import click

from artdagd.cli.client import Client
from artdagd.cli.show import Show, json_option, size


@click.group()
def recipes() -> None:
    """Recipes on the node."""


@recipes.command("list")
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 100))
@json_option
def list_recipes(limit: int, show: Show) -> None:
    """List recipes, newest first."""
    with Client() as client:
        page = client.get("/recipes", limit=limit)
    rows = ((r["name"], r["version"], ", ".join(r["inputs"]), r["recipe_id"]) for r in page["items"])
    show.table(page, ("name", "version", "inputs", "id"), rows, "no recipes yet: artdagctl recipes upload FILE")


@recipes.command("show")
@click.argument("recipe")
@json_option
def show_recipe(recipe: str, show: Show) -> None:
    """Show a recipe's text (RECIPE is an id or a name)."""
    with Client() as client:
        view = client.get(f"/recipes/{recipe}")
    show.value(view, [view["yaml"].rstrip()])


@recipes.command("upload")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@json_option
def upload_recipe(file: Path, show: Show) -> None:
    """Upload a recipe; errors come with line and column."""
    with Client() as client:
        view = client.post("/recipes/upload", content=file.read_bytes())
    show.value(view, [f"{view['name']} {view['version']}  {view['recipe_id']}"])


@recipes.command("check")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@json_option
def check_recipe(file: Path, show: Show) -> None:
    """Check a recipe without keeping it. Exit code 1 if anything is wrong."""
    with Client() as client:
        found = client.post("/recipes/check", content=file.read_bytes())
    lines = [f"{file}:{e.get('line', 1)}:{e.get('column', 1)}: {e['msg']}" for e in found["errors"]]
    show.value(found, lines or [f"{file} is valid"])
    if found["errors"]:
        raise SystemExit(1)


@recipes.command("delete")
@click.argument("recipe")
@json_option
def delete_recipe(recipe: str, show: Show) -> None:
    """Delete a recipe; its runs and their results stay."""
    with Client() as client:
        client.delete(f"/recipes/{recipe}")
    show.value({"deleted": recipe}, [f"deleted {recipe}"])


@click.group()
def cache() -> None:
    """Media and results in the node's cache, by CID."""


@cache.command("list")
@click.option("--kind", type=click.Choice(["video", "audio", "image", "data", "other"]))
@click.option("-q", "--query", help="Words in the name, title or tags.")
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 100))
@json_option
def list_cache(kind: str | None, query: str | None, limit: int, show: Show) -> None:
    """List media, newest first."""
    with Client() as client:
        page = client.get("/media", kind=kind, q=query, limit=limit)
    rows = ((e["kind"], size(e["size"]), e["title"] or e["filename"], e["cid"]) for e in page["items"])
    show.table(page, ("kind", "size", "name", "cid"), rows, "nothing here yet: artdagctl cache put FILE")


@cache.command("put")
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@json_option
def put(files: tuple[Path, ...], show: Show) -> None:
    """Upload FILES."""
    answers = []
    with Client() as client, show.bar(transfer=True) as bar:
        for file in files:
            task = bar.add_task(file.name, total=file.stat().st_size)
            answers.append(client.upload(file, lambda count, task=task: bar.advance(task, count)))  # type: ignore[misc]
    show.value(answers, [f"{a['cid']}  {f}" for a, f in zip(answers, files, strict=True)])


@cache.command("get")
@click.argument("cid")
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="Default: the blob's own name.")
@json_option
def get(cid: str, output: Path | None, show: Show) -> None:
    """Download a blob."""
    with Client() as client, show.bar(transfer=True) as bar:
        target = output or Path(Path(client.get(f"/cache/{cid}")["filename"] or cid).name)
        task = bar.add_task(target.name, total=None)
        client.download(cid, target, lambda done, total: bar.update(task, completed=done, total=total))
    show.value({"cid": cid, "file": str(target)}, [str(target)])


@cache.command("show")
@click.argument("cid")
@json_option
def show_entry(cid: str, show: Show) -> None:
    """Show what is known about a blob."""
    with Client() as client:
        entry = client.get(f"/cache/{cid}")
    show.value(entry, [f"{key:12}{value}" for key, value in entry.items() if value not in (None, "", [], {})])


@cache.command("delete")
@click.argument("cid")
@json_option
def delete(cid: str, show: Show) -> None:
    """Delete a blob; refused while a run or a pin needs it."""
    with Client() as client:
        client.delete(f"/cache/{cid}")
    show.value({"deleted": cid}, [f"deleted {cid}"])
