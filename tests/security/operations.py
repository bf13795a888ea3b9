"""Every place of an API where a client's text goes, read off its OpenAPI document."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

METHODS = ("get", "post", "put", "patch", "delete")
DEPTH = 4
"""Levels of a body that are looked into."""


@dataclass(frozen=True)
class Sent:
    """One request; ``target`` is what stands in its first line, as it is."""

    method: str
    target: str
    content: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Place:
    """``send`` gives the request that has a text in this place, in one or two spellings."""

    name: str
    send: Callable[[str], list[Sent]]


def places(document: Mapping[str, Any], known: Mapping[str, str]) -> Iterator[Place]:
    """All of them. ``known`` has values of path parameters that exist; ``""`` is for all others."""
    for path, methods in document["paths"].items():
        for method in METHODS:
            if operation := methods.get(method):
                yield from _Operation(document, known, path, method.upper(), operation).places()


class _Operation:
    def __init__(
        self, document: Mapping[str, Any], known: Mapping[str, str], path: str, method: str, operation: dict[str, Any]
    ) -> None:
        self.schemas = document["components"]["schemas"]
        self.known, self.path, self.method, self.operation = known, path, method, operation
        self.parameters = operation.get("parameters", [])

    def places(self) -> Iterator[Place]:
        about = f"{self.method} {self.path}"
        for parameter in self.parameters:
            if parameter["in"] in ("path", "query"):
                yield Place(f"{about} {parameter['in']} {parameter['name']}", self._in_target(parameter["name"]))
        for media_type, body in self.operation.get("requestBody", {}).get("content", {}).items():
            if media_type == "application/json":
                for where, fill in self._leaves(body["schema"], DEPTH):
                    yield Place(f"{about} body {where}", self._in_json(fill))
            elif media_type.startswith("multipart/"):
                yield Place(f"{about} file name", self._in_form())
            else:
                yield Place(f"{about} {media_type}", self._as_text(media_type))

    def _target(self, name: str = "", value: str = "") -> str:
        path, query = self.path, []
        for parameter in self.parameters:
            this = parameter["name"]
            if parameter["in"] == "path":
                path = path.replace(f"{{{this}}}", value if this == name else self.known.get(this, self.known[""]))
            elif parameter["in"] == "query" and (this == name or parameter.get("required")):
                query.append(f"{this}={value if this == name else 'x'}")
        return path + ("?" + "&".join(query) if query else "")

    def _in_target(self, name: str) -> Callable[[str], list[Sent]]:
        def send(text: str) -> list[Sent]:
            spellings = {quote(text, safe="")}
            if text.isascii() and text.isprintable() and not set(text) & set(" #"):
                spellings.add(text)
            return [Sent(self.method, self._target(name, spelt)) for spelt in sorted(spellings)]

        return send

    def _in_json(self, fill: Callable[[str], Any]) -> Callable[[str], list[Sent]]:
        def send(text: str) -> list[Sent]:
            content = json.dumps(fill(text)).encode()
            return [Sent(self.method, self._target(), content, {"Content-Type": "application/json"})]

        return send

    def _in_form(self) -> Callable[[str], list[Sent]]:
        def send(text: str) -> list[Sent]:
            return [Sent(self.method, self._target(), form(text, b"x"), FORM)]

        return send

    def _as_text(self, media_type: str) -> Callable[[str], list[Sent]]:
        def send(text: str) -> list[Sent]:
            step = {"id": text, "type": text, "inputs": [text], "config": {text: text}}
            recipe = {"name": text, "description": text, "inputs": {"a": {"type": "video"}}, "steps": [step]}
            texts = (text, json.dumps(recipe), json.dumps(recipe | {"name": "x", text: text}))
            headers = {"Content-Type": media_type}
            return [Sent(self.method, self._target(), one.encode(), headers) for one in texts]

        return send

    def _leaves(self, schema: Any, depth: int) -> Iterator[tuple[str, Callable[[str], Any]]]:
        """Where text goes in what ``schema`` describes, and a function that puts some there."""
        if depth <= 0:
            return
        schema = self._resolved(schema)
        for one in schema.get("anyOf", schema.get("oneOf", ())):
            yield from self._leaves(one, depth - 1)
        kind = schema.get("type")
        if kind == "string" or not schema:
            yield "", lambda text: text
        if kind == "array":
            for where, fill in self._leaves(schema.get("items", {}), depth - 1):
                yield f"[]{where}", lambda text, fill=fill: [fill(text)]
        if kind == "object" or not schema:
            yield from self._members(schema, depth)

    def _members(self, schema: dict[str, Any], depth: int) -> Iterator[tuple[str, Callable[[str], Any]]]:
        needed = {name: self._sample(schema["properties"][name], depth) for name in schema.get("required", ())}
        for name, inner in schema.get("properties", {}).items():
            for where, fill in self._leaves(inner, depth - 1):
                yield f".{name}{where}", lambda text, name=name, fill=fill: needed | {name: fill(text)}
        if more := schema.get("additionalProperties", not schema.get("properties")):
            sample = self._sample(more, depth)
            yield ".*", lambda text: needed | {text: sample}
            for where, fill in self._leaves({} if more is True else more, depth - 2 if more is True else depth - 1):
                yield f".x{where}", lambda text, fill=fill: needed | {"x": fill(text)}

    def _sample(self, schema: Any, depth: int) -> Any:
        schema = self._resolved(schema)
        if depth <= 0 or not schema:
            return "x"
        if choices := schema.get("enum"):
            return choices[0]
        if alternatives := schema.get("anyOf", schema.get("oneOf")):
            return self._sample(alternatives[0], depth - 1)
        if schema.get("type") == "object":
            return {name: self._sample(schema["properties"][name], depth - 1) for name in schema.get("required", ())}
        return {"array": [], "integer": 1, "number": 1, "boolean": True, "null": None}.get(schema.get("type"), "x")

    def _resolved(self, schema: Any) -> dict[str, Any]:
        if not isinstance(schema, dict):
            return {}
        if "$ref" in schema:
            return self._resolved(self.schemas[schema["$ref"].rpartition("/")[2]])
        return schema


FORM = {"Content-Type": "multipart/form-data; boundary=BOUNDARY"}


def form(filename: str, data: bytes) -> bytes:
    """A form with one file; quotes and line ends of the name as browsers write them (HTML, multipart/form-data)."""
    name = filename.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
    head = f'--BOUNDARY\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'
    return head.encode(errors="replace") + data + b"\r\n--BOUNDARY--\r\n"
