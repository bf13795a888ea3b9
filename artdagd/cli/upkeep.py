"""``artdagctl cache usage``, ``gc`` and ``verify``: the node's local cache."""

from __future__ import annotations

from collections import Counter
from typing import Any

import click

from artdagd.cid import CID
from artdagd.cli.client import Client
from artdagd.cli.problems import FAILED
from artdagd.cli.show import Show, details, json_option, size
from artdagd.cli.storage import byte_count


def usage(view: dict[str, Any]) -> str:
    """How full a cache is, in words."""
    capacity = "" if view["capacity_bytes"] is None else f" of {size(view['capacity_bytes'])}"
    evicted = f"; {view['evicted']} removed since the start" if view["evicted"] else ""
    return f"{size(view['bytes'])}{capacity} in {view['blobs']} files{evicted}"


@click.command("usage")
@json_option
def show_usage(show: Show) -> None:
    """Say how full the node's local cache is."""
    with Client() as client:
        view = client.get("/cache")
    show.value(view, details(view))


@click.command("gc")
@click.option("--plan", is_flag=True, help="Only tell what would go.")
@click.option(
    "--to", metavar="SIZE", help="Go on until the cache has no more than SIZE, such as 100GB; 0: all that may."
)
@json_option
def gc(plan: bool, to: str | None, show: Show) -> None:
    """Remove what nobody needs from the node's disk; then, above its bounds, what is cheapest to have again for its
    size and was not used for longest."""
    body: dict[str, Any] = {"plan": plan}
    if to is not None:
        body["to_bytes"] = byte_count(to, "--to")
    items: list[dict[str, Any]] = []
    done: dict[str, Any] = {}
    with Client() as client, show.bar() as bar:
        task = bar.add_task("looking", total=None)
        for event, data in client.work("/cache/gc", body):
            if event == "blob":
                items.append(data)
                bar.update(task, description=f"{len(items)} blobs")
            elif event == "done":
                done = data
    if plan or show.as_json:
        rows = ((one["cid"], size(one["size"]), one["used"], one["why"], _again(one["seconds"])) for one in items)
        columns = ("cid", "size", "last used", "why", "to make again")
        show.table({**done, "items": items}, columns, rows, "nothing would go")
    if not show.as_json:
        whys = ", ".join(f"{count} {why}" for why, count in sorted(Counter(one["why"] for one in items).items()))
        verb = "would free" if plan else "freed"
        again = f"; making them again takes {_again(done['seconds'])}" if done["seconds"] else ""
        click.echo(f"{verb} {size(done['bytes'])} in {done['count']} blobs{f' ({whys})' if whys else ''}{again}")
        click.echo(f"cache: {usage(done['cache'])}")


def _again(seconds: float | None) -> str:
    return "" if seconds is None else f"{seconds:.1f} s"


def _cids(context: click.Context, parameter: click.Parameter, values: tuple[str, ...]) -> list[str]:
    try:
        return [str(CID.parse(value)) for value in values]
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


def _percent(context: click.Context, parameter: click.Parameter, value: str | None) -> float | None:
    if value is None:
        return None
    try:
        percent = float(value.removesuffix("%"))
    except ValueError:
        percent = 0.0
    if not 0 < percent <= 100:
        raise click.BadParameter(f"{value!r} is no part of the whole, such as 5%")
    return percent


@click.command("verify")
@click.argument("cids", nargs=-1, callback=_cids)
@click.option("--read-data-subset", "percent", metavar="N%", callback=_percent, help="Read N % of all, by chance.")
@json_option
def verify(cids: list[str], percent: float | None, show: Show) -> None:
    """Hash what the node stores: CIDS, or everything. What is corrupt goes to quarantine, and is fetched from a storage
    provider that has it. Ends with 1 if something is wrong and was not healed."""
    if cids and percent is not None:
        raise click.UsageError("CIDS and --read-data-subset exclude each other")
    body: dict[str, Any] = {"cids": cids} if cids else {"percent": percent or 100.0}
    items: list[dict[str, Any]] = []
    done: dict[str, Any] = {}
    with Client() as client, show.bar() as bar:
        task = bar.add_task("hashing", total=None)
        for event, data in client.work("/cache/verify", body):
            if event == "blob":
                items.append(data)
                continue
            bar.update(task, total=data["total"], completed=data["checked"])
            done = data
    if show.as_json:
        show.value({**done, "items": items})
    else:
        rows = ((one["cid"], one["state"], one["remedy"]) for one in items)
        show.table({}, ("cid", "state", "what to do"), rows, "all of it is sound")
        words = ", ".join(f"{done[state]} {state}" for state in ("sound", "healed", "corrupt", "missing"))
        click.echo(f"checked {done['checked']}: {words}")
    if done["corrupt"] or done["missing"]:
        raise SystemExit(FAILED)
