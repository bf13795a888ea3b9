"""``artdagctl steps``: what a recipe may use on this node, and with which parameters."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import click

from artdagd.cli.client import Client
from artdagd.cli.problems import NodeError
from artdagd.cli.show import Show, json_option
from artdagd.steps.parameters import parameters, resolved
from artdagd.steps.suggest import unknown


@click.command()
@click.argument("name", required=False)
@json_option
def steps(name: str | None, show: Show) -> None:
    """List step types, effects and analyzers; with NAME, the parameters of one."""
    with Client() as client:
        answer = client.get("/api/steps")
    if name is None:
        rows = ((item["name"], item["kind"], item["plugin"], item["description"]) for item in answer["items"])
        show.table(answer, ("name", "kind", "plugin", "what it does"), rows, "nothing is installed")
        return
    found = next((item for item in answer["items"] if item["name"] == name), None)
    if found is None:
        names = [item["name"] for item in answer["items"]]
        raise NodeError(f"{unknown('step, effect or analyzer', name, names)}\n  artdagctl steps lists them.")
    if not show.as_json:
        show.value(None, [f"{found['name']} ({found['kind']}, {found['plugin']}): {found['description']}\n"])
    if found["kind"] == "analyzer":
        show.table(found, ("feature", "what it is"), sorted(found["features"].items()), "it has no features")
    else:
        show.table(found, ("parameter", "value", "default", "meaning"), _parameters(found), "it has no parameters")


def _parameters(item: dict[str, Any]) -> list[tuple[str, str, str, str]]:
    schema = item["config_schema"]
    definitions = schema.get("$defs", {})
    rows = []
    for one in parameters(resolved(schema, definitions)):
        values = dict.fromkeys(_value(resolved(kind, definitions)) for kind in one.kinds)
        default = "" if one.default is None else json.dumps(one.default, ensure_ascii=False)
        value = " or ".join(values) + (", may move" if one.moves else "")
        rows.append((one.name, value, "required" if one.required else default, one.meaning))
    return rows


def _value(schema: Mapping[str, Any]) -> str:
    """What a parameter takes: ``number 0..200``, or its choices."""
    if "enum" in schema:
        return "|".join(map(str, schema["enum"]))
    low = schema.get("minimum", schema.get("exclusiveMinimum"))
    high = schema.get("maximum", schema.get("exclusiveMaximum"))
    bounds = "" if low is None and high is None else f" {_bound(low)}..{_bound(high)}"
    return f"{schema.get('type', 'value')}{bounds}"


def _bound(value: float | None) -> str:
    return "" if value is None else f"{value:g}"
