"""The node's OpenAPI document with real things in it: what it shows as examples is there, and paths lead to it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

METHODS = ("get", "post", "put", "patch", "delete")

WORDS = {"recipe": "recipe_id", "plan_id": "plan_id", "effect": "effect"}
"""Fields of bodies that name a thing -> what it is among the seeds."""


class Unseeded(Exception):
    """An operation has a path parameter that tests/things.py makes nothing for."""


def seeded(document: dict[str, Any], examples: Mapping[str, str], seeds: Mapping[str, str]) -> dict[str, Any]:
    """``document`` where each of ``examples`` stands for the real thing, and each path parameter may be one of
    ``seeds`` or anything else. Raises Unseeded."""
    text = json.dumps(document)
    for shown, real in examples.items():
        text = text.replace(json.dumps(shown)[1:-1], json.dumps(real)[1:-1])
    made: dict[str, Any] = json.loads(text)
    for path, methods in made["paths"].items():
        for method in METHODS:
            for parameter in methods.get(method, {}).get("parameters", ()):
                if parameter["in"] == "path":
                    _lead(f"{method.upper()} {path}", parameter, seeds)
    for shape in made["components"]["schemas"].values():
        for name, field in shape.get("properties", {}).items():
            if name in WORDS and shape.get("additionalProperties") is False:
                shape["properties"][name] = {"anyOf": [{"enum": [seeds[WORDS[name]]]}, field]}
    return made


def _lead(operation: str, parameter: dict[str, Any], seeds: Mapping[str, str]) -> None:
    name = parameter["name"]
    if name not in seeds:
        raise Unseeded(f"{operation}: tests/things.py makes no {name}")
    parameter["example"] = seeds[name]
    parameter["schema"] = {"anyOf": [{"enum": [seeds[name]]}, parameter["schema"]]}
