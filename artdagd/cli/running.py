"""``artdagctl run`` and ``render``: start work, and wait for its result."""

from __future__ import annotations

from pathlib import Path

import click

from artdagd.cli.client import Client
from artdagd.cli.following import follow_option, started
from artdagd.cli.inputs import bind_options, bound, check_effect, declared, pairs, scalar, source, upload
from artdagd.cli.saving import output_option
from artdagd.cli.show import Show, json_option


@click.command()
@click.argument("recipe")
@bind_options
@follow_option
@output_option
@json_option
def run(
    recipe: str, inputs: tuple[str, ...], params: tuple[str, ...], follow: bool, output: Path | None, show: Show
) -> None:
    """Run RECIPE: a YAML file, or the id or name of a recipe on the node.

    An input is a file, a CID, or the name of media that the node has. -o waits for the end, as --follow does.
    """
    with Client() as client:
        body, about = declared(client, recipe)
        body |= bound(client, about, inputs, params, show)
        view = client.post("/api/run-recipe" if "recipe_yaml" in body else "/runs", body)
        started(client, view, show, follow=follow, output=output)


@click.command()
@click.argument("effect")
@click.argument("inputs", nargs=-1, required=True, metavar="INPUT…")
@click.option("--set", "--param", "--config", "params", multiple=True, metavar="NAME=VALUE", help="Set a parameter.")
@click.option("--sync/--async", default=False, help="Wait for the result and show progress.")
@output_option
@json_option
def render(
    effect: str, inputs: tuple[str, ...], params: tuple[str, ...], sync: bool, output: Path | None, show: Show
) -> None:
    """Apply EFFECT to an INPUT: a file, a CID, or the name of media that the node has.

    -o waits for the end, as --sync does.
    """
    values = {name: scalar(text) for name, text in pairs(params, "--param").items()}
    with Client() as client:
        check_effect(client, effect)
        sources = [source(client, value) for value in inputs]
        cids = [upload(client, value, found, show) for value, found in zip(inputs, sources, strict=True)]
        view = client.post("/runs", {"effect": effect, "inputs": cids, "config": values})
        started(client, view, show, follow=sync, output=output)
