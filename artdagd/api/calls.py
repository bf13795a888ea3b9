"""From a request to a handler and back: who calls, what they sent, what they get."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import parse_qsl, quote, urlencode

import msgspec
from quart import Request, Response, request

from artdagd.api.body import ArrivingRequest, arriving, whole
from artdagd.api.guard import CSRF_FIELD, CSRF_HEADER, Guard
from artdagd.api.negotiation import page, wants_page
from artdagd.api.problems import fitted, invalid
from artdagd.api.requests import Health
from artdagd.api.routes import FORM, Route
from artdagd.api.services import Services
from artdagd.api.uploads import OVERHEAD, Upload, is_multipart
from artdagd.auth.principal import Principal
from artdagd.errors import Forbidden, InvalidRequest, NotFound, Unauthorized, UnsupportedMedia
from artdagd.runs.places import Places

if TYPE_CHECKING:
    from artdagd.api.app import App

T = TypeVar("T")

JSON_LIMIT = 2 << 20
"""Bytes of a JSON or YAML body."""

FIELDS = 1000
"""Fields of a form."""

KEY_LIMIT = 255
"""Characters of an ``Idempotency-Key``."""

KEY_FIELD = "idempotency_key"
"""The field of a form that stands for that header."""


@dataclass(frozen=True, slots=True)
class Call:
    """One request to one route. ``upload`` is the file of a multipart form that came; ``is_form`` says that a browser
    sent its fields, which are all text; ``pressed`` is the same when one form is sent twice with the same fields."""

    services: Services
    request: ArrivingRequest
    caller: Principal | None
    app: App
    proof: str | None = None
    upload: Upload | None = None
    is_form: bool = False
    pressed: str | None = None

    @property
    def who(self) -> Principal:
        """The caller, where there has to be one. Raises Unauthorized."""
        if self.caller is None:
            raise self.nobody
        return self.caller

    @property
    def address(self) -> str:
        """How the caller, or anybody, reaches this node: without a slash at the end."""
        return (self.services.settings.public_url or self.request.host_url).rstrip("/")

    @property
    def nobody(self) -> Unauthorized:
        """What is said to one who shows no credential."""
        return _nobody(self.request)

    @property
    def idempotency_key(self) -> str | None:
        key = self.request.headers.get("Idempotency-Key", self.pressed)
        if key is not None and not 0 < len(key) <= KEY_LIMIT:
            raise InvalidRequest(f"Idempotency-Key must have 1 to {KEY_LIMIT} characters, not {len(key)}")
        return key

    def health(self) -> Health:
        """How the node is."""
        return self.app.health()

    def hold(self, places: Places) -> None:
        """Take one of ``places`` for the caller until the answer has been sent. Raises TooBusy."""
        self.request.held.enter_context(places.one(self.who.name))

    async def text(self) -> bytes:
        """The body as it came, at most ``JSON_LIMIT`` bytes."""
        return await whole(self.request, JSON_LIMIT)

    async def body(self, limit: int) -> bytes:
        """The body, at most ``limit`` bytes."""
        return await whole(self.request, limit)

    def chunks(self, limit: int) -> AsyncIterator[bytes]:
        """The body as it arrives, at most ``limit`` bytes."""
        return arriving(self.request, limit)


def view(route: Route, services: Services, app: App) -> Callable[..., Awaitable[Response]]:
    """The function that the router calls for ``route``."""

    async def answer(**arguments: Any) -> Response:
        for name, value in arguments.items():
            if "\0" in value:
                raise NotFound(f"{name} contains a NUL character")
        asked = current_request()
        who = await _admitted(route, app.guard, asked)
        fields, upload = await _sent(route, services, asked)
        proof = asked.headers.get(CSRF_HEADER) or fields.pop(CSRF_FIELD, None)
        pressed = _pressed(fields)
        if who is not None and route.scope is not None:
            app.guard.check_meant(asked, who, proof)
        is_form = bool(route.form) and (wants_page(asked) if upload else asked.mimetype == FORM)
        if is_form and upload and not upload.chosen:
            raise InvalidRequest("no file was chosen", advice="Go back and choose one.")
        values = dict(arguments)
        if route.query is not None:
            values["query"] = _query(route.query)
        if route.body is not None:
            values["body"] = _fill(route.body, fields) if is_form else _decode(route.body, await _json_body())
        elif is_form and fields and not upload:
            raise InvalidRequest(f"the form's field {min(fields)!r} is not known here")
        if who is not None and route.scope is not None:
            services.authority.check_still(who)  # a body may arrive as slowly as it likes
        call = Call(services, asked, who, app, proof, upload, is_form, pressed)
        given = await route.handler(call, **values)
        if is_form:
            return _go_on(route, given, arguments)
        return await _show(route, call, given) if route.page else respond(route, given)

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


async def _show(route: Route, call: Call, given: Any) -> Response:
    """The route's page, or its JSON: whichever the client prefers."""
    if not isinstance(given, Response) and route.page and wants_page(call.request):
        more = await route.page.more(call, given) if route.page.more else {}
        return await page(call.app, call.request, call.caller, route.page.template, {"it": given, **more})
    response = respond(route, given)
    response.headers["Vary"] = "Accept"
    return response


