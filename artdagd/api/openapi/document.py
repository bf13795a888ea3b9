"""The OpenAPI 3.1 document, made from the table of routes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from artdagd.api.openapi.answers import answers
from artdagd.api.openapi.requests import SECURITY_SCHEMES, body, parameters, security
from artdagd.api.openapi.shapes import Shapes
from artdagd.api.routes import Route, Section

_ABOUT = """\
Who prefers `text/html` gets a page: of what has one, and of errors. All else is JSON, as is everything under `/api/`.
Errors are `application/problem+json` (RFC 9457). Lists have pages: `?page=1&limit=20`, newest first, and `has_more`
says whether another follows. A method that a path does not have is 405, with `Allow`; HEAD is as GET, without the body.
"""


def document(sections: Sequence[Section], version: str) -> dict[str, Any]:
    """The whole document. Plain JSON types only."""
    routes = [route for section in sections for route in section.routes]
    shapes = Shapes(routes)
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, shapes)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "artdagd",
            "version": version,
            "summary": "A render node for art: recipes in, content-addressed video out.",
            "description": _ABOUT,
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": "/"}],
        "tags": [{"name": section.name, "description": section.description} for section in sections],
        "security": [{"token": []}],
        "paths": paths,
        "components": {"schemas": shapes.components, "securitySchemes": SECURITY_SCHEMES},
    }


def _operation(route: Route, shapes: Shapes) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "tags": [route.section],
        "operationId": route.operation_id,
        "summary": route.summary,
        "security": security(route),
        "parameters": parameters(route, shapes),
        "responses": answers(route, shapes),
    }
    if route.description:
        operation["description"] = re.sub(r"``(.+?)``", r"`\1`", route.description)
    if sent := body(route, shapes):
        operation["requestBody"] = sent
    return operation
