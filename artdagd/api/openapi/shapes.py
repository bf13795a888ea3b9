"""Structs of a table of routes as JSON Schema."""

from __future__ import annotations

import types
import typing
from collections.abc import Iterable
from typing import Any

import msgspec
from quart import Response

from artdagd.api.problems import Problem
from artdagd.api.routes import Route


class Shapes:
    """``components`` are the schemas to refer to; those of queries are none, which are taken apart."""

    def __init__(self, routes: Iterable[Route]) -> None:
        routes = list(routes)
        kinds = _types(routes)
        made = msgspec.json.schema_components(kinds, ref_template="#/components/schemas/{name}")
        # Its defaults may be tuples.
        found, self.components = msgspec.json.decode(msgspec.json.encode(made))
        self._references: dict[str, dict[str, Any]] = dict(zip(map(str, kinds), found, strict=True))
        self._wholes: dict[str, dict[str, Any]] = dict(self.components)
        for query in {str(route.query) for route in routes if route.query}:
            del self.components[_name(self._references[query])]

    def reference(self, kind: Any) -> dict[str, Any]:
        """How the document names a struct, or describes what is none."""
        return self._references[str(kind)]

    def whole(self, kind: Any) -> dict[str, Any]:
        """The schema of a struct itself."""
        return self._wholes[_name(self.reference(kind))]


def answers_of(route: Route) -> list[Any]:
    """The structs that a route may answer with; a response that the handler makes itself is none."""
    union = isinstance(route.answer, types.UnionType)
    kinds = typing.get_args(route.answer) if union else (route.answer,)
    return [kind for kind in kinds if kind is not None and kind is not Response]


def _types(routes: Iterable[Route]) -> list[Any]:
    kinds: list[Any] = [Problem]
    for route in routes:
        kinds += [kind for kind in (route.query, route.body, route.later) if kind] + answers_of(route)
    return list({str(kind): kind for kind in kinds}.values())


def _name(reference: dict[str, str]) -> str:
    return reference["$ref"].rpartition("/")[2]
