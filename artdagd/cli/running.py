"""``artdagctl run``, ``render`` and ``runs``: start work, follow it, look back at it."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from typing import Any

import click
import httpx

from artdagd.cli.client import Client, NodeError
from artdagd.cli.show import Show, json_option, size

ENDED = {"completed", "failed", "cancelled"}


@click.command()
@click.argument("recipe")
@click.option("--input", "inputs", multiple=True, metavar="NAME=FILE|CID", help="Bind an input; a file is uploaded.")
@click.option("--param", "params", multiple=True, metavar="NAME=VALUE", help="Set a param of the recipe.")
@click.option("--follow/--no-follow", default=False, help="Show progress and wait for the end.")
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="Save the result here.")
@json_option
def run(
    recipe: str, inputs: tuple[str, ...], params: tuple[str, ...], follow: bool, output: Path | None, show: Show
) -> None:
    """Run RECIPE: a YAML file, or the id or name of a recipe on the node."""
    with Client() as client:
        body: dict[str, Any] = {"params": {key: _scalar(value) for key, value in _pairs(params, "--param")}}
        body["inputs"] = {key: _cid(client, value, show) for key, value in _pairs(inputs, "--input")}
        if Path(recipe).is_file():
            body["recipe_yaml"] = Path(recipe).read_text()
        elif recipe.endswith((".yaml", ".yml")):
            raise click.UsageError(f"no such file: {recipe}")
        else:
            body["recipe"] = recipe
        _work(client, body, show, follow=follow or output is not None, output=output)


@click.command()
@click.argument("effect")
@click.argument("inputs", nargs=-1, required=True, metavar="INPUT…")
@click.option("--config", "config", multiple=True, metavar="NAME=VALUE", help="Set a parameter of the effect.")
@click.option("--sync/--async", default=False, help="Wait for the result and show progress.")
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="Save the result here.")
@json_option
def render(
    effect: str, inputs: tuple[str, ...], config: tuple[str, ...], sync: bool, output: Path | None, show: Show
) -> None:
    """Apply EFFECT to an INPUT (a file or a CID)."""
    with Client() as client:
        cids = [_cid(client, value, show) for value in inputs]
        settings = {key: _scalar(value) for key, value in _pairs(config, "--config")}
        body = {"effect": effect, "inputs": cids, "config": settings}
        _work(client, body, show, follow=sync or output is not None, output=output)


@click.group()
def runs() -> None:
    """Look at runs, and cancel, retry or delete them."""


@runs.command("list")
@click.option("--status", help="Only runs with this status.")
@click.option("--recipe", help="Only runs of this recipe (id or name).")
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 100))
@json_option
def list_runs(status: str | None, recipe: str | None, limit: int, show: Show) -> None:
    """List runs, newest first."""
    with Client() as client:
        page = client.get("/runs", status=status, recipe=recipe, limit=limit)
    rows = (
        (r["run_id"], r["status"], _title(r), f"{r['progress']['fraction']:.0%}", r["created_at"], r["output_cid"])
        for r in page["items"]
    )
    show.table(page, ("run", "status", "what", "done", "created", "output"), rows, "no runs yet")


@runs.command("show")
@click.argument("run_id")
@click.option("--follow", is_flag=True, help="Show progress until it ends.")
@json_option
def show_run(run_id: str, follow: bool, show: Show) -> None:
    """Show a run and its steps."""
    with Client() as client:
        view = client.get(f"/api/run/{run_id}")
        if follow:
            view = _follow(client, view, show)
    show.value(view, _summary(view))
    if not show.as_json:
        rows = (
            (s["step_id"], s["type"], s["status"], s["worker"], s["output_cid"] or s["error"]) for s in view["steps"]
        )
        show.table(None, ("step", "type", "status", "worker", "output"), rows, "not planned yet")


def _verb(name: str, method: str, path: str, said: str, help_text: str) -> None:
    @runs.command(name, help=help_text)
    @click.argument("run_id")
    @json_option
    def command(run_id: str, show: Show) -> None:
        with Client() as client:
            if method == "DELETE":
                client.delete(path.format(run_id))
                show.value({"deleted": run_id}, [said.format(run_id)])
            else:
                show.value(client.post(path.format(run_id)), [said.format(run_id)])


_verb("cancel", "POST", "/runs/{}/cancel", "cancelled {}", "Cancel a run that is active.")
_verb("retry", "POST", "/runs/{}/retry", "started {} again", "Run a failed or cancelled run again.")
_verb("delete", "DELETE", "/runs/{}", "deleted {}", "Delete a run (its results stay in the cache).")


def _work(client: Client, body: dict[str, Any], show: Show, *, follow: bool, output: Path | None) -> None:
    view = client.post("/api/run-recipe" if "recipe_yaml" in body else "/runs", body)
    if not follow:
        show.value(view, [view["run_id"], f"follow it: artdagctl runs show --follow {view['run_id']}"])
        return
    view = _follow(client, view, show)
    if view["status"] == "completed" and output:
        with show.bar(transfer=True) as bar:
            task = bar.add_task(f"saving {output.name}", total=None)
            client.download(view["output_cid"], output, lambda n, total: bar.update(task, completed=n, total=total))
    show.value(view, [*_summary(view), *([f"saved       {output}"] if output else [])])
    if view["status"] != "completed":
        raise SystemExit(1)


def _follow(client: Client, view: dict[str, Any], show: Show) -> dict[str, Any]:
    """Follow a run to its end; a lost connection is taken up again for a minute."""
    run_id, last, lost = view["run_id"], None, 0.0
    with show.bar() as bar:
        task = bar.add_task(view["status"], total=1.0, completed=view["progress"]["fraction"])
        while view["status"] not in ENDED:
            try:
                for number, event, data in client.events(run_id, last):
                    last, lost = number, 0.0
                    if event == "progress":
                        bar.update(task, completed=data["fraction"])
                    elif event == "run":
                        bar.update(task, description=data["status"])
                view = client.get(f"/api/run/{run_id}")
            except (NodeError, httpx.HTTPError) as error:
                if isinstance(error, NodeError) and error.exit_code != 3:
                    raise
                lost = lost or time.monotonic()
                if time.monotonic() - lost > 60:
                    raise NodeError(f"lost the node at {client.url}; the run goes on there", exit_code=3) from None
                bar.update(task, description="waiting for the node")
                time.sleep(0.5)
        bar.update(
            task,
            completed=1.0 if view["status"] == "completed" else view["progress"]["fraction"],
            description=view["status"],
        )
    return view


def _summary(view: dict[str, Any]) -> list[str]:
    lines = [f"run         {view['run_id']}  {_title(view)}", f"status      {view['status']}"]
    if view["output_cid"]:
        lines.append(f"output      {view['output_cid']}")
    if view["provenance_cid"]:
        lines.append(f"provenance  {view['provenance_cid']}")
    if view["status"] == "completed":
        ran = view["passes_run"]
        lines.append(f"passes run  {ran}" + ("  (everything was in the cache)" if not ran else ""))
    if view["error"]:
        step = f"step {view['error']['step_id']}: " if view["error"]["step_id"] else ""
        lines.append(f"failed      {step}{view['error']['detail']}")
    return lines


def _title(view: dict[str, Any]) -> str:
    return str(view["recipe"]["name"] if view["recipe"] else view["effect"] or "plan")


def _pairs(values: tuple[str, ...], option: str) -> list[tuple[str, str]]:
    pairs = [value.partition("=") for value in values]
    for name, sign, _ in pairs:
        if not sign or not name:
            raise click.UsageError(f"{option} {name}: expected NAME=VALUE")
    return [(name, value) for name, _, value in pairs]


def _scalar(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _cid(client: Client, value: str, show: Show) -> str:
    """The CID that ``value`` is, or that the file ``value`` gets by an upload."""
    path = Path(value)
    if not path.is_file():
        if re.fullmatch(r"baf[a-z2-7]{20,}|Qm[1-9A-HJ-NP-Za-km-z]{44}", value):
            return value
        raise click.UsageError(f"{value}: neither a file nor a CID")
    with show.bar(transfer=True) as bar:
        task = bar.add_task(f"uploading {path.name}", total=path.stat().st_size)
        answer = client.upload(path, lambda count: bar.advance(task, count))
    note = ", already there" if answer["existed"] else ""
    show.remark(f"{path.name} is {answer['cid']} ({size(answer['size'])}{note})")
    return str(answer["cid"])
