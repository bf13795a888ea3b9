"""``artdagctl runs``: look back at work, follow it, cancel, retry or delete it."""

from __future__ import annotations

import json
import typing
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click

from artdagd.cli.client import Client, part
from artdagd.cli.explaining import explain
from artdagd.cli.following import finish, follow_option, started, summary, title
from artdagd.cli.plans import show_plan
from artdagd.cli.saving import output_option
from artdagd.cli.show import Show, json_option, page_options
from artdagd.runs.machine import RunStatus


@click.group()
def runs() -> None:
    """Look at runs, and cancel, retry or delete them."""


runs.add_command(explain)


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


@runs.command("keep")
@click.argument("run_id")
@click.argument("step_id")
@json_option
def keep(run_id: str, step_id: str, show: Show) -> None:
    """Keep what a step of a run made among your media."""
    with Client() as client:
        entry = client.post(f"/run/{part(run_id)}/artifacts/{part(step_id)}")
    show.value(entry, [f"{entry['cid']}  {entry['size']} bytes, {entry['filename']}"])


@runs.command("cancel")
@click.argument("run_id")
@json_option
def cancel(run_id: str, show: Show) -> None:
    """Cancel a run that is active; what it finished stays in the cache."""
    with Client() as client:
        show.value(client.post(f"/runs/{part(run_id)}/cancel"), [f"cancelled {run_id}"])


@runs.command("retry")
@click.argument("run_id")
@follow_option
@output_option
@json_option
def retry(run_id: str, follow: bool, output: Path | None, show: Show) -> None:
    """Run a failed or cancelled run again; what it finished comes from the cache."""
    with Client() as client:
        started(client, client.post(f"/runs/{part(run_id)}/retry"), show, follow=follow, output=output)


@runs.command("delete")
@click.argument("run_id")
@json_option
def delete(run_id: str, show: Show) -> None:
    """Delete a run, cancelling it first; its results stay in the cache."""
    with Client() as client:
        client.delete(f"/runs/{part(run_id)}")
    show.value({"deleted": run_id}, [f"deleted {run_id}"])


@runs.command("follow")
@click.argument("run_id")
@output_option
@json_option
def follow_run(run_id: str, output: Path | None, show: Show) -> None:
    """Show a run's progress until it ends, then how; exit code 1 unless it completed."""
    with Client() as client:
        finish(client, client.get(f"/api/run/{part(run_id)}"), output, show)


@runs.command("plan")
@click.argument("run_id")
@json_option
def plan_of(run_id: str, show: Show) -> None:
    """Show what a run computes, and what of it exists."""
    with Client() as client:
        show_plan(client.get(f"/api/run/{part(run_id)}/plan"), show)


@runs.command("analysis")
@click.argument("run_id")
@json_option
def analysis_of(run_id: str, show: Show) -> None:
    """Show what the analysis found: tempo, beats, energy; --json has all values."""
    with Client() as client:
        found = client.get(f"/api/run/{part(run_id)}/analysis")
    show.table(found, ("of", "feature", "value"), _features(found), "the run analyzed nothing")


@runs.command("provenance")
@click.argument("run_id")
@json_option
def provenance_of(run_id: str, show: Show) -> None:
    """Print a run's provenance record: inputs, recipe, code, machine, time."""
    with Client() as client:
        record = client.get(f"/api/run/{part(run_id)}/provenance")
    show.value(record, json.dumps(record, indent=2, ensure_ascii=False).splitlines())


def _features(found: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    for name, analysis in found.items():
        for feature, value in analysis["features"].items():
            yield name, feature, _said(value)


def _said(value: Any) -> str:
    if isinstance(value, list):
        return f"{len(value)}" + (f", from {value[0]} s to {value[-1]} s" if value else "")
    if isinstance(value, dict) and "values" in value:
        return f"{len(value['values'])}, one every {value['hop']} s"
    return str(value) if not isinstance(value, dict) else ", ".join(value)
