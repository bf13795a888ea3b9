"""``artdagctl cache publish``, ``unpublish`` and ``publication``: works, told to the registry and whoever follows."""

from __future__ import annotations

import click

from artdagd.cli.cache import cid_argument
from artdagd.cli.client import Client
from artdagd.cli.show import Show, details, json_option


@click.command("publish")
@cid_argument
@json_option
def publish(cid: str, show: Show) -> None:
    """Publish a blob with its provenance: its bytes are open to everybody from then on."""
    with Client() as client:
        view = client.post(f"/cache/{cid}/publish")
    show.value(view, [view["url"]])
    show.remark(f"how far it got: artdagctl cache publication {cid}")


@click.command("unpublish")
@cid_argument
@json_option
def unpublish(cid: str, show: Show) -> None:
    """Take a publication back; who was told is told to forget it."""
    with Client() as client:
        client.delete(f"/cache/{cid}/publish")
    show.value({"unpublished": cid}, [f"unpublished {cid}"])


@click.command("publication")
@cid_argument
@json_option
def publication(cid: str, show: Show) -> None:
    """Show a publication: its addresses, and how far the news of it got."""
    with Client() as client:
        view = client.get(f"/cache/{cid}/publish")
    if not show.as_json:
        show.value(None, details({name: value for name, value in view.items() if name != "deliveries"}))
    rows = ((d["target"], d["state"], d["attempts"], d["next_at"], d["error"]) for d in view["deliveries"])
    show.table(view, ("to", "state", "attempts", "next", "error"), rows, "nobody has to be told")
