"""Following a run to its end, through restarts of the node, and saying how it ended."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click
from rich.progress import Progress, TaskID

from artdagd.cli.client import Client, part
from artdagd.cli.problems import FAILED, INTERRUPTED, UNREACHABLE, NodeError, clean
from artdagd.cli.saving import save
from artdagd.cli.show import Show

F = TypeVar("F", bound=Callable[..., Any])
ENDED = {"completed", "failed", "cancelled"}
PATIENCE = 60.0
"""Seconds that a node may be away before following it is given up."""

PAUSE = 0.5


def follow_option(function: F) -> F:
    """``--follow`` on a command that starts work."""
    return click.option("--follow/--no-follow", default=False, help="Show progress and wait for the end.")(function)


def started(client: Client, view: dict[str, Any], show: Show, *, follow: bool, output: Path | None) -> None:
    """Print the run that was started; or, if it is to be followed or saved, its end."""
    if follow or output:
        finish(client, view, output, show)
        return
    show.value(view, [view["run_id"]])
    show.remark(f"follow it: artdagctl runs show {view['run_id']} --follow")


def finish(client: Client, view: dict[str, Any], output: Path | None, show: Show) -> None:
    """Follow the run, save its result, print its end; exit code 1 unless it completed."""
    view = follow(client, view, show)
    saved = view["status"] == "completed" and output is not None
    if saved and output:
        save(client, f"/cache/{view['output_cid']}/raw", output, show, view["output_cid"])
    show.value(view, [*summary(view), *([f"saved       {output}"] if saved else [])])
    if view["status"] != "completed":
        raise SystemExit(FAILED)


def follow(client: Client, view: dict[str, Any], show: Show) -> dict[str, Any]:
    """The run as it is at its end. Ctrl-C leaves it running, and says how to come back to it."""
    run_id = view["run_id"]
    try:
        with show.bar() as bar:
            task = bar.add_task(view["status"], total=1.0, completed=view["progress"]["fraction"])
            view = _until_ended(client, view, bar, task)
            done = 1.0 if view["status"] == "completed" else view["progress"]["fraction"]
            bar.update(task, completed=done, description=view["status"])
    except KeyboardInterrupt:
        click.echo(f"\nno longer following; the run goes on\n{_ways(run_id)}", err=True)
        raise SystemExit(INTERRUPTED) from None
    except NodeError as error:
        if error.exit_code != UNREACHABLE:
            raise
        kept = "  The run is kept, and goes on when the node does."
        raise NodeError(f"{error.message}\n{kept}\n{_ways(run_id)}", code=UNREACHABLE) from None
    return view


def _until_ended(client: Client, view: dict[str, Any], bar: Progress, task: TaskID) -> dict[str, Any]:
    path, last, lost = f"/api/run/{part(view['run_id'])}", None, 0.0
    while view["status"] not in ENDED:
        try:
            for number, event, data in client.events(view["run_id"], last):
                last, lost = number, 0.0
                if event == "progress":
                    bar.update(task, completed=data["fraction"])
                elif event == "run":
                    bar.update(task, description=data["status"])
            view, lost = client.get(path), 0.0
            bar.update(task, description=view["status"])
        except NodeError as error:
            if error.exit_code != UNREACHABLE:
                raise
            lost = lost or time.monotonic()
            if time.monotonic() - lost > PATIENCE:
                raise
            bar.update(task, description="waiting for the node")
        if view["status"] not in ENDED:
            time.sleep(PAUSE)
    return view


def _ways(run_id: str) -> str:
    return (
        f"  to go on following: artdagctl runs show {clean(run_id)} --follow\n"
        f"  to stop it:         artdagctl runs cancel {clean(run_id)}"
    )


def summary(view: dict[str, Any]) -> list[str]:
    lines = [f"run         {view['run_id']}  {title(view)}", f"status      {view['status']}"]
    if view["output_cid"]:
        lines.append(f"output      {view['output_cid']}")
    if view["provenance_cid"]:
        lines.append(f"provenance  {view['provenance_cid']}")
    if view["status"] == "completed":
        ran = view["passes_run"]
        lines.append(f"passes run  {ran}" + ("  (everything was in the cache)" if not ran else ""))
    if view["error"]:
        step_id, detail = view["error"]["step_id"], view["error"]["detail"]
        named = step_id is None or detail.lower().startswith("step ")
        lines.append(f"failed      {detail if named else f'step {step_id}: {detail}'}")
    return lines


def title(view: dict[str, Any]) -> str:
    return str(view["recipe"]["name"] if view["recipe"] else view["effect"] or "plan")
