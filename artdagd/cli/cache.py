"""``artdagctl cache``: media and results on the node, by CID."""

from __future__ import annotations

import typing
from pathlib import Path
from typing import Any

import click

from artdagd.cid import CID
from artdagd.cli.client import Client
from artdagd.cli.inputs import A_FILE, pairs, scalar
from artdagd.cli.saving import fetch, output_option, save
from artdagd.cli.show import Show, details, json_option, page_options, size
from artdagd.work import Kind

ORDERS = ("newest", "oldest", "largest", "smallest", "name")


@click.group()
def cache() -> None:
    """Media and results in the node's cache, by CID."""


@cache.command("list")
@click.option("--kind", type=click.Choice(typing.get_args(Kind)))
@click.option("-q", "--query", help="Words, each of which is in the name, title, description or tags.")
@click.option("--sort", type=click.Choice(ORDERS), default=ORDERS[0], show_default=True, help="What comes first.")
@page_options
@json_option
def list_cache(kind: str | None, query: str | None, sort: str, page: int, limit: int, show: Show) -> None:
    """List media."""
    with Client() as client:
        found = client.get("/media", kind=kind, q=query, sort=sort, page=page, limit=limit)
    rows = ((e["kind"], size(e["size"]), e["title"] or e["filename"], e["cid"]) for e in found["items"])
    show.page(found, ("kind", "size", "name", "cid"), rows, "nothing here yet: artdagctl cache put FILE")


@cache.command("put")
@click.argument("files", nargs=-1, required=True, type=A_FILE)
@json_option
def put(files: tuple[Path, ...], show: Show) -> None:
    """Upload FILES."""
    answers = []
    with Client() as client, show.bar(transfer=True) as bar:
        for file in files:
            task = bar.add_task(f"uploading {file.name}", total=file.stat().st_size)
            answers.append(client.upload(file, lambda count, task=task: bar.advance(task, count)))  # type: ignore[misc]
    show.value(answers, [f"{a['cid']}  {f}" for a, f in zip(answers, files, strict=True)])


@cache.command("import")
@click.argument("path", nargs=-1, required=True)
@json_option
def bring(path: tuple[str, ...], show: Show) -> None:
    """Import each PATH: a file of the node's machine, under a folder that its operator opened for imports."""
    with Client() as client:
        answers = [client.bring(one) for one in path]
    show.value(answers, [f"{a['cid']}  {p}" for a, p in zip(answers, path, strict=True)])


def _is_cid(context: click.Context, parameter: click.Parameter, value: str) -> str:
    try:
        return str(CID.parse(value))
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


cid_argument = click.argument("cid", callback=_is_cid)


@cache.command("get")
@cid_argument
@output_option
@json_option
def get(cid: str, output: Path | None, show: Show) -> None:
    """Download a blob and verify it; without -o under its own name, which replaces nothing."""
    with Client() as client:
        target = fetch(client, cid, output, show)
    show.value({"cid": cid, "file": str(target)}, [str(target)])


@cache.command("show")
@cid_argument
@json_option
def show_entry(cid: str, show: Show) -> None:
    """Show what is known about a blob."""
    with Client() as client:
        entry = client.get(f"/cache/{cid}")
    show.value(entry, details(entry))


@cache.command("delete")
@cid_argument
@json_option
def delete(cid: str, show: Show) -> None:
    """Delete a blob; refused while a run or a pin needs it."""
    with Client() as client:
        client.delete(f"/cache/{cid}")
    show.value({"deleted": cid}, [f"deleted {cid}"])


@cache.command("meta")
@cid_argument
@click.option("--title")
@click.option("--description")
@click.option("--tag", "tags", multiple=True, help="A tag; all that are given replace those it had.")
@click.option("--no-tags", is_flag=True, help="Take all tags away.")
@click.option("--set", "values", multiple=True, metavar="NAME=VALUE", help="A field of its free-form metadata.")
@click.option("--pin/--no-pin", "pinned", default=None, help="Keep it on the node's disk, and from being deleted.")
@json_option
def meta(
    cid: str,
    title: str | None,
    description: str | None,
    tags: tuple[str, ...],
    no_tags: bool,
    values: tuple[str, ...],
    pinned: bool | None,
    show: Show,
) -> None:
    """Show how a blob is described, or describe it; what is not given stays."""
    if tags and no_tags:
        raise click.UsageError("--tag and --no-tags exclude each other")
    changes: dict[str, Any] = {"title": title, "description": description, "pinned": pinned}
    changes = {name: value for name, value in changes.items() if value is not None}
    if tags or no_tags:
        changes["tags"] = list(tags)
    given = {name: scalar(text) for name, text in pairs(values, "--set").items()}
    path = f"/cache/{cid}/meta"
    with Client() as client:
        if given:
            changes["metadata"] = client.get(path)["metadata"] | given
        view = client.patch(path, changes) if changes else client.get(path)
    show.value(view, details(view))


@cache.command("preview")
@click.argument("kind", type=click.Choice(["mp4", "poster", "thumbnails", "waveform"]))
@cid_argument
@click.option("--width", type=int, help="Pixels: of a poster, of each thumbnail, or of a waveform.")
@click.option("--height", type=int, help="Pixels of a waveform.")
@output_option
@json_option
def preview(kind: str, cid: str, width: int | None, height: int | None, output: Path | None, show: Show) -> None:
    """Save a medium as browsers show it, when a worker has made that; without -o beside you, under its CID."""
    ending = {"mp4": "mp4", "waveform": "png"}.get(kind, "jpg")
    target = output or Path(f"{cid}.{kind}.{ending}" if kind != ending else f"{cid}.mp4")
    with Client() as client:
        made = save(client, f"/cache/{cid}/{kind}", target, show, width=width, height=height)
    show.value({"cid": made, "file": str(target)}, [str(target)])
