"""What is told of credentials: never their text, but once."""

from __future__ import annotations

from typing import Any

import msgspec

from artdagd.auth.principal import Principal
from artdagd.auth.tokens import ID
from artdagd.database.tokens import TokenRow


class TokenView(msgspec.Struct, frozen=True, kw_only=True):
    """A token. ``scopes`` empty means all that its owner may do; ``expires_at`` null is never."""

    token_id: str
    name: str
    owner: str
    is_admin: bool
    scopes: list[str]
    created_at: str
    expires_at: str | None


class NewToken(TokenView, frozen=True, kw_only=True):
    """``token`` is its text, which is shown this once."""

    token: str


class SessionView(msgspec.Struct, frozen=True, kw_only=True):
    """Who asks. ``scopes`` empty means all that the user may do; ``expires_in`` is seconds, null for ever;
    ``csrf_token`` is what a browser's changes need, null where a bearer token asks."""

    user: str
    is_admin: bool
    scopes: list[str]
    expires_in: float | None
    csrf_token: str | None


def token_view(row: TokenRow) -> TokenView:
    return TokenView(**_shown(row))


def new_token_view(row: TokenRow, text: str) -> NewToken:
    return NewToken(token=text, **_shown(row))


def session_view(who: Principal, expires_in: float | None, csrf: str | None) -> SessionView:
    return SessionView(
        user=who.name, is_admin=who.is_admin, scopes=list(who.scopes), expires_in=expires_in, csrf_token=csrf
    )


def _shown(row: TokenRow) -> dict[str, Any]:
    return {
        "token_id": row.token_hash[:ID],
        "name": row.name,
        "owner": row.owner,
        "is_admin": row.is_admin,
        "scopes": row.scopes,
        "created_at": row.created_at,
        "expires_at": row.expires_at,
    }
