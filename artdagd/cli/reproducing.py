"""``artdagctl verify``: whether what a run made comes out again."""

from __future__ import annotations

from typing import Any

import click

from artdagd.cid import CID
from artdagd.cli.client import Client
from artdagd.cli.problems import FAILED
from artdagd.cli.show import Show, json_option

LISTED = 20
"""Parts of a result that came out again, beyond which they are one line."""

PROGRESS = "{done} of {total} compared"


@click.command("verify")
@click.argument("given", metavar="RUN|PROVENANCE")
@click.option(
    "--segments",
    type=click.IntRange(1, 20_000),
    metavar="N",
    help="Of each result that is made in segments render only N, by chance, and its sound.",
)
@click.option("--seed", type=click.IntRange(0, (1 << 53) - 1), help="The chance: the same segments as another time.")
@json_option
def verify(given: str, segments: int | None, seed: int | None, show: Show) -> None:
    """Render a run again, from its provenance record alone, and compare all that it stored, by CID.

    It is named by its id, or by the CID of the record. What is cached is not looked at, and stays as it is. Ends with 0
    only if all that was rendered came out again, to the byte; else with 1.
    """
    if seed is not None and segments is None:
        raise click.UsageError("--seed says which segments are taken, and needs --segments: how many.")
    results: list[dict[str, Any]] = []
    parts: list[dict[str, Any]] = []
    done: dict[str, Any] = {}
    asked = {"segments": segments, "seed": seed}
    body = _named(given) | {name: value for name, value in asked.items() if value is not None}
    with Client() as client, show.bar() as bar:
        task = bar.add_task("rendering again", total=1.0)
        for event, data in client.work("/api/verify", body):
            if event == "step":
                results.append(data)
            elif event == "part":
                parts.append(data)
            elif event == "progress":
                bar.update(task, completed=data["fraction"], description=PROGRESS.format(**data))
            elif event == "done":
                done = data
                bar.update(task, completed=1.0)
    parts.sort(key=lambda one: (one["step_id"], -1 if one["number"] is None else one["number"]))
    if show.as_json:
        show.value({**done, "steps": results, "parts": parts})
    else:
        _tell(results, parts, done, show, sampled=segments is not None)
    if not done["equal"]:
        raise SystemExit(FAILED)


def _named(given: str) -> dict[str, Any]:
    try:
        return {"provenance_cid": str(CID.parse(given))}
    except ValueError:
        return {"run_id": given}


def _tell(
    results: list[dict[str, Any]], parts: list[dict[str, Any]], done: dict[str, Any], show: Show, *, sampled: bool
) -> None:
    show.value(None, [f"run         {done['run_id']}", f"provenance  {done['provenance_cid']}", ""])
    columns = ("step", "what", "recorded", "rendered", "seconds", "is it the same")
    rows = [*_rows_of_parts(parts), *(_row(one, one["type"]) for one in results)]
    show.table(None, columns, rows, "it stored nothing")
    if done["versions"]:
        show.value(None, ["", "not as recorded:"])
        versions = ((one["name"], one["recorded"] or "not there", one["here"]) for one in done["versions"])
        show.table(None, ("version of", "recorded", "here"), versions, "")
    if sampled:
        show.value(None, ["", *map(_covered, done["results"]), f"the same segments again: --seed {done['seed']}"])
    same = done["compared"] - done["different"] - done["failed"]
    verdict = "equal" if done["equal"] else "NOT equal"
    counted = f"{same} of {done['compared']} {'results and parts' if parts else 'results'} are the same to the byte"
    show.value(None, ["", f"{verdict}: {counted} ({done['seconds']:.2f} s of workers)"])


def _rows_of_parts(parts: list[dict[str, Any]]) -> list[tuple[str, ...]]:
    """Each part, or where they are many, those that differ, and how many do not."""
    rows: list[tuple[str, ...]] = []
    for step_id in dict.fromkeys(one["step_id"] for one in parts):
        own = [one for one in parts if one["step_id"] == step_id]
        same = [one for one in own if one["equal"]]
        if len(same) > LISTED:
            own = [one for one in own if not one["equal"]]
            spent = sum(one["seconds"] for one in same)
            rows.append((step_id, f"{len(same)} parts", "", "", f"{spent:.2f}", "yes"))
        rows += [_row(one, _part(one)) for one in own]
    return rows


def _part(one: dict[str, Any]) -> str:
    if one["part"] == "sound":
        return "sound"
    return f"segment {one['number']}: frames {one['first']} to {one['first'] + one['frames'] - 1}"


def _covered(one: dict[str, Any]) -> str:
    if not one["segments"]:
        return f"{one['step_id']}: all of it, in one piece: {one['whole']}"
    return f"{one['step_id']}: {len(one['numbers'])} of {one['segments']} segments"


def _row(one: dict[str, Any], what: str) -> tuple[str, ...]:
    cids = [f"…{cid[-12:]}" if cid else "" for cid in (one["recorded"], one["rendered"])]
    said = "yes" if one["equal"] else one["error"] or "NO"
    return one["step_id"], what, *cids, f"{one['seconds']:.2f}", said
