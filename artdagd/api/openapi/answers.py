"""What the OpenAPI document says of answers: every status that can come, with its headers and its body."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from artdagd.api.body import TooSlow
from artdagd.api.guard import SAFE, Misdirected
from artdagd.api.openapi.shapes import Shapes, answers_of
from artdagd.api.problems import MEDIA_TYPE
from artdagd.api.routes import FORM, Route
from artdagd.errors import (
    ArtdagError,
    Forbidden,
    InvalidRequest,
    NotFound,
    StorageFull,
    TooBusy,
    TooLarge,
    Unauthorized,
    Unavailable,
    UnsupportedMedia,
)

_PAGE = {"text/html": {"schema": {"type": "string"}}}
_PROBLEM = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}

_JSON = "application/json"

_EVENT = {
    "type": "object",
    "description": "One event of the stream.",
    "required": ["data"],
    "properties": {
        "event": {"enum": ["run", "step", "progress", "log", "resync", "blob", "done"]},
        "id": {"type": "string"},
        "data": {"type": "string", "contentMediaType": "application/json"},
    },
}

_MEANING = {
    206: "The part that `Range` asks for",
    304: "What `If-None-Match` names is still right",
    416: "`Range` lies outside",
}

_HEADERS: dict[str, dict[str, Any]] = {
    "Location": {"description": "Where to go on.", "schema": {"type": "string"}},
    "Retry-After": {"description": "Seconds after which to ask again.", "schema": {"type": "integer", "minimum": 0}},
    "ETag": {"description": "Names what was answered.", "schema": {"type": "string"}},
    "Accept-Ranges": {"description": "`bytes`.", "schema": {"type": "string"}},
    "Content-Range": {"description": "Which bytes of how many.", "schema": {"type": "string"}},
    "WWW-Authenticate": {"description": "`Bearer`.", "schema": {"type": "string"}},
}


def errors_of(route: Route) -> list[type[ArtdagError]]:
    """What may go wrong: what the route declares, and what follows from its shape."""
    kinds = [*route.errors, Misdirected, Unavailable]
    if route.scope is not None:
        kinds += [Unauthorized, Forbidden, TooBusy]
    if route.scope is not None and route.method not in SAFE:
        kinds.append(StorageFull)
    if route.parameters:
        kinds.append(NotFound)
    if route.query or route.body or route.takes or route.headers or route.form:
        kinds.append(InvalidRequest)
    if route.body or route.takes or route.form:
        kinds += [TooSlow, TooLarge]
    if route.body or FORM in route.takes:
        kinds.append(UnsupportedMedia)
    return sorted(dict.fromkeys(kinds), key=lambda kind: (kind.status, kind.title))


def answers(route: Route, shapes: Shapes) -> dict[str, Any]:
    """By status."""
    found: dict[int, dict[str, Any]] = {route.status: _good(route, shapes)}
    if "If-None-Match" in route.headers:
        found[304] = _told(_MEANING[304], "ETag")
    if "Range" in route.headers:
        found[206] = _told(_MEANING[206], "ETag", "Accept-Ranges", "Content-Range") | _content(found[route.status])
        found[416] = _told(_MEANING[416], "Content-Range")
    if route.later:
        body = {_JSON: {"schema": shapes.reference(route.later)}}
        found[202] = _told("Being made: ask again", "Retry-After") | {"content": body}
    if said := route.moves or ("To a browser that sent a form: on to a page" if route.form else ""):
        found.setdefault(303, _told(said, "Location"))
    told = _PROBLEM if route.path.startswith("/api/") else _PROBLEM | _PAGE
    for kind in errors_of(route):
        _add_problem(found, kind, told)
    if route.operation_id == "health":
        found[503]["content"] = found[503]["content"] | _content(found[200])["content"]
    return {str(status): found[status] for status in sorted(found)}


def _good(route: Route, shapes: Shapes) -> dict[str, Any]:
    headers = ["Location"] if route.follow or route.status in (302, 303) else []
    headers += ["ETag"] if "If-None-Match" in route.headers else []
    headers += ["Accept-Ranges"] if "Range" in route.headers else []
    good = _told(HTTPStatus(route.status).phrase, *headers)
    if kinds := answers_of(route):
        good["content"] = {route.gives: {"schema": shapes.reference(kinds[0])}}
    elif route.gives == "text/event-stream":
        good["content"] = {route.gives: {"schema": _EVENT}}
    elif route.gives.startswith("text/"):
        good["content"] = {route.gives: {"schema": {"type": "string"}}}
    elif route.status not in (204, 302, 303):
        good["content"] = {route.gives: {}}
    if route.page:
        good["content"] |= _PAGE
    return good


def _told(description: str, *headers: str) -> dict[str, Any]:
    """An answer that always has these headers."""
    told: dict[str, Any] = {"description": description}
    if headers:
        told["headers"] = {name: {"required": True, **_HEADERS[name]} for name in headers}
    return told


def _content(answer: dict[str, Any]) -> dict[str, Any]:
    return {"content": answer["content"]}


def _add_problem(found: dict[int, dict[str, Any]], kind: type[ArtdagError], told: dict[str, Any]) -> None:
    there = found.setdefault(kind.status, {"description": "", "content": told})
    there["description"] = f"{there['description']}, or {kind.title.lower()}" if there["description"] else kind.title
    if kind is Unauthorized:
        there["headers"] = {"WWW-Authenticate": {"required": True, **_HEADERS["WWW-Authenticate"]}}
    if kind.status in (429, 503):
        there["headers"] = {"Retry-After": _HEADERS["Retry-After"]}
