"""What the OpenAPI document says of requests: parameters, bodies, and who may ask."""

from __future__ import annotations

from typing import Any

from artdagd.api.guard import CSRF_FIELD, CSRF_HEADER, SAFE
from artdagd.api.openapi.examples import BODIES, PARAMETERS, RECIPE
from artdagd.api.openapi.shapes import Shapes
from artdagd.api.routes import FORM, Route

HEADERS = {
    "Idempotency-Key": "The same key gives the same run again, for 24 hours; 409 if it came with another request.",
    "Range": "One range of bytes, such as `bytes=0-1023`.",
    "If-Range": "The ETag for which the range holds.",
    "If-None-Match": "Answer 304 if this is the ETag.",
    "Last-Event-ID": "The id of the last event seen.",
    "Content-Digest": "The SHA-256 of the body (RFC 9530): `sha-256=:BASE64:`.",
}
"""Request headers that routes read, and what they do."""

_SCHEMAS = {
    "Idempotency-Key": {"type": "string", "minLength": 1, "maxLength": 255},
    "Last-Event-ID": {"type": "string", "pattern": "^[0-9]{0,18}$"},
}
"""Of the headers above, those that are refused when they are anything else."""

SECURITY_SCHEMES: dict[str, dict[str, Any]] = {
    "token": {
        "type": "http",
        "scheme": "bearer",
        "description": "A token of this node. What it may do is its scopes: read, write, publish, admin.",
    },
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": "__Host-artdag_session",
        "description": "A browser's session, opened at `/auth`. Over plain HTTP it is `artdag_session_PORT`.",
    },
    "proof": {
        "type": "apiKey",
        "in": "header",
        "name": CSRF_HEADER,
        "description": f"What a change with a session needs too: `csrf_token` of `GET /auth/session`. In forms it is "
        f"the field `{CSRF_FIELD}`. `Origin`, where it is sent, has to be this node's.",
    },
    "ticket": {
        "type": "http",
        "scheme": "Artdag-Ticket",
        "description": "What a worker makes for one transfer of a lease that it holds; see docs/formats.md.",
    },
    "signature": {
        "type": "apiKey",
        "in": "header",
        "name": "Signature",
        "description": "An HTTP signature (RFC 9421, or draft-cavage) of the identity provider's actor.",
    },
}

_PROOF = {
    "type": "string",
    "description": "The proof of a browser's session, which it needs here; before the file where there is one.",
}
_FILE = {
    "type": "object",
    "required": ["file"],
    "properties": {
        CSRF_FIELD: _PROOF,
        "file": {"type": "string", "format": "binary", "contentMediaType": "application/octet-stream"},
    },
}
_TEXT = {"type": "string"}
_RECIPE = {"description": "A recipe; see docs/guide.md."}


def security(route: Route) -> list[dict[str, list[str]]]:
    """The ways to be let in, each a set of schemes that are needed together; none for what is open to everybody."""
    if route.ticket:
        return [{"ticket": []}]
    if route.scope is None:
        return []
    ways: list[dict[str, list[str]]] = [{"token": [route.scope]}, {"session": [route.scope]}]
    if route.method not in SAFE:
        ways[1]["proof"] = []
    if route.otherwise == "signature":
        ways.append({"signature": []})
    if route.otherwise == "published":
        ways.append({})
    return ways


def parameters(route: Route, shapes: Shapes) -> list[dict[str, Any]]:
    unknown = {"schema": {"type": "string", "minLength": 1}}
    given: list[dict[str, Any]] = [
        {"name": name, "in": "path", "required": True, **PARAMETERS.get(name, unknown)} for name in route.parameters
    ]
    if route.query:
        shape = shapes.whole(route.query)
        required = shape.get("required", [])
        for name, schema in shape["properties"].items():
            about = {"description": schema["description"]} if "description" in schema else {}
            needed = name in required
            empty = {} if needed else {"allowEmptyValue": True}
            given.append({"name": name, "in": "query", "required": needed, **about, **empty, "schema": _said(schema)})
    for name in route.headers:
        schema = _SCHEMAS.get(name, _TEXT)
        given.append({"name": name, "in": "header", "description": HEADERS[name], "schema": schema})
    return given


def _said(schema: dict[str, Any]) -> dict[str, Any]:
    """What may stand in a query, where nothing is said by leaving a parameter out."""
    kinds = [kind for kind in schema.get("anyOf", ()) if kind != {"type": "null"}]
    rest = {key: value for key, value in schema.items() if key not in ("anyOf", "description") and value is not None}
    if "enum" in rest:
        rest["enum"] = [value for value in rest["enum"] if value is not None]
    return rest | (kinds[0] if len(kinds) == 1 else {"anyOf": kinds} if kinds else {})


def body(route: Route, shapes: Shapes) -> dict[str, Any] | None:
    """What may be sent, by media type."""
    content: dict[str, Any] = {}
    for kind in route.takes:
        if kind == FORM:
            continue
        content[kind] = {"schema": _FILE if kind.startswith("multipart/") else {"type": "string", "format": "binary"}}
        if kind == "application/yaml":
            content[kind] = {"schema": _RECIPE, "example": RECIPE}
    if route.body and FORM not in route.takes:
        content["application/json"] = {"schema": shapes.reference(route.body)}
        if shown := BODIES.get(route.operation_id):
            content["application/json"]["examples"] = {name: {"value": value} for name, value in shown.items()}
    if route.form and route.file is None:
        content[FORM] = {"schema": _form(shapes.whole(route.body) if route.body else {})}
    return {"required": _needed(route, shapes), "content": content} if content else None


def _needed(route: Route, shapes: Shapes) -> bool:
    """Whether there has to be a body: an empty one stands for JSON without fields."""
    if route.takes and FORM not in route.takes:
        return route.operation_id != "check_recipe"  # which says of an empty text that it is empty
    return bool(route.body and shapes.whole(route.body).get("required"))


def _form(shape: dict[str, Any]) -> dict[str, Any]:
    """The fields of a browser's form that stand for a body: ``inputs.clip`` is the field ``clip`` of ``inputs``."""
    fields: dict[str, Any] = {CSRF_FIELD: _PROOF}
    inner: dict[str, Any] = {}
    for name, schema in shape.get("properties", {}).items():
        if schema.get("type") == "object":
            inner[f"^{name}\\."] = _TEXT
        else:
            fields[name] = schema
    form = {"type": "object", "properties": fields, "additionalProperties": False}
    if inner:
        form["patternProperties"] = inner
    if shape.get("required"):
        form["required"] = shape["required"]
    return form
