"""``artdagctl``: the command line of a node's users."""

from __future__ import annotations

import click

from artdagd import __version__
from artdagd.cli.client import Client
from artdagd.cli.keeping import cache, recipes
from artdagd.cli.problems import CODES, UNREACHABLE, NodeError, run_command
from artdagd.cli.running import render, run, runs
from artdagd.cli.show import Show, json_option, size
from artdagd.cli.steps import steps

HELP = f"""Talk to an artdagd node.

ARTDAG_URL and ARTDAG_TOKEN say which and who; else it is the local node under ARTDAG_HOME (~/.artdag),
with its admin token.

{CODES}"""


@click.group(context_settings={"help_option_names": ["-h", "--help"]}, help=HELP)
@click.version_option(__version__, prog_name="artdagctl")
def control() -> None:
    pass


@control.command()
@json_option
def status(show: Show) -> None:
    """Say whether the node is up, and what it is doing."""
    with Client() as client:
        health = client.health()
        if health["status"] != "ok":
            raise NodeError(f"{client.url} is {health['status']}\n  Try again in a moment.", code=UNREACHABLE)
        active = {
            s: client.get("/runs", status=s, limit=1)["total"] for s in ("pending", "analyzing", "planning", "running")
        }
        workers = client.get("/workers")["items"]
        url = client.url
    busy = sum(worker["state"] == "busy" for worker in workers)
    show.value(
        {"url": url, **health, "active_runs": sum(active.values()), "workers": len(workers), "busy": busy},
        [
            f"{url}  {health['status']}  artdagd {health['version']}",
            f"{len(workers)} workers, {busy} busy; {sum(active.values())} active runs",
        ],
    )


@control.command()
@json_option
def workers(show: Show) -> None:
    """List workers: who, since when, doing what."""
    with Client() as client:
        answer = client.get("/workers")
    rows = (
        (
            w["name"],
            w["state"],
            ", ".join(w["doing"]),
            w["done"],
            w["failed"],
            size(w["memory"]) if w["memory"] else None,
            w["pid"],
            w["since"],
        )
        for w in answer["items"]
    )
    show.table(answer, ("worker", "state", "doing", "done", "failed", "memory", "pid", "since"), rows, "no workers")


@control.command()
@json_option
def plugins(show: Show) -> None:
    """List plugins, what each provides, and what failed to load."""
    with Client() as client:
        answer = client.get("/plugins")
    rows = (
        (p["name"], p["version"], p["error"] or "; ".join(f"{k}: {', '.join(v)}" for k, v in p["provides"].items()))
        for p in answer["items"]
    )
    show.table(answer, ("plugin", "version", "provides"), rows, "no plugins installed")


for command in (run, render, runs, recipes, cache, steps):
    control.add_command(command)


def main() -> None:
    from artdagd.hooks.manager import Plugins

    for command in Plugins.load().commands():
        control.add_command(command)
    run_command(control)
