"""What a command line gives to a run: recipes, inputs and values, looked over before anything is uploaded."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import click

from artdagd.cid import CID
from artdagd.cli.client import Client, part
from artdagd.cli.problems import NodeError
from artdagd.cli.show import Show, size
from artdagd.steps.suggest import unknown

F = TypeVar("F", bound=Callable[..., Any])
RECIPE_BYTES = 1 << 20
A_FILE = click.Path(exists=True, dir_okay=False, readable=True, path_type=Path)

Source = Path | str
"""A file to upload, or the CID of what the node has."""


def bind_options(function: F) -> F:
    """``--input`` and ``--param`` on a command that binds a recipe; it gets ``inputs`` and ``params``."""
    param = click.option("--param", "params", multiple=True, metavar="NAME=VALUE", help="Set a param of the recipe.")
    files = "Bind an input; a file is uploaded."
    return click.option("--input", "inputs", multiple=True, metavar="NAME=FILE|CID", help=files)(param(function))


def bound(
    client: Client, about: Mapping[str, Any], inputs: tuple[str, ...], params: tuple[str, ...], show: Show
) -> dict[str, Any]:
    """``inputs`` and ``params`` as a body has them, for the recipe ``about``; files are uploaded when all fits."""
    given, values = pairs(inputs, "--input"), pairs(params, "--param")
    check_names(about, given, values)
    sources = {name: source(client, value) for name, value in given.items()}
    return {
        "params": {name: scalar(text, about["params"][name]["type"]) for name, text in values.items()},
        "inputs": {name: upload(client, given[name], found, show) for name, found in sources.items()},
    }


def pairs(values: tuple[str, ...], option: str) -> dict[str, str]:
    """``NAME=VALUE`` options by name. Raises UsageError for another shape, or a name that comes twice."""
    found: dict[str, str] = {}
    for given in values:
        name, sign, value = given.partition("=")
        if not sign or not name:
            raise click.UsageError(f"{option} {given}: expected NAME=VALUE")
        if name in found:
            raise click.UsageError(f"{option} {name} is given twice")
        found[name] = value
    return found


def scalar(text: str, kind: str | None = None) -> Any:
    """A value as JSON would read it (``3``, ``true``), else as text; always as text for a param of type string."""
    if kind == "string":
        return text
    try:
        # NaN and Infinity are words of Python's, and not of JSON.
        return json.loads(text, parse_constant=str)
    except ValueError:
        return text


def source(client: Client, value: str) -> Source:
    """What ``value`` stands for: a file, a CID, or the name or title of media on the node, the newest first."""
    path = Path(value)
    if path.is_file():
        return path
    try:
        return str(CID.parse(value))
    except ValueError:
        pass
    if path.is_dir():
        raise click.UsageError(f"{value} is a folder; an input is a file or a CID")
    if path.name == value:  # with a folder in front it can only be a file
        for entry in client.get("/media", q=value[:200], limit=100)["items"]:
            if value in (entry["title"], entry["filename"], Path(entry["filename"] or "").stem):
                return str(entry["cid"])
    raise click.UsageError(f"{value}: no such file here, no media of that name on the node, and not a CID")


def upload(client: Client, name: str, given: Source, show: Show) -> str:
    """The CID of an input; a file gets its by an upload."""
    if isinstance(given, str):
        if given != name:
            show.remark(f"{name} is {given}")
        return given
    with show.bar(transfer=True) as bar:
        task = bar.add_task(f"uploading {given.name}", total=given.stat().st_size)
        answer = client.upload(given, lambda count: bar.advance(task, count))
    note = ", already there" if answer["existed"] else ""
    show.remark(f"{given.name} is {answer['cid']} ({size(answer['size'])}{note})")
    return str(answer["cid"])


def recipe_text(file: Path) -> bytes:
    """A recipe's text. Raises UsageError for what can't be one."""
    if file.stat().st_size > RECIPE_BYTES:
        raise click.UsageError(f"{file} has {size(file.stat().st_size)}: a recipe has at most 1 MiB of YAML")
    return file.read_bytes()


def faults(file: Path, errors: list[dict[str, Any]]) -> list[str]:
    """What is wrong with a recipe, each in a line of its own: ``FILE:LINE:COLUMN: what``."""
    return [f"{file}:{error.get('line', 1)}:{error.get('column', 1)}: {error['msg']}" for error in errors]


def declared(client: Client, recipe: str) -> tuple[dict[str, Any], Mapping[str, Any]]:
    """The part of a run's body that names the recipe, and what it declares: ``inputs`` and ``params``.

    ``recipe`` is a file, or the id or name of a recipe on the node. Raises NodeError if it is wrong or not there.
    """
    file = Path(recipe)
    if file.is_file():
        text = recipe_text(file)
        found = client.post_yaml("/recipes/check", text)
        if found["errors"]:
            raise NodeError("\n".join([f"{file} can't be run", *faults(file, found["errors"])]))
        return {"recipe_yaml": text.decode()}, found
    if recipe.endswith((".yaml", ".yml")) or len(file.parts) > 1:
        raise click.UsageError(f"no such file: {recipe}")
    return {"recipe": recipe}, client.get(f"/recipes/{part(recipe)}")


def check_names(about: Mapping[str, Any], inputs: Mapping[str, Any], params: Mapping[str, Any]) -> None:
    """Raises NodeError for names that the recipe does not declare, and for inputs that it needs."""
    known_inputs, known_params = about["inputs"] or {}, about["params"] or {}
    wrong = [unknown("input", name, known_inputs) for name in inputs if name not in known_inputs]
    wrong += [unknown("param", name, known_params) for name in params if name not in known_params]
    wrong += [
        f"input {name!r} ({wanted['type']}) is missing: --input {name}=FILE"
        for name, wanted in known_inputs.items()
        if wanted.get("required", True) and name not in inputs
    ]
    if wrong:
        raise NodeError("\n  ".join(["this does not fit the recipe:", *wrong]))


def check_effect(client: Client, effect: str) -> None:
    """Raises NodeError with the nearest name if the node has no such effect."""
    known = [item["name"] for item in client.get("/api/steps")["items"] if item["kind"] == "effect"]
    if effect not in known:
        raise NodeError(f"{unknown('effect', effect, known)}\n  artdagctl plugins lists what is installed.")
