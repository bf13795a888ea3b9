"""The JSON Schema of a config whose numbers may move: what a form is made from."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import msgspec

from artdagd.steps.moving_forms import Following, Keyframes, OnEvents, Pulses, Values

MOVING = "Moving"
"""The name of the definition that every field which may move refers to."""

_ABOUT = "#/$defs/"


def movable_schema(kind: type[msgspec.Struct], movable: Collection[str], features: Collection[str]) -> dict[str, Any]:
    """The schema of ``kind``; a field that may move takes what it takes, or what ``$defs/Moving`` describes.

    ``features`` are those of the installed analyzers, by which a field may be bound to an ANALYZE step.
    """
    schema: dict[str, Any] = msgspec.json.schema(kind)
    own = schema["$defs"][schema["$ref"].removeprefix(_ABOUT)]
    for name in movable:
        field = own["properties"][name]
        outside = {key: field.pop(key) for key in ("description", "default") if key in field}
        own["properties"][name] = {
            **outside,
            "anyOf": [*field.get("anyOf", [field]), {"$ref": _ABOUT + MOVING}],
        }
    if movable:
        schema["$defs"] |= _definitions(features)
    return schema


def _definitions(features: Collection[str]) -> dict[str, Any]:
    forms = (Keyframes, Pulses, Values, OnEvents, Following)
    _, made = msgspec.json.schema_components(forms, ref_template=_ABOUT + "{name}")
    for form in (OnEvents, Following):
        made[form.__name__] |= {
            "additionalProperties": False,
            "patternProperties": {_sources(features): {"type": "string", "description": "id of an ANALYZE step"}},
        }
    about = "a value that moves with time: one of these forms in place of a number"
    return {**made, MOVING: {"description": about, "anyOf": [{"$ref": _ABOUT + form.__name__} for form in forms]}}


def _sources(features: Collection[str]) -> str:
    """A pattern of the keys that name a feature: its name or its singular, and a part of it after a point."""
    names = (f"{name[:-1]}s?" if name.endswith("s") else name for name in sorted(features))
    return f"^({'|'.join(names)})([.].+)?$"
