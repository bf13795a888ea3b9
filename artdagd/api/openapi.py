"""The OpenAPI 3.1 document, made from the table of routes."""

from __future__ import annotations

import re
import types
import typing
from collections.abc import Iterable, Sequence
from http import HTTPStatus
from typing import Any

import msgspec
from quart import Response

from artdagd.api.body import TooSlow
from artdagd.api.guard import CSRF_FIELD
from artdagd.api.problems import MEDIA_TYPE, Problem
from artdagd.api.routes import FORM, Route, Section
from artdagd.errors import ArtdagError, Forbidden, InvalidRequest, TooLarge, Unauthorized, UnsupportedMedia

HEADERS = {
    "Idempotency-Key": "The same key gives the same run again, for 24 hours; 409 if it came with another request.",
    "Range": "One range of bytes, such as `bytes=0-1023`.",
    "If-Range": "The ETag for which the range holds.",
    "If-None-Match": "Answer 304 if this is the ETag.",
    "Last-Event-ID": "The id of the last event seen.",
}
"""Request headers that routes read, and what they do."""

RETRY_AFTER = {"Retry-After": {"schema": {"type": "integer"}, "description": "Seconds."}}

_PROOF = {
    "type": "string",
    "description": "The proof of a browser's session, which it needs here; before the file where there is one.",
}
_FILE = {
    "type": "object",
    "required": ["file"],
    "properties": {
        CSRF_FIELD: _PROOF,
        "file": {"type": "string", "contentMediaType": "application/octet-stream"},
    },
}


def document(sections: Sequence[Section], version: str) -> dict[str, Any]:
    """The whole document. Plain JSON types only."""
    routes = [route for section in sections for route in section.routes]
    found, components = msgspec.json.schema_components(_types(routes), ref_template="#/components/schemas/{name}")
    schemas = dict(zip((str(kind) for kind in _types(routes)), found, strict=True))
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, schemas, components)
    for query in {route.query for route in routes if route.query}:
        del components[_name(schemas[str(query)])]
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "artdagd",
            "version": version,
            "summary": "A render node for art: recipes in, content-addressed video out.",
            "description": "Who prefers text/html gets a page: of errors and of what has one. All else is JSON.",
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "tags": [{"name": section.name, "description": section.description} for section in sections],
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def answers_of(route: Route) -> list[Any]:
    """The structs that a route may answer with; a response that the handler makes itself is none."""
    union = isinstance(route.answer, types.UnionType)
    kinds = typing.get_args(route.answer) if union else (route.answer,)
    return [kind for kind in kinds if kind is not None and kind is not Response]


def errors_of(route: Route) -> list[type[ArtdagError]]:
    """What may go wrong: what the route declares, and what follows from its shape."""
    kinds = list(route.errors)
    if route.scope is not None:
        kinds += [Unauthorized, Forbidden]
    if route.query or route.body or route.takes or route.headers or route.form:
        kinds.append(InvalidRequest)
    if route.body or route.takes or route.form:
        kinds += [TooSlow, TooLarge]
    if route.body or FORM in route.takes:
        kinds.append(UnsupportedMedia)
    return sorted(dict.fromkeys(kinds), key=lambda kind: (kind.status, kind.title))


def _types(routes: Iterable[Route]) -> list[Any]:
    kinds: list[Any] = [Problem]
    for route in routes:
        kinds += [kind for kind in (route.query, route.body, route.later) if kind] + answers_of(route)
    return list({str(kind): kind for kind in kinds}.values())


def _name(reference: dict[str, str]) -> str:
    return reference["$ref"].rpartition("/")[2]


def _operation(route: Route, schemas: dict[str, Any], components: dict[str, Any]) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "tags": [route.section],
        "operationId": route.operation_id,
        "summary": route.summary,
        "security": [{"token": [route.scope]}] if route.scope else [],
        "parameters": _parameters(route, schemas, components),
        "responses": _responses(route, schemas),
    }
    if route.description:
        operation["description"] = re.sub(r"``(.+?)``", r"`\1`", route.description)
    if bodies := _bodies(route, schemas, components):
        operation["requestBody"] = {"required": bool(route.body or route.takes), "content": bodies}
    return operation


def _bodies(route: Route, schemas: dict[str, Any], components: dict[str, Any]) -> dict[str, Any]:
    """What may be sent, by media type."""
    shapes: dict[str, Any] = {
        kind: _FILE if kind.startswith("multipart/") else {"type": "string"} for kind in route.takes
    }
    if route.body and FORM not in route.takes:
        shapes["application/json"] = schemas[str(route.body)]
    if route.form and route.file is None:
        shapes[FORM] = _form(components[_name(schemas[str(route.body)])] if route.body else {})
    return {kind: {"schema": shape} for kind, shape in shapes.items()}


def _form(body: dict[str, Any]) -> dict[str, Any]:
    """The fields of a form that stand for ``body``: ``inputs.clip`` is ``clip`` in ``inputs``, and all are text."""
    fields, inner = {CSRF_FIELD: _PROOF}, {}
    for name, shape in body.get("properties", {}).items():
        if shape.get("type") == "object":
            inner[f"^{name}\\."] = {"type": "string"}
        else:
            fields[name] = shape
    form = {"type": "object", "properties": fields, "additionalProperties": False}
    form |= {"patternProperties": inner} if inner else {}
    return form | ({"required": body["required"]} if body.get("required") else {})


def _parameters(route: Route, schemas: dict[str, Any], components: dict[str, Any]) -> list[dict[str, Any]]:
    given: list[dict[str, Any]] = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in route.parameters
    ]
    if route.query:
        shape = components[_name(schemas[str(route.query)])]
        required = shape.get("required", [])
        for name, schema in shape["properties"].items():
            given.append({"name": name, "in": "query", "required": name in required, "schema": schema})
    for name in route.headers:
        given.append({"name": name, "in": "header", "description": HEADERS[name], "schema": {"type": "string"}})
    return given


def _responses(route: Route, schemas: dict[str, Any]) -> dict[str, Any]:
    good: dict[str, Any] = {"description": HTTPStatus(route.status).phrase}
    kinds = answers_of(route)
    if kinds:
        good["content"] = {route.gives: {"schema": schemas[str(kinds[0])]}}
    elif route.status not in (HTTPStatus.NO_CONTENT, HTTPStatus.SEE_OTHER):
        good["content"] = {route.gives: {"schema": {"type": "string"}}}
    if route.page:
        good["content"]["text/html"] = {"schema": {"type": "string"}}
    if route.follow:
        good["headers"] = {"Location": {"schema": {"type": "string"}, "description": "The run."}}
    problem = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    responses = {str(route.status): good}
    if route.form and route.status != HTTPStatus.SEE_OTHER:
        responses["303"] = {"description": "To a browser that sent a form: the page to go on to"}
    for kind in errors_of(route):
        later = {"headers": RETRY_AFTER} if kind.status in (429, 503) else {}
        responses.setdefault(str(kind.status), {"description": kind.title, "content": problem, **later})
    if "If-None-Match" in route.headers:
        responses["304"] = {"description": HTTPStatus.NOT_MODIFIED.phrase}
    if "Range" in route.headers:
        responses |= {code: {"description": HTTPStatus(int(code)).phrase} for code in ("206", "416")}
    if route.later:
        responses["202"] = {
            "description": "Being made: ask again",
            "content": {"application/json": {"schema": schemas[str(route.later)]}},
            "headers": RETRY_AFTER,
        }
    if route.operation_id == "health":
        responses["503"] = {"description": "Starting or draining", "content": good["content"]}
    return responses
