"""Tokens of programs, and the end of tokens and sessions."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated

import msgspec

from artdagd.api.calls import Call
from artdagd.api.plugged import web_request
from artdagd.api.requests import Items, Secret
from artdagd.api.routes import Section
from artdagd.auth.authority import checked_scopes
from artdagd.auth.tokens import ADMIN, token_hash
from artdagd.auth.views import NewToken, TokenView, new_token_view, token_view
from artdagd.errors import Conflict, Forbidden, InvalidRequest, NotFound, Unavailable

section = Section("Tokens", "Tokens of programs, and the end of tokens and sessions.")

_HASH = re.compile(r"[0-9a-f]{64}")


class RevokeBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A token, or its SHA-256 in hex."""

    token: Secret | None = None
    token_hash: Secret | None = None


class RevokeUserBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A user's name here, or at the identity provider if that asks."""

    username: Annotated[str, msgspec.Meta(min_length=1, max_length=255)]


class Revoked(msgspec.Struct, frozen=True):
    """How many tokens and sessions ended."""

    revoked: int


class NewTokenBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``scopes`` empty means all that the caller may do; ``expires_in`` is seconds, null for never; ``owner`` is
    another user's name, for administrators."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=200, pattern=r"\A[^\x00]*\Z")]
    scopes: Annotated[list[str], msgspec.Meta(max_length=16)] = []
    expires_in: Annotated[float, msgspec.Meta(gt=0, le=10 * 366 * 86400)] | None = None
    owner: Annotated[str, msgspec.Meta(min_length=1, max_length=255, pattern=r"\A[^\x00]*\Z")] | None = None


@section.route(
    "POST", "/auth/revoke", "Revoke a token", scope="write", otherwise="signature", errors=(Forbidden, Unavailable)
)
async def revoke_token(call: Call, body: RevokeBody) -> Revoked:
    """By the identity provider, with its signature; or by whoever has the token. Sessions that rest on it end, and
    their event streams."""
    if (body.token is None) == (body.token_hash is None):
        raise InvalidRequest("give `token` or `token_hash`, one of them")
    if body.token_hash is not None and not _HASH.fullmatch(body.token_hash):
        raise InvalidRequest("token_hash is not a SHA-256 in lower-case hex")
    trusted = await _is_provider(call) or call.who.may("admin")
    if not trusted and body.token is None:
        raise Forbidden("only the identity provider or an administrator can revoke by hash")
    hash_ = body.token_hash or token_hash(body.token or "")
    # Anybody's idea of a token is not kept for a month.
    return Revoked(await call.services.authority.revoke((hash_,), ahead=trusted))


@section.route(
    "POST",
    "/auth/revoke-user",
    "Revoke all of a user's tokens",
    scope="write",
    otherwise="signature",
    errors=(Forbidden, Unavailable),
)
async def revoke_user(call: Call, body: RevokeUserBody) -> Revoked:
    """By the identity provider, with its signature, for its own users; by an administrator; by the user."""
    authority, name = call.services.authority, body.username
    if await _is_provider(call):
        assert authority.provider is not None
        owned = authority.provider.owns(name)
        if owned is None:
            raise Forbidden(f"{name} is no user of {authority.provider.label}")
        name = owned
    elif not call.who.may("admin") and name != call.who.name:
        raise Forbidden("only the identity provider or an administrator can revoke what is another user's")
    return Revoked(await authority.revoke((), name))


@section.route("POST", "/auth/tokens", "Make a token", status=201, scope="write", errors=(Conflict,))
async def create_token(call: Call, body: NewTokenBody) -> NewToken:
    """Its text is in this answer and nowhere else. It can't do more than the caller."""
    who = call.who
    owner = body.owner or who.name
    if owner != who.name and not who.may("admin"):
        raise Forbidden("only an administrator can make tokens for others")
    scopes = checked_scopes(who, body.scopes)
    left = call.services.authority.remaining(who)
    seconds = body.expires_in if left is None else min(left, body.expires_in or left)
    until = None if seconds is None else datetime.now(UTC) + timedelta(seconds=seconds)
    is_admin = who.is_admin and owner in (who.name, ADMIN)
    text, row = await call.services.authority.tokens.create(
        body.name,
        owner,
        is_admin=is_admin,
        scopes=scopes,
        expires_at=until,
    )
    return new_token_view(row, text)


@section.route("GET", "/auth/tokens", "List tokens")
async def list_tokens(call: Call) -> Items[TokenView]:
    """The caller's, or everybody's for an administrator, without their texts. Newest first."""
    tokens = call.services.authority.tokens
    await tokens.load()  # other nodes on this database may have made some
    return Items([token_view(row) for row in tokens.good(call.who.sees)])


@section.route(
    "DELETE", "/auth/tokens/{token_id}", "Revoke a token by its id", status=204, scope="write", errors=(NotFound,)
)
async def delete_token(call: Call, token_id: str) -> None:
    authority = call.services.authority
    await authority.tokens.load()
    await authority.revoke((authority.tokens.find(token_id, call.who.sees).token_hash,))


async def _is_provider(call: Call) -> bool:
    """Whether nobody with a credential asks but the identity provider. Raises Unauthorized if neither does."""
    if call.caller is not None:
        return False
    if not await call.services.authority.is_of_provider(await web_request(call, {})):
        raise call.nobody
    return True
