"""``artdagctl examples``: recipes that come with the node."""

from __future__ import annotations

from pathlib import Path

import click

from artdagd.cli.client import Client, part
from artdagd.cli.following import follow_option, started
from artdagd.cli.saving import output_option
from artdagd.cli.show import Show, json_option


@click.group()
def examples() -> None:
    """Recipes that come with the node."""


@examples.command("list")
@json_option
def list_examples(show: Show) -> None:
    """List them, with the inputs that each needs."""
    with Client() as client:
        found = client.get("/examples")
    rows = ((one["name"], ", ".join(one["inputs"]), one["description"]) for one in found["items"])
    show.table(found, ("name", "inputs", "description"), rows, "no example whose plugins are installed")


@examples.command("take")
@click.argument("name")
@json_option
def take_example(name: str, show: Show) -> None:
    """Make one of them a recipe of yours."""
    with Client() as client:
        view = client.post(f"/examples/{part(name)}/take", {})
    show.value(view, [f"{view['name']} {view['version']}  {view['recipe_id']}"])


@examples.command("run")
@click.argument("name")
@follow_option
@output_option
@json_option
def run_example(name: str, follow: bool, output: Path | None, show: Show) -> None:
    """Run one that needs no input; -o waits for the end."""
    with Client() as client:
        started(client, client.post(f"/examples/{part(name)}/run", {}), show, follow=follow, output=output)
