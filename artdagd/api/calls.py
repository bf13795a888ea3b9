"""From a request to a handler and back: who calls, what they sent, what they get."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec
from quart import Request, Response, request

from artdagd.api.body import arriving, whole
from artdagd.api.problems import invalid
from artdagd.api.routes import Route
from artdagd.api.services import Services
from artdagd.auth.principal import Principal
from artdagd.errors import Forbidden, InvalidRequest, NotFound, Unauthorized, UnsupportedMedia

if TYPE_CHECKING:
    from artdagd.api.app import App

T = TypeVar("T")

JSON_LIMIT = 2 << 20
"""Bytes of a JSON or YAML body."""

KEY_LIMIT = 255
"""Characters of an ``Idempotency-Key``."""


@dataclass(frozen=True, slots=True)
class Call:
    """One request to one route."""

    services: Services
    request: Request
    caller: Principal | None
    app: App

    @property
    def who(self) -> Principal:
        """The caller of a route that is not public."""
        if self.caller is None:
            raise Unauthorized("this needs a token")
        return self.caller

    @property
    def idempotency_key(self) -> str | None:
        key = self.request.headers.get("Idempotency-Key")
        if key is not None and not 0 < len(key) <= KEY_LIMIT:
            raise InvalidRequest(f"Idempotency-Key must have 1 to {KEY_LIMIT} characters, not {len(key)}")
        return key

    async def text(self) -> bytes:
        """The body as it came, at most ``JSON_LIMIT`` bytes."""
        return await whole(self.request, JSON_LIMIT)

    def chunks(self, limit: int) -> AsyncIterator[bytes]:
        """The body as it arrives, at most ``limit`` bytes."""
        return arriving(self.request, limit)


def view(route: Route, services: Services, app: App) -> Callable[..., Awaitable[Response]]:
    """The function that the router calls for ``route``."""

    async def answer(**arguments: Any) -> Response:
        caller = await _authenticate(route, services)
        for name, value in arguments.items():
            if "\0" in value:
                raise NotFound(f"{name} contains a NUL character")
        if route.query is not None:
            arguments["query"] = _query(route.query)
        if route.body is not None:
            arguments["body"] = _decode(route.body, await _json_body())
        return respond(route, await route.handler(Call(services, _request(), caller, app), **arguments))

    return answer


def respond(route: Route, answer: Any) -> Response:
    """A handler's answer as a response; a handler that answers with a response has its way."""
    if isinstance(answer, Response):
        return answer
    if answer is None:
        response = Response(None, route.status)
        del response.headers["Content-Type"]
        return response
    response = Response(msgspec.json.encode(answer), route.status, content_type="application/json")
    if route.follow:
        response.headers["Location"] = route.follow.format_map(msgspec.structs.asdict(answer))
    return response


async def _authenticate(route: Route, services: Services) -> Principal | None:
    if route.scope is None:
        return None
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise Unauthorized(
            f"{request.method} {request.path} needs a token",
            advice="Send `Authorization: Bearer TOKEN`; the node's admin token is in $ARTDAG_HOME/admin-token.",
        )
    who = await services.tokens.authenticate(token.strip())
    if who.scopes and route.scope not in who.scopes:
        raise Forbidden(f"this token has no scope {route.scope!r}, only {', '.join(sorted(who.scopes))}")
    return who


def _request() -> Request:
    found: Request = request._get_current_object()  # type: ignore[attr-defined]
    return found


def _query(kind: type[T]) -> T:
    given = {name: value for name, value in request.args.items() if value != ""}
    if any("\0" in value for value in given.values()):
        raise InvalidRequest("the query contains a NUL character")
    try:
        return msgspec.convert(given, kind, strict=False)
    except msgspec.ValidationError as error:
        raise invalid(error, "query", kind) from None


async def _json_body() -> bytes:
    """A JSON body. Other media types are refused: a form on a foreign page can't send this one."""
    text = await whole(_request(), JSON_LIMIT)
    if text and not request.is_json:
        sent = request.mimetype or "nothing"
        raise UnsupportedMedia(
            f"this takes application/json, and the request said {sent}", advice="Set Content-Type: application/json."
        )
    return text or b"{}"


def _decode(kind: type[T], text: bytes) -> T:
    try:
        return msgspec.json.decode(text, type=kind)
    except msgspec.ValidationError as error:
        raise invalid(error, "body", kind) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InvalidRequest(f"the body is not valid JSON: {error}") from None
    except RecursionError:
        raise InvalidRequest("the body is nested too deeply") from None
