"""Results as files: whole, verified against their CID, or not there at all."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from artdagd.cid import CID, names_file
from artdagd.cli.client import Client
from artdagd.cli.problems import NodeError
from artdagd.cli.show import Show

F = TypeVar("F", bound=Callable[..., Any])


def _target(context: click.Context, parameter: click.Parameter, value: Path | None) -> Path | None:
    """The file to write, looked at before anything is sent or rendered."""
    if value is None:
        return None
    target = value.resolve()
    if not target.parent.is_dir():
        raise click.BadParameter(f"there is no folder {target.parent}")
    if target.exists() and not target.is_file():
        raise click.BadParameter(f"{value} is not a file")
    if not os.access(target.parent, os.W_OK):
        raise click.BadParameter(f"the folder {target.parent} is not yours to write in")
    return value


def output_option(function: F) -> F:
    """``-o`` on a command; the command gets an ``output`` argument."""
    return click.option(
        "-o",
        "--output",
        type=click.Path(path_type=Path),
        callback=_target,
        metavar="FILE",
        help="Save the result here, replacing a file.",
    )(function)


def save(client: Client, path: str, target: Path, show: Show, cid: str = "", **query: Any) -> str:
    """Write what is at ``path`` to ``target``: under another name beside it until it is whole and what its CID names.

    The CID is ``cid``, or the one that the node tells; it is returned.
    """
    target = target.resolve()
    part = target.with_name(f".{target.name[:200]}.{secrets.token_hex(4)}.part")
    try:
        with show.bar(transfer=True) as bar, part.open("xb") as out:
            task = bar.add_task(f"saving {target.name}", total=None)
            told = client.download(
                path, out, lambda done, total: bar.update(task, completed=done, total=total), **query
            )
        if not _names(cid or told, part):
            raise NodeError(f"what {client.url} sent is not {cid or told}: nothing was saved\n  Try again.")
        part.replace(target)
        return cid or told
    finally:
        part.unlink(missing_ok=True)


def write(target: Path, data: bytes) -> None:
    """Write a file whole or not at all."""
    part = target.with_name(f".{target.name[:200]}.{secrets.token_hex(4)}.part")
    try:
        part.write_bytes(data)
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)


def fetch(client: Client, cid: str, output: Path | None, show: Show) -> Path:
    """Save a blob as ``output``, or under its own name, which replaces no other file. Returns where it is."""
    raw = f"/cache/{cid}/raw"
    if output is not None:
        save(client, raw, output, show, cid)
        return output
    # The node's word for a file of ours: in no folder, and not hidden.
    target = Path(Path(client.get(f"/cache/{cid}")["filename"] or cid).name.lstrip(".") or cid)
    if target.exists():
        if target.is_file() and names_file(CID.parse(cid), target):
            show.remark(f"{target} is there already")
            return target
        raise NodeError(f"{target} exists, and is not {cid}\n  Say where to save it: -o FILE")
    save(client, raw, target, show, cid)
    return target


def _names(cid: str, file: Path) -> bool:
    try:
        return names_file(CID.parse(cid), file)
    except ValueError:
        return False
