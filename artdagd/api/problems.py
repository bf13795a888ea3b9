"""Errors as ``application/problem+json`` (RFC 9457)."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from typing import Any, Literal, TypeVar, get_args, get_origin

import msgspec
from quart import Response
from werkzeug.exceptions import HTTPException

from artdagd.errors import ArtdagError, ConfigError, Fault, InvalidRequest, NotFound, Unauthorized

log = logging.getLogger(__name__)

T = TypeVar("T")

MEDIA_TYPE = "application/problem+json"


class Problem(msgspec.Struct, frozen=True, omit_defaults=True):
    """What went wrong. ``type`` points to its description in ``/docs``; ``advice`` says what to do next."""

    type: str
    title: str
    status: int
    detail: str
    advice: str = ""
    errors: tuple[Fault, ...] = ()


MEANINGS: Mapping[int, str] = {
    401: "This page is for those who are signed in; afterwards you are back here.",
    403: "You may not do this with what you are signed in as.",
    404: "What you look for is not here: it was deleted, it is somebody else’s, or its address has a mistake in it.",
    409: "This does not go with something else that is here.",
    413: "This is more than the node takes at once.",
    415: "The node does not take this kind of file or form.",
    429: "The node has its hands full, or you asked more often than it answers one person. Nothing is lost.",
    500: "Something in the node went wrong; it is not your fault. What was there before is still there.",
    502: "A file on the node’s disk is damaged. It was put aside, and is not served.",
    503: "The node can’t do this at the moment. Nothing is lost.",
    507: "There is no room left for this.",
}
"""What an error of a status means to a person, before its own words."""


def kinds() -> list[type[ArtdagError]]:
    """Every error that the API answers, by status."""
    answered = set(ArtdagError.__subclasses__()) - {ConfigError}
    return sorted(answered, key=lambda kind: (kind.status, kind.title))


def slug(title: str) -> str:
    return title.lower().replace(" ", "-")


def told(error: Exception) -> tuple[Problem, dict[str, str]]:
    """What is told of an error, and the headers that say it too."""
    if isinstance(error, ArtdagError):
        return _of_ours(error)
    return _of_framework(error) if isinstance(error, HTTPException) else (_of_bug(error), {})


def answer(problem: Problem) -> Response:
    return Response(msgspec.json.encode(problem), problem.status, content_type=MEDIA_TYPE)


def _of_ours(error: ArtdagError) -> tuple[Problem, dict[str, str]]:
    headers = {}
    if error.retry_after is not None:
        headers["Retry-After"] = str(error.retry_after)
    if isinstance(error, Unauthorized):
        headers["WWW-Authenticate"] = 'Bearer realm="artdagd"'
    kind = f"/docs#{slug(error.title)}"
    return Problem(kind, error.title, error.status, error.detail, error.advice, error.faults), headers


def _of_framework(error: HTTPException) -> tuple[Problem, dict[str, str]]:
    """No such path, a method that a path doesn't have."""
    headers = {name: value for name, value in error.get_headers() if name.lower() in ("allow", "retry-after")}
    if error.code == 404:
        return _of_ours(NotFound("nothing has this address here", advice="/docs lists what there is."))
    detail = error.description or error.name
    if error.code == 405 and "Allow" in headers:
        detail = f"this address takes {', '.join(sorted(headers['Allow'].split(', ')))}, and nothing else"
    return Problem("about:blank", error.name, error.code or 500, detail), headers


def _of_bug(error: Exception) -> Problem:
    """The log has the trace, the answer does not."""
    log.error("a request failed", exc_info=error)
    return Problem("about:blank", "Internal Server Error", 500, "this is a fault of the node; its log says more")


_PLACE = re.compile(r"^(?P<what>.*?)(?: - at `(?P<place>[^`]*)`)?$", re.DOTALL)
_FIELD = re.compile(r"^Object (?:contains unknown|missing required) field `(?P<field>[^`]*)`$")


def invalid(error: msgspec.ValidationError, where: str, kind: Any = None) -> InvalidRequest:
    """A request that does not fit its struct ``kind``, as an error that names the field, and the choices if there are.

    ``where`` is "body", "query" or "form".
    """
    match = _PLACE.match(str(error))
    what, place = (match["what"], match["place"] or "") if match else (str(error), "")
    loc = place.removeprefix("$").removeprefix(".")
    if field := _FIELD.match(what):
        loc = f"{loc}.{field['field']}" if loc else field["field"]
    choices = _choices(kind, loc) if what.startswith("Invalid enum value") else ()
    advice = f"Choose {loc} from {', '.join(map(str, choices))}." if choices else ""
    return InvalidRequest(f"the {where} is not valid: {error}", advice=advice, faults=[Fault(loc or where, what)])


def fitted(values: Mapping[str, Any], kind: type[T], where: str) -> T:
    """``values``, which may be text, as a ``kind``. Raises InvalidRequest."""
    try:
        made = msgspec.convert(values, kind, strict=False)
    except msgspec.ValidationError as error:
        raise invalid(error, where, kind) from None
    for name, value in values.items():
        # msgspec takes the word for no value.
        if isinstance(value, str) and getattr(made, name, value) is None:
            raise InvalidRequest(
                f"the {where} is not valid: {name} can't be {value!r}", faults=[Fault(name, "leave it out")]
            )
    return made


def _choices(kind: Any, name: str) -> tuple[str | int, ...]:
    """What the field ``name`` of the struct ``kind`` may be, if that is one of some words or numbers."""
    if not (isinstance(kind, type) and issubclass(kind, msgspec.Struct)):
        return ()
    kinds = [field.type for field in msgspec.structs.fields(kind) if field.encode_name == name]
    while kinds and get_origin(kinds[0]) is not Literal:
        kinds[:1] = [part for part in get_args(kinds[0]) if not isinstance(part, msgspec.Meta)]
    return get_args(kinds[0]) if kinds else ()
