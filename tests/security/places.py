"""Every place of a config where a value stands, found in its JSON Schema, with something else put there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

Schema = Mapping[str, Any]


HERE = object()


class Places:
    """The places of one item of ``GET /api/steps``."""

    def __init__(self, item: Mapping[str, Any]) -> None:
        schema = item["config_schema"]
        self._definitions: Mapping[str, Schema] = schema.get("$defs", {})
        self._schema = self._followed(schema)
        self._example = item["example"]

    def configs(self) -> list[tuple[str, dict[str, Any]]]:
        """The example with ``HERE`` in one place after the other: (the place, the config)."""
        return [
            (name + place, {**self._example, name: made})
            for name, field in self._schema.get("properties", {}).items()
            for place, made in self._with(field)
        ]

    def _with(self, schema: Schema) -> Iterator[tuple[str, Any]]:
        schema = self._followed(schema)
        if "anyOf" in schema:
            for one in schema["anyOf"]:
                yield from self._with(one)
            return
        yield "", HERE
        if schema.get("type") == "array":
            whole = self._plain(schema)
            for index, item in enumerate(schema.get("prefixItems") or [schema.get("items") or {}]):
                for place, made in self._with(item):
                    yield f"[{index}]{place}", [*whole[:index], made, *whole[index + 1 :]]
        if schema.get("type") == "object":
            whole = self._plain(schema)
            for name, field in schema.get("properties", {}).items():
                for place, made in self._with(field):
                    yield f".{name}{place}", {**whole, name: made}

    def _plain(self, schema: Schema) -> Any:
        """Something that fits."""
        schema = self._followed(schema)
        if "anyOf" in schema:
            return self._plain(schema["anyOf"][0])
        if schema.get("enum"):
            return schema["enum"][0]
        kind = schema.get("type")
        if kind == "array":
            items = schema.get("prefixItems") or [schema.get("items") or {}] * max(1, schema.get("minItems", 1))
            return [self._plain(item) for item in items]
        if kind == "object":
            return {name: self._plain(schema["properties"][name]) for name in schema.get("required", ())}
        if kind in ("number", "integer"):
            return schema.get("minimum", 1)
        return {"string": "#102030", "boolean": True}.get(str(kind))

    def _followed(self, schema: Schema) -> Schema:
        while "$ref" in schema:
            schema = self._definitions[schema["$ref"].rpartition("/")[2]]
        return schema


def filled(config: Any, value: Any) -> Any:
    """``config`` with ``value`` in place of ``HERE``."""
    if isinstance(config, dict):
        return {key: filled(item, value) for key, item in config.items()}
    if isinstance(config, list):
        return [filled(item, value) for item in config]
    return value if config is HERE else config
