"""``artdagctl verify``: whether what a run made comes out again."""

from __future__ import annotations

from typing import Any

import click

from artdagd.cid import CID
from artdagd.cli.client import Client
from artdagd.cli.problems import FAILED
from artdagd.cli.show import Show, json_option


@click.command("verify")
@click.argument("given", metavar="RUN|PROVENANCE")
@json_option
def verify(given: str, show: Show) -> None:
    """Render a run again, from its provenance record alone, and compare all that it stored, by CID.

    It is named by its id, or by the CID of the record. What is cached is not looked at, and stays as it is. Ends with 0
    only if every result came out again, to the byte; else with 1.
    """
    items: list[dict[str, Any]] = []
    done: dict[str, Any] = {}
    with Client() as client, show.bar() as bar:
        task = bar.add_task("rendering again", total=1.0)
        for event, data in client.work("/api/verify", _named(given)):
            if event == "step":
                items.append(data)
            elif event == "progress":
                bar.update(task, completed=data["fraction"], description=f"{data['done']} of {data['total']} compared")
            elif event == "done":
                done = data
                bar.update(task, completed=1.0)
    if show.as_json:
        show.value({**done, "steps": items})
    else:
        _tell(items, done, show)
    if not done["equal"]:
        raise SystemExit(FAILED)


def _named(given: str) -> dict[str, str]:
    try:
        return {"provenance_cid": str(CID.parse(given))}
    except ValueError:
        return {"run_id": given}


def _tell(items: list[dict[str, Any]], done: dict[str, Any], show: Show) -> None:
    show.value(None, [f"run         {done['run_id']}", f"provenance  {done['provenance_cid']}", ""])
    columns = ("step", "type", "recorded", "rendered", "seconds", "is it the same")
    show.table(None, columns, map(_row, items), "it stored nothing")
    if done["versions"]:
        show.value(None, ["", "not as recorded:"])
        versions = ((one["name"], one["recorded"] or "not there", one["here"]) for one in done["versions"])
        show.table(None, ("version of", "recorded", "here"), versions, "")
    same = done["compared"] - done["different"] - done["failed"]
    verdict = "equal" if done["equal"] else "NOT equal"
    counted = f"{same} of {done['compared']} results are the same to the byte"
    show.value(None, ["", f"{verdict}: {counted} ({done['seconds']:.2f} s of workers)"])


def _row(one: dict[str, Any]) -> tuple[str, ...]:
    cids = [f"…{cid[-12:]}" if cid else "" for cid in (one["recorded"], one["rendered"])]
    said = "yes" if one["equal"] else one["error"] or "NO"
    return one["step_id"], one["type"], *cids, f"{one['seconds']:.2f}", said
