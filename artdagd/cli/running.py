"""``artdagctl run``, ``render`` and ``runs``: start work, look back at it, cancel, retry or delete it."""

from __future__ import annotations

import typing
from pathlib import Path
from typing import Any

import click

from artdagd.cli.client import Client, part
from artdagd.cli.following import finish, summary, title
from artdagd.cli.inputs import check_effect, check_names, declared, pairs, scalar, source, upload
from artdagd.cli.saving import output_option
from artdagd.cli.show import Show, json_option, page_options
from artdagd.runs.machine import RunStatus


@click.command()
@click.argument("recipe")
@click.option("--input", "inputs", multiple=True, metavar="NAME=FILE|CID", help="Bind an input; a file is uploaded.")
@click.option("--param", "params", multiple=True, metavar="NAME=VALUE", help="Set a param of the recipe.")
@click.option("--follow/--no-follow", default=False, help="Show progress and wait for the end.")
@output_option
@json_option
def run(
    recipe: str, inputs: tuple[str, ...], params: tuple[str, ...], follow: bool, output: Path | None, show: Show
) -> None:
    """Run RECIPE: a YAML file, or the id or name of a recipe on the node.

    An input is a file, a CID, or the name of media that the node has. -o waits for the end, as --follow does.
    """
    given, values = pairs(inputs, "--input"), pairs(params, "--param")
    with Client() as client:
        body, about = declared(client, recipe)
        check_names(about, given, values)
        sources = {name: source(client, value) for name, value in given.items()}
        body["params"] = {name: scalar(text, about["params"][name]["type"]) for name, text in values.items()}
        body["inputs"] = {name: upload(client, given[name], found, show) for name, found in sources.items()}
        view = client.post("/api/run-recipe" if "recipe_yaml" in body else "/runs", body)
        _started(client, view, show, follow=follow, output=output)


@click.command()
@click.argument("effect")
@click.argument("inputs", nargs=-1, required=True, metavar="INPUT…")
@click.option("--param", "--config", "params", multiple=True, metavar="NAME=VALUE", help="Set a parameter.")
@click.option("--sync/--async", default=False, help="Wait for the result and show progress.")
@output_option
@json_option
def render(
    effect: str, inputs: tuple[str, ...], params: tuple[str, ...], sync: bool, output: Path | None, show: Show
) -> None:
    """Apply EFFECT to an INPUT: a file, a CID, or the name of media that the node has.

    -o waits for the end, as --sync does.
    """
    values = {name: scalar(text) for name, text in pairs(params, "--param").items()}
    with Client() as client:
        check_effect(client, effect)
        sources = [source(client, value) for value in inputs]
        cids = [upload(client, value, found, show) for value, found in zip(inputs, sources, strict=True)]
        view = client.post("/runs", {"effect": effect, "inputs": cids, "config": values})
        _started(client, view, show, follow=sync, output=output)


@click.group()
def runs() -> None:
    """Look at runs, and cancel, retry or delete them."""


@runs.command("list")
@click.option("--status", type=click.Choice(typing.get_args(RunStatus)), help="Only runs in this state.")
@click.option("--recipe", help="Only runs of this recipe (id or name).")
@page_options
@json_option
def list_runs(status: str | None, recipe: str | None, page: int, limit: int, show: Show) -> None:
    """List runs, newest first."""
    with Client() as client:
        found = client.get("/runs", status=status, recipe=recipe, page=page, limit=limit)
    rows = (
        (r["run_id"], r["status"], title(r), f"{r['progress']['fraction']:.0%}", r["created_at"], r["output_cid"])
        for r in found["items"]
    )
    show.page(found, ("run", "status", "what", "done", "created", "output"), rows, "no runs yet")


@runs.command("show")
@click.argument("run_id")
@click.option("--follow", is_flag=True, help="Show progress until it ends.")
@output_option
@json_option
def show_run(run_id: str, follow: bool, output: Path | None, show: Show) -> None:
    """Show a run and its steps. -o waits for the end, as --follow does."""
    with Client() as client:
        view = client.get(f"/api/run/{part(run_id)}")
        if follow or output:
            finish(client, view, output, show)
            return
    show.value(view, summary(view))
    if not show.as_json:
        rows = (
            (s["step_id"], s["type"], s["status"], s["worker"], s["output_cid"] or s["error"]) for s in view["steps"]
        )
        show.table(None, ("step", "type", "status", "worker", "output"), rows, "not planned yet")


@runs.command("cancel")
@click.argument("run_id")
@json_option
def cancel(run_id: str, show: Show) -> None:
    """Cancel a run that is active; what it finished stays in the cache."""
    with Client() as client:
        show.value(client.post(f"/runs/{part(run_id)}/cancel"), [f"cancelled {run_id}"])


@runs.command("retry")
@click.argument("run_id")
@click.option("--follow/--no-follow", default=False, help="Show progress and wait for the end.")
@output_option
@json_option
def retry(run_id: str, follow: bool, output: Path | None, show: Show) -> None:
    """Run a failed or cancelled run again; what it finished comes from the cache."""
    with Client() as client:
        _started(client, client.post(f"/runs/{part(run_id)}/retry"), show, follow=follow, output=output)


@runs.command("delete")
@click.argument("run_id")
@json_option
def delete(run_id: str, show: Show) -> None:
    """Delete a run, cancelling it first; its results stay in the cache."""
    with Client() as client:
        client.delete(f"/runs/{part(run_id)}")
    show.value({"deleted": run_id}, [f"deleted {run_id}"])


def _started(client: Client, view: dict[str, Any], show: Show, *, follow: bool, output: Path | None) -> None:
    if follow or output:
        finish(client, view, output, show)
        return
    show.value(view, [view["run_id"]])
    show.remark(f"follow it: artdagctl runs show {view['run_id']} --follow")
