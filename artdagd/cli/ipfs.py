"""``artdagctl ipfs``: content by its CID, on IPFS and here."""

from __future__ import annotations

from pathlib import Path

import click

from artdagd.cli.cache import cid_argument
from artdagd.cli.client import Client
from artdagd.cli.saving import output_option, save
from artdagd.cli.show import Show, json_option


@click.group()
def ipfs() -> None:
    """Content by its CID, on IPFS and here."""


@ipfs.command("get")
@cid_argument
@output_option
@json_option
def get(cid: str, output: Path | None, show: Show) -> None:
    """Download by CID and verify; without -o beside you, under its CID."""
    target = output or Path(cid)
    with Client() as client:
        save(client, f"/ipfs/{cid}/raw", target, show, cid)
    show.value({"cid": cid, "file": str(target)}, [str(target)])


@ipfs.command("address")
@cid_argument
@json_option
def address(cid: str, show: Show) -> None:
    """Print where the node's IPFS gateway has it."""
    with Client() as client:
        url = client.location(f"/ipfs/{cid}")
    show.value({"cid": cid, "url": url}, [url])
