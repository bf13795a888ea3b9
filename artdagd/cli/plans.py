"""``artdagctl plan`` and ``execute``: what a run would compute, and to compute just that."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import click

from artdagd.cli.client import Client
from artdagd.cli.following import follow_option, started
from artdagd.cli.inputs import bind_options, bound, declared
from artdagd.cli.problems import NodeError
from artdagd.cli.saving import output_option
from artdagd.cli.show import Show, json_option, size

PATIENCE = 600.0
"""Seconds that an analysis may take before a plan is given up."""

PLAN_BYTES = 2 << 20


@click.command()
@click.argument("recipe")
@bind_options
@json_option
def plan(recipe: str, inputs: tuple[str, ...], params: tuple[str, ...], show: Show) -> None:
    """Analyze and plan RECIPE without rendering: what would be computed, and what exists.

    `artdagctl execute` takes the plan's id.
    """
    with Client() as client:
        body, about = declared(client, recipe)
        body |= bound(client, about, inputs, params, show)
        show_plan(_planned(client, body, show), show)


@click.command()
@click.argument("given", metavar="PLAN")
@follow_option
@output_option
@json_option
def execute(given: str, follow: bool, output: Path | None, show: Show) -> None:
    """Execute PLAN: a plan's id, or a file that holds a whole plan as JSON. -o waits for the end."""
    file = Path(given)
    body = {"plan": _read(file)} if file.is_file() else {"plan_id": given}
    with Client() as client:
        started(client, client.post("/api/execute", body), show, follow=follow, output=output)


def show_plan(view: dict[str, Any], show: Show) -> None:
    """A plan's steps, with the passes that compute them."""
    estimate, reasons = view.get("estimate"), view.get("reasons", ())
    if not show.as_json:
        waiting = estimate["passes"] if estimate else sum(not one["cached"] for one in view["passes"])
        told = f"to compute  {waiting} of {len(view['passes'])} passes"
        against = [f"against     {view['against']}"] if view.get("against") else []
        show.value(None, [f"plan        {view['plan_id']}", told, *_cost(estimate), *against])
    why = {one["step_id"]: one for one in reasons}
    seconds = {one["steps"][-1]: _about(one.get("seconds")) for one in view["passes"]}
    made = {one["steps"][-1]: _made(one) for one in view["passes"]}
    columns, rows = ["step", "type", "level", "exists", "made"], []
    for one in view["steps"]:
        because = why.get(one["step_id"], {"reason": "", "detail": ""})
        reason = [seconds.get(one["step_id"], ""), because["reason"], because["detail"]]
        exists = "yes" if one["cached"] else ""
        last = reason if why else [one["pass_id"], one["output_cid"]]
        rows.append([one["step_id"], one["type"], one["level"], exists, made.get(one["step_id"], ""), *last])
    columns += ["seconds", "why", "because"] if why else ["pass", "output"]
    show.table(view, columns, rows, "it has no steps")


def _cost(estimate: dict[str, Any] | None) -> list[str]:
    """What running a plan would cost, where that was asked."""
    if estimate is None:
        return []
    passes, seconds = estimate["passes"], estimate["seconds"]
    said = "nothing" if not passes else "not known yet" if seconds is None else f"about {_about(seconds)} s of a worker"
    film = estimate.get("film_seconds")
    rendered = f", {_about(film)} s of film" if film else ""
    parts = f", {_segments(estimate['segments'])}" if estimate.get("segments") else ""
    sound = ", the sound" if estimate.get("sounds") else ""
    return [f"would take  {said}{rendered}{parts}{sound}"]


def _made(item: dict[str, Any]) -> str:
    """How a pass is made: in parts, or why it is not."""
    if item.get("segments"):
        return _segments(len(item["segments"]))
    return f"in one piece: {item['whole']}" if item.get("whole") else ""


def _segments(count: int) -> str:
    return f"{count} segment{'' if count == 1 else 's'}"


def _about(seconds: float | None) -> str:
    return "" if seconds is None else f"{seconds:.1f}" if seconds < 10 else f"{seconds:.0f}"


def _planned(client: Client, body: dict[str, Any], show: Show) -> dict[str, Any]:
    """The plan; the node answers 503 as long as an analysis runs."""
    until = time.monotonic() + PATIENCE
    while True:
        try:
            view: dict[str, Any] = client.post("/api/plan", body)
            return view
        except NodeError as error:
            if error.later is None or time.monotonic() > until:
                raise
            show.remark("the inputs are being analyzed")
            time.sleep(error.later)


def _read(file: Path) -> Any:
    if file.stat().st_size > PLAN_BYTES:
        raise click.UsageError(f"{file} has {size(file.stat().st_size)}: a plan has at most 2 MiB")
    try:
        return json.loads(file.read_bytes())
    except ValueError as error:
        raise click.UsageError(f"{file} is not JSON: {error}") from None
