"""``artdagctl status``, ``workers``, ``nodes``, ``plugins``, ``api`` and ``client``: the node itself."""

from __future__ import annotations

import json
from pathlib import Path

import click

from artdagd.cli.client import Client
from artdagd.cli.problems import UNREACHABLE, NodeError
from artdagd.cli.saving import output_option, write
from artdagd.cli.show import Show, json_option, size
from artdagd.cli.upkeep import usage


@click.command()
@json_option
def status(show: Show) -> None:
    """Say whether the node is up, and what it is doing."""
    with Client() as client:
        health = client.health()
        if health["status"] not in ("ok", "degraded"):
            raise NodeError(f"{client.url} is {health['status']}\n  Try again in a moment.", code=UNREACHABLE)
        active = {
            s: client.get("/runs", status=s, limit=1)["total"] for s in ("pending", "analyzing", "planning", "running")
        }
        workers = client.get("/workers")["items"]
        others = [node for node in client.get("/nodes")["items"] if not node["this"]]
        cache = client.get("/cache")
        url = client.url
    up = 1 + sum(node["state"] == "up" for node in others)
    busy = sum(worker["state"] == "busy" for worker in workers)
    show.value(
        {
            "url": url,
            **health,
            "active_runs": sum(active.values()),
            "workers": len(workers),
            "busy": busy,
            "nodes": up,
            "cache": cache,
        },
        [
            f"{url}  {health['status']}  artdagd {health['version']}",
            *health.get("reasons", ()),
            f"{len(workers)} workers, {busy} busy; {sum(active.values())} active runs",
            *([f"{up} of {1 + len(others)} nodes up: artdagctl nodes"] if others else []),
            f"cache: {usage(cache)}",
        ],
    )


@click.command()
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
            w["host"],
            w["pid"],
            w["blobs"],
            w["since"],
        )
        for w in answer["items"]
    )
    columns = ("worker", "state", "doing", "done", "failed", "memory", "host", "pid", "blobs", "since")
    show.table(answer, columns, rows, "no workers")


@click.command()
@json_option
def nodes(show: Show) -> None:
    """List the nodes on this database: which are up, and how many unfinished runs each has."""
    with Client() as client:
        answer = client.get("/nodes")
    rows = (
        (
            n["name"] + (" (this)" if n["this"] else ""),
            n["state"],
            n["runs"],
            "shared" if n["shares"] else "other key",
            f"{n['silent']:.0f} s ago",
            n["url"],
            n["started_at"],
        )
        for n in answer["items"]
    )
    show.table(answer, ("node", "state", "runs", "results", "heard", "address", "since"), rows, "no nodes")


@click.command()
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


@click.command()
@json_option
def api(show: Show) -> None:
    """Print the node's API as an OpenAPI document."""
    with Client() as client:
        document = client.get("/openapi.json")
    show.value(document, json.dumps(document, indent=2, ensure_ascii=False).splitlines())


@click.command()
@json_option
def metrics(show: Show) -> None:
    """Print the node's figures, as Prometheus reads them."""
    with Client() as client:
        text = client.text("/metrics").decode(errors="replace")
    show.value({"text": text}, text.splitlines())


@click.command("client")
@output_option
@json_option
def one_file(output: Path | None, show: Show) -> None:
    """Save the client that runs on a bare Python: artdag.py, or as -o says."""
    target = output or Path("artdag.py")
    with Client() as client:
        write(target, client.text("/download/client"))
    show.value({"file": str(target)}, [str(target)])
