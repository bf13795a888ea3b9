"""Errors as ``application/problem+json`` (RFC 9457)."""

from __future__ import annotations

import logging
import re
from typing import Any, Literal, get_args, get_origin

import msgspec
from quart import Response
from werkzeug.exceptions import HTTPException

from artdagd.errors import ArtdagError, ConfigError, Fault, InvalidRequest, Unauthorized

log = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"


class Problem(msgspec.Struct, frozen=True, omit_defaults=True):
    """What went wrong. ``type`` points to its description in ``/docs``; ``advice`` says what to do next."""

    type: str
    title: str
    status: int
    detail: str
    advice: str = ""
    errors: tuple[Fault, ...] = ()


def kinds() -> list[type[ArtdagError]]:
    """Every error that the API answers, by status."""
    answered = set(ArtdagError.__subclasses__()) - {ConfigError}
    return sorted(answered, key=lambda kind: (kind.status, kind.title))


def slug(title: str) -> str:
    return title.lower().replace(" ", "-")


def from_error(error: ArtdagError) -> Response:
    response = _answer(
        Problem(f"/docs#{slug(error.title)}", error.title, error.status, error.detail, error.advice, error.faults)
    )
    if error.retry_after is not None:
        response.headers["Retry-After"] = str(error.retry_after)
    if isinstance(error, Unauthorized):
        response.headers["WWW-Authenticate"] = 'Bearer realm="artdagd"'
    return response


def from_http(error: HTTPException) -> Response:
    """An error of the framework: no such path, a method that a path doesn't have."""
    code = error.code or 500
    response = _answer(Problem("about:blank", error.name, code, error.description or error.name))
    for name, value in error.get_headers():
        if name.lower() in ("allow", "retry-after"):
            response.headers[name] = value
    return response


def from_exception(error: Exception) -> Response:
    """A bug of ours. The log has the trace, the answer does not."""
    log.error("a request failed", exc_info=error)
    return _answer(
        Problem("about:blank", "Internal Server Error", 500, "this is a fault of the node; its log says more")
    )


def _answer(problem: Problem) -> Response:
    return Response(msgspec.json.encode(problem), problem.status, content_type=MEDIA_TYPE)


_PLACE = re.compile(r"^(?P<what>.*?)(?: - at `(?P<place>[^`]*)`)?$", re.DOTALL)
_FIELD = re.compile(r"^Object (?:contains unknown|missing required) field `(?P<field>[^`]*)`$")


def invalid(error: msgspec.ValidationError, where: str, kind: Any = None) -> InvalidRequest:
    """A request that does not fit its struct ``kind``, as an error that names the field, and the choices if there are.

    ``where`` is "body" or "query".
    """
    match = _PLACE.match(str(error))
    what, place = (match["what"], match["place"] or "") if match else (str(error), "")
    loc = place.removeprefix("$").removeprefix(".")
    if field := _FIELD.match(what):
        loc = f"{loc}.{field['field']}" if loc else field["field"]
    choices = _choices(kind, loc) if what.startswith("Invalid enum value") else ()
    advice = f"Choose {loc} from {', '.join(map(str, choices))}." if choices else ""
    return InvalidRequest(f"the {where} is not valid: {error}", advice=advice, faults=[Fault(loc or where, what)])


def _choices(kind: Any, name: str) -> tuple[str | int, ...]:
    """What the field ``name`` of the struct ``kind`` may be, if that is one of some words or numbers."""
    if not (isinstance(kind, type) and issubclass(kind, msgspec.Struct)):
        return ()
    kinds = [field.type for field in msgspec.structs.fields(kind) if field.encode_name == name]
    while kinds and get_origin(kinds[0]) is not Literal:
        kinds[:1] = [part for part in get_args(kinds[0]) if not isinstance(part, msgspec.Meta)]
    return get_args(kinds[0]) if kinds else ()