async def _sent(route: Route, services: Services, asked: ArrivingRequest) -> tuple[dict[str, str], Upload | None]:
    """The fields of a form, as far as they are needed to know whether it was meant; and the file that follows them."""
    if route.file is not None and is_multipart(asked):
        limit = route.file(services.settings)
        upload = Upload(asked, arriving(asked, limit + OVERHEAD), limit)
        await upload.begin()
        return upload.fields, upload
    if route.form and asked.mimetype == FORM:
        return await _form(asked), None
    if route.takes == (FORM,):
        raise UnsupportedMedia(f"this takes {FORM}, and the request said {asked.mimetype or 'nothing'}")
    return {}, None


async def _admitted(route: Route, guard: Guard, asked: Request) -> Principal | None:
    """Who asks, if the route lets them in. On a public route, whose session it is, if there is a good one."""
    if route.scope is None:
        return await guard.visitor(asked)
    who = await guard.caller(asked)
    if who is None and not route.otherwise:
        raise _nobody(asked)
    if who is not None and not who.may(route.scope):
        has = ", ".join(sorted(who.scopes)) or "all of a user who is no administrator"
        raise Forbidden(f"this needs the scope {route.scope!r}, and the token has {has}")
    return who


def _pressed(fields: dict[str, str]) -> str | None:
    """A key for the form as it is filled in: who goes back to it and changes something asks for something else."""
    if not (key := fields.pop(KEY_FIELD, "")):
        return None
    return hashlib.sha256(urlencode([(KEY_FIELD, key), *sorted(fields.items())]).encode()).hexdigest()


def _nobody(asked: Request) -> Unauthorized:
    return Unauthorized(
        f"{asked.method} {asked.path} needs a token or a session",
        advice="Send `Authorization: Bearer TOKEN`, or sign in at /auth.",
    )


def current_request() -> ArrivingRequest:
    """The request that is being answered."""
    found: ArrivingRequest = request._get_current_object()  # type: ignore[attr-defined]
    return found


def _query(kind: type[T]) -> T:
    given = {name: value for name, value in request.args.items() if value != ""}
    if any("\0" in value for value in given.values()):
        raise InvalidRequest("the query contains a NUL character")
    return fitted(given, kind, "query")


async def _json_body() -> bytes:
    """A JSON body. Other media types are refused: a form on a foreign page can't send this one."""
    text = await whole(current_request(), JSON_LIMIT)
    if text and not request.is_json:
        sent = request.mimetype or "nothing"
        raise UnsupportedMedia(
            f"this takes application/json, and the request said {sent}", advice="Set Content-Type: application/json."
        )
    return text or b"{}"


async def _form(asked: ArrivingRequest) -> dict[str, str]:
    """The fields of a form that a browser sent: of several of one name the last that is filled in.

    Raises InvalidRequest for a body that is no form.
    """
    text = await whole(asked, JSON_LIMIT)
    try:
        pairs = parse_qsl(text.decode(), keep_blank_values=True, strict_parsing=bool(text), max_num_fields=FIELDS)
        return dict.fromkeys((name for name, _ in pairs), "") | {name: value for name, value in pairs if value}
    except ValueError:
        raise InvalidRequest("the body is no form: it must be application/x-www-form-urlencoded in UTF-8") from None


def _fill(kind: type[T], fields: dict[str, str]) -> T:
    """A form as a body: empty fields are absent, and ``inputs.clip`` is the field ``clip`` of ``inputs``."""
    values: dict[str, Any] = {}
    for name, value in fields.items():
        *above, last = name.split(".")
        place = values
        for part in above:
            place = place.setdefault(part, {})
            if not isinstance(place, dict):
                raise InvalidRequest(f"the form's field {name!r} is also a value")
        if value:
            place[last] = value
    return fitted(values, kind, "form")


def _go_on(route: Route, given: Any, parameters: dict[str, str]) -> Response:
    """Where a browser goes after a form: never back to the form itself, which a reload would send again."""
    if isinstance(given, Response):
        return given
    fields = parameters | (msgspec.structs.asdict(given) if isinstance(given, msgspec.Struct) else {})
    place = {name: quote(str(value), safe="") for name, value in fields.items()}
    return Response(None, 303, {"Location": route.form.format_map(place)})


def _decode(kind: type[T], text: bytes) -> T:
    try:
        return msgspec.json.decode(text, type=kind)
    except msgspec.ValidationError as error:
        raise invalid(error, "body", kind) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InvalidRequest(f"the body is not valid JSON: {error}") from None
    except RecursionError:
        raise InvalidRequest("the body is nested too deeply") from None
