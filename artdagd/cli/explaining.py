"""``artdagctl runs explain``: why each step of a run was computed, or was not."""

from __future__ import annotations

from collections import Counter
from itertools import groupby
from operator import itemgetter
from typing import Any

import click

from artdagd.cli.client import Client, part
from artdagd.cli.show import Show, json_option


@click.command("explain")
@click.argument("run_id")
@click.option("--against", metavar="RUN", help="Compare with this run, not with the one before it.")
@click.option("--all", "whole", is_flag=True, help="Tell of steps, too, that did not change and were there.")
@click.option("--segments", is_flag=True, help="Tell of each segment of what is made in segments.")
@json_option
def explain(run_id: str, against: str | None, whole: bool, segments: bool, show: Show) -> None:
    """Say why each step of a run was computed, or was not.

    It is compared with the run of the same recipe before it. What is indented changed because of a step above it.
    --segments lists the parts of results that are made in parts, neighbours of which the same is said in one row.
    """
    with Client() as client:
        found = client.get(f"/api/run/{part(run_id)}/explain", against=against)
    if show.as_json:
        show.value(found)
        return
    other = found["against"]
    show.value(None, [f"run      {found['run_id']}", f"against  {other or 'nothing: no earlier run is known'}", ""])
    if segments:
        columns = ("step", "segments", "from", "to", "why", "seconds")
        parts = [row for one in found["steps"] for row in _parts(one)]
        show.table(None, columns, parts, "nothing is made in segments: artdagctl runs plan says why")
        return
    told = [one for one in found["steps"] if whole or (one["status"], one["reason"]) != ("cached", "nothing changed")]
    rows = (
        (_name(one), one["type"], one["status"], _seconds(one["seconds"]), one["reason"], _because(one)) for one in told
    )
    columns = ("step", "type", "became", "seconds", "why", "because")
    show.table(None, columns, rows, "nothing changed, and every result was there")
    show.value(None, ["", _summary(found["steps"], len(found["steps"]) - len(told))] if told else [])


def _parts(step: dict[str, Any]) -> list[tuple[str, ...]]:
    """Rows of a step's segments, one for neighbours of which the same is said, and one of its sound."""
    told: dict[str, Any] = step.get("segments") or {}
    rows: list[tuple[str, ...]] = []
    for why, group in groupby(told.get("each", ()), key=itemgetter("why")):
        each = list(group)
        first, last = each[0], each[-1]
        numbers = f"{first['number']}" if first is last else f"{first['number']} to {last['number']}"
        spent = [one["seconds"] for one in each if one["seconds"] is not None]
        ends = _clock(first["start"]), _clock(last["start"] + last["duration"])
        rows.append((step["step_id"], numbers, *ends, why, _seconds(sum(spent) if spent else None)))
    if told.get("sound"):
        rows.append((step["step_id"], "sound", "", "", told["sound"], ""))
    return rows


def _clock(seconds: float) -> str:
    """``1:02.4``: minutes and seconds of film."""
    minutes, tenths = divmod(round(seconds * 10), 600)
    whole, tenth = divmod(tenths, 10)
    return f"{minutes}:{whole:02}" + (f".{tenth}" if tenth else "")


def _name(step: dict[str, Any]) -> str:
    return f"{'  ' if step['cause'] else ''}{step['step_id']}"


def _because(step: dict[str, Any]) -> str:
    parts = step.get("segments")
    if not parts or step["status"] != "ran":
        return str(step["detail"])
    return f"{step['detail']} ({parts['made']} of {parts['total']} segments were made)"


def _seconds(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"


def _summary(steps: list[dict[str, Any]], left_out: int) -> str:
    counted = Counter(one["status"] for one in steps)
    spent = sum(one["seconds"] or 0.0 for one in steps)
    ran = f"{counted.pop('ran', 0)} ran in {spent:.2f} s"
    rest = [f"{count} {status}" for status, count in sorted(counted.items())]
    unchanged = f" ({left_out} not shown: nothing changed; --all shows them)" if left_out else ""
    return f"of {len(steps)} steps {', '.join([ran, *rest])}{unchanged}"
