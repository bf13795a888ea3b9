"""The parameters that a step type's or an effect's schema describes, for those who show them to people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from artdagd.steps.movable_schema import MOVING


class Parameter(msgspec.Struct, frozen=True):
    """``kinds`` are the schemas of which a value fits one; null, and what moves, are left out. ``default`` is None if
    there is none, ``meaning`` is what its author says of it."""

    name: str
    kinds: tuple[Mapping[str, Any], ...]
    required: bool
    default: Any
    moves: bool
    meaning: str


def resolved(schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> Mapping[str, Any]:
    """The definition that ``schema`` refers to, or itself."""
    reference = schema.get("$ref")
    found: Mapping[str, Any] = schema if reference is None else definitions[reference.rpartition("/")[2]]
    return found


def parameters(schema: Mapping[str, Any]) -> list[Parameter]:
    """Those of a schema of an object, in its order."""
    required = schema.get("required", ())
    return [_parameter(name, field, name in required) for name, field in schema.get("properties", {}).items()]


def _parameter(name: str, field: Mapping[str, Any], required: bool) -> Parameter:
    written = field.get("anyOf", [field])
    moving = {"$ref": f"#/$defs/{MOVING}"}
    kinds = tuple(kind for kind in written if kind != moving and kind.get("type") != "null")
    meaning = field.get("description") or "; or ".join(kind["description"] for kind in kinds if "description" in kind)
    return Parameter(name, kinds, required, field.get("default"), moving in written, meaning)
