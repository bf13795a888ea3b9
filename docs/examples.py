"""A small recipe for each step type and effect, made from what the code declares of it.

``docs/reference.py`` shows them, the tests run them, and ``make gallery`` renders them.
"""

from __future__ import annotations

import json
import re
from typing import Any

INPUTS = {"video": "clip", "media": "clip", "any": "clip", "audio": "song", "image": "photo", "data": "look"}
"""What a port carries -> the recipe input that feeds it; a second one of the same kind is called ``other``."""

TYPES = {"clip": "video", "other": "video", "song": "audio", "photo": "image", "look": "data"}
"""The types of those recipe inputs."""

RHYTHM = {"id": "rhythm", "type": "ANALYZE", "inputs": ["song"], "config": {"features": ["beats", "energy"]}}
FOLLOWED = {"id": "out", "type": "BEAT_SYNC", "inputs": ["clip", "rhythm"], "config": {"mode": "cut"}}

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_WORDS = ("true", "false", "null")


def steps(item: dict[str, Any]) -> list[dict[str, Any]]:
    """The steps that show an item of ``GET /api/steps`` (a step type or an effect); the last one is the output."""
    if item["kind"] == "effect":
        config = {"effect": item["name"], **item["example"]}
        return [{"id": "out", "type": "EFFECT", "inputs": ["clip"], "config": config}]
    if item["name"] == "ANALYZE":
        return [RHYTHM, FOLLOWED]
    before: list[dict[str, Any]] = []
    names: list[str] = []
    for port in item["inputs"]:
        if port["carries"] == "analysis":
            before.append(RHYTHM)
            names.append("rhythm")
            continue
        if port["many"] and port["carries"] == "data":  # it can do without
            continue
        name = INPUTS[port["carries"]]
        names.append("other" if name in names else name)
        if port["many"] and "other" not in names:
            names.append("other")
    return [*before, {"id": "out", "type": item["name"], "inputs": names, "config": dict(item["example"])}]


def inputs(made: list[dict[str, Any]]) -> dict[str, str]:
    """The recipe inputs that steps name, with their types."""
    own = {step["id"] for step in made}
    return {name: TYPES[name] for step in made for name in step["inputs"] if name not in own}


def recipe(item: dict[str, Any]) -> str:
    """The example as a whole recipe, in YAML."""
    made = steps(item)
    declared = {name: {"type": kind} for name, kind in inputs(made).items()}
    lines = [f"name: {item['name'].lower()}", f"inputs: {flow(declared)}", "steps:", *written(made)]
    return "\n".join([*lines, f"output: {made[-1]['id']}", ""])


def written(made: list[dict[str, Any]]) -> list[str]:
    """Steps as lines of YAML, each key only where it says something."""
    return [
        "  - {" + ", ".join(f"{key}: {flow(value)}" for key, value in step.items() if value not in ({}, [])) + "}"
        for step in made
    ]


def flow(value: Any) -> str:
    """YAML's flow style, with quotes only where they are needed."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {flow(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(flow, value)) + "]"
    if isinstance(value, str) and _PLAIN.fullmatch(value) and value.lower() not in _WORDS:
        return value
    return json.dumps(value, ensure_ascii=False)
