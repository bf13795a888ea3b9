"""Signing in and out."""

from __future__ import annotations

import hmac
import secrets
import time
from typing import Annotated

import msgspec
from quart import Response

from artdagd.api.calls import Call
from artdagd.api.guard import SAFE, STATE_SECONDS
from artdagd.api.negotiation import OWN_PATH, page, wants_page
from artdagd.api.requests import Secret, Short
from artdagd.api.routes import Page, Section
from artdagd.auth.authority import TICKET_SECONDS
from artdagd.auth.views import SessionView, session_view
from artdagd.errors import Conflict, Forbidden, InvalidRequest, TooBusy, Unauthorized, Unavailable

section = Section("Sign-in", "Sessions of browsers.")

AGAIN = 10.0
"""Seconds after which a browser that came back without its state may be sent for one again."""

STAMP = 12
"""Digits of a time in seconds, at most."""


class SignInQuery(msgspec.Struct, frozen=True):
    auth_token: Annotated[
        Secret | None, msgspec.Meta(description="The identity provider's, or that of a login address of this node.")
    ] = None
    state: Annotated[
        Short | None, msgspec.Meta(description="What the browser was sent away with, as the provider gives it back.")
    ] = None


class SignIn(msgspec.Struct, frozen=True):
    """Who is signed in here, and where one signs in."""

    user: str | None
    provider: str | None
    sign_in: str | None


class TokenBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A token of this node; ``next`` is the path on which a browser goes on."""

    token: Secret
    next: Short = "/"


class LoginAddress(msgspec.Struct, frozen=True):
    """An address that signs a browser in as the caller: once, within ``expires_in`` seconds."""

    url: str
    expires_in: float


@section.route(
    "GET",
    "/auth",
    "Sign in",
    scope=None,
    errors=(Unauthorized, Forbidden, Conflict, Unavailable),
    page=Page("sign_in.html"),
    moves="With `auth_token`: signed in, on to `/`; or to the identity provider first",
)
async def sign_in(call: Call, query: SignInQuery) -> SignIn | Response:
    """With `auth_token`: a session for whom the token stands for, and on to a clean address (303). Without: how to.

    A browser that a page elsewhere sent here is first sent to the identity provider, to come back with a state that
    only this browser knows: nobody can sign another in as himself.
    """
    authority, guard = call.services.authority, call.app.guard
    if query.auth_token is None:
        provider = authority.provider
        user = call.caller.name if call.caller else None
        return SignIn(user, provider.label if provider else None, "/auth/start" if provider else None)
    asked = guard.state(call.request)
    known = bool(asked and query.state and hmac.compare_digest(asked.encode(), query.state.encode(errors="replace")))
    if query.state is not None and not known:
        raise Forbidden("this sign-in was not begun in this browser, or long ago", advice="Begin again at /auth.")
    # A browser that can't say who sent it is believed with a login address of this node, which is typed or pasted.
    doubted = authority.provider is not None and not authority.is_ticket(query.auth_token)
    if not known and guard.from_elsewhere(call.request, unless_said=doubted):
        _check_first(call)
        return await _away(call)
    text, seconds = await authority.sign_in(query.auth_token, query.state if known else None)
    return _welcome(call, text, seconds, "/")


@section.route(
    "GET", "/auth/start", "Go to the identity provider", status=303, scope=None, errors=(Conflict, Unavailable)
)
async def begin_sign_in(call: Call) -> Response:
    """Sends the browser there with a state that only it knows; 503 where nobody answers there."""
    return await _away(call)


@section.route(
    "POST",
    "/auth",
    "Sign in with a token of this node",
    status=303,
    scope=None,
    errors=(Unauthorized, Forbidden, TooBusy),
    form="/",
)
async def sign_in_with_token(call: Call, body: TokenBody) -> Response:
    """A session that lasts as long as the token, a week at most. `next` is a path of this node."""
    call.app.guard.check_own(call.request)
    if not OWN_PATH.fullmatch(body.next):
        raise InvalidRequest("next has to be a path of this node, such as /runs")
    authority = call.services.authority
    try:
        text, seconds = await authority.sign_in_here(body.token.strip())
    except Unauthorized:
        authority.attempts.failed(call.request.remote_addr or "")
        raise
    return _welcome(call, text, seconds, body.next)


@section.route("GET", "/auth/session", "Show who asks")
async def show_session(call: Call) -> SessionView:
    who = call.who
    csrf = call.app.guard.csrf(call.request) if who.session else None
    return session_view(who, call.services.authority.remaining(who), csrf)


@section.route("GET", "/logout", "Log out", status=303, scope=None, errors=(Forbidden,))
async def log_out(call: Call) -> Response:
    """Asks a person, on a page whose form goes to `POST /logout`; else ends the session whose cookie came. A page
    elsewhere can't."""
    if wants_page(call.request) and call.caller is not None:
        return await page(call.app, call.request, call.caller, "logout.html", {})
    return await _log_out(call)


@section.route("POST", "/logout", "Log out, from a form", status=303, scope=None, errors=(Forbidden,), form="/")
async def log_out_form(call: Call) -> Response:
    return await _log_out(call)


@section.route(
    "POST", "/auth/login-address", "Make a login address", status=201, scope="write", errors=(Forbidden, Unavailable)
)
async def make_login_address(call: Call) -> LoginAddress:
    """For a browser of the one who asks; `artdagctl login` prints it."""
    who = call.who
    if who.session:
        raise Forbidden("a login address is made with a token, not from a browser")
    ticket = call.services.authority.ticket(who)
    return LoginAddress(f"{call.address}/auth?auth_token={ticket}", TICKET_SECONDS)


def _check_first(call: Call) -> None:
    """Raises Forbidden for a browser that was sent away for a state just now: it would go round for ever."""
    before = (call.app.guard.state(call.request) or "").rpartition(".")[2]
    if before.isdecimal() and 0 <= time.time() - int(before[:STAMP]) < AGAIN:
        raise Forbidden("you were sent back without the state that was given", advice="Tell the registry's keeper.")


async def _away(call: Call) -> Response:
    """To the identity provider, with a new state in the browser's cookie."""
    guard = call.app.guard
    state = f"{secrets.token_urlsafe(24)}.{int(time.time())}"
    response = Response(None, 303, {"Location": await call.services.authority.away(state)})
    guard.keep(response, call.request, "state", state, STATE_SECONDS)
    return response


def _welcome(call: Call, text: str, seconds: float, path: str) -> Response:
    response = Response(None, 303, {"Location": path})
    call.app.guard.keep(response, call.request, "session", text, seconds)
    if call.app.guard.state(call.request):
        call.app.guard.keep(response, call.request, "state", "", 0)
    return response


async def _log_out(call: Call) -> Response:
    guard, who = call.app.guard, call.caller
    # Also where no session came along: a browser keeps it from a foreign page's form, and would drop it at our word.
    if guard.from_elsewhere(call.request):
        raise Forbidden("a page elsewhere asked to log you out", advice="If you meant it, log out at /auth.")
    if call.request.method not in SAFE:
        guard.check_own(call.request)
    if who is not None:
        guard.check_meant(call.request, who, call.proof)
        await call.services.authority.log_out(who)
    response = Response(None, 303, {"Location": "/"})
    guard.keep(response, call.request, "session", "", 0)
    return response
