"""The one place that says who is who: tokens, sessions, the identity provider, and what was revoked."""

from __future__ import annotations

import secrets
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from artdagd.auth.attempts import Attempts
from artdagd.auth.endings import Endings
from artdagd.auth.principal import SCOPES, Principal, Scope
from artdagd.auth.sessions import Sessions
from artdagd.auth.tokens import Tokens, token_hash
from artdagd.database import Database
from artdagd.errors import Forbidden, InvalidRequest, Unauthorized, Unavailable
from artdagd.hooks import Identity, IdentityProvider, ProviderUnreachable, SignInRefused

if TYPE_CHECKING:
    import asyncio

LOCAL_SESSION = 7 * 86400.0
"""Seconds that a session lasts which was opened with a token of this node."""

TICKET_SECONDS = 60.0
"""Seconds in which a login address of this node may be used, once."""

TICKETS = 1000

TOKEN_LIMIT = 8192
"""Characters of a provider's token."""


class Authority:
    """Who is asking, and for how long. ``provider`` is set when the plugins are known."""

    def __init__(self, database: Database, admins: Collection[str] = ()) -> None:
        self.tokens = Tokens(database)
        self.sessions = Sessions(database)
        self.attempts = Attempts()
        self.provider: IdentityProvider | None = None
        self._admins = frozenset(admins)
        self._endings = Endings()
        self._tickets: dict[str, tuple[float, Principal]] = {}

    async def load(self) -> None:
        await self.tokens.load()
        await self.sessions.load()

    async def authenticate(self, token: str) -> Principal:
        """Whose bearer token it is. Raises Unauthorized."""
        return await self.tokens.authenticate(token)

    def of_session(self, text: str) -> Principal:
        """Whose session it is. Raises Unauthorized."""
        return self.sessions.authenticate(text)

    def remaining(self, who: Principal) -> float | None:
        """Seconds that a credential lasts from now on; None: for ever."""
        return self.sessions.remaining(who.credential) if who.session else self.tokens.remaining(who.credential)

    @contextmanager
    def watch(self, who: Principal) -> Iterator[asyncio.Event]:
        """An event that is set when the credential of ``who`` ends: revoked, logged out or expired."""
        with self._endings.watch(who.credential, self.remaining(who)) as ended:
            yield ended

    def ticket(self, who: Principal) -> str:
        """A token for ``/auth?auth_token=``: good once, for ``TICKET_SECONDS``, for a session as ``who``."""
        now = time.monotonic()
        self._tickets = {key: kept for key, kept in self._tickets.items() if kept[0] > now}
        if len(self._tickets) >= TICKETS:
            raise Unavailable("too many login addresses wait to be used", retry_after=int(TICKET_SECONDS))
        text = secrets.token_urlsafe(32)
        self._tickets[token_hash(text)] = (now + TICKET_SECONDS, who)
        return text

    async def sign_in(self, token: str, state: str | None = None) -> tuple[str, float]:
        """Open a session with a ticket of this node, or a token of the provider: its text and the seconds it lasts.

        Raises Unauthorized (also for one that was used before), Unavailable if the provider does not answer.
        """
        hash_ = token_hash(token)
        until, who = self._tickets.pop(hash_, (0.0, None))
        if who is not None and until > time.monotonic():
            return await self._open_local(who, once=hash_)
        if self.provider is None or not 0 < len(token) <= TOKEN_LIMIT or self.sessions.is_spent(hash_):
            raise Unauthorized("this token is not known here, has expired or was used", advice="Sign in again.")
        try:
            identity = await self.provider.redeem(token, state)
        except SignInRefused as error:
            raise Unauthorized(
                f"{self.provider.label} does not vouch for this token: {error}", advice="Sign in again."
            ) from None
        except ProviderUnreachable as error:
            raise Unavailable(
                f"{self.provider.label} can't be asked who you are: {error}",
                advice="Try again later; whoever is signed in stays so.",
                retry_after=error.retry_after,
            ) from None
        return await self._admit(identity, hash_)

    async def sign_in_here(self, token: str) -> tuple[str, float]:
        """Open a session with a token of this node, which stays good. Raises Unauthorized."""
        return await self._open_local(await self.tokens.authenticate(token))

    async def log_out(self, who: Principal) -> None:
        """End the session of ``who``."""
        await self.sessions.end(who.credential)
        self._endings.tell([who.credential])

    async def revoke(self, hashes: tuple[str, ...], user: str = "") -> int:
        """Revoke tokens and sessions by SHA-256, and all of ``user``; how many there were. Streams end."""
        ended = [*await self.sessions.revoke(hashes, user), *await self.tokens.revoke(hashes, user)]
        self._tickets = {
            key: kept
            for key, kept in self._tickets.items()
            if kept[1].name != user and kept[1].credential not in hashes
        }
        self._endings.tell(ended)
        return len(ended)

    async def _admit(self, identity: Identity, hash_: str) -> tuple[str, float]:
        """A session for whom the provider vouches, unless what it says can't be."""
        if not identity.name.startswith("@") or len(identity.name) > 255 or not identity.name.isprintable():
            raise Unauthorized(f"the provider gave {identity.name[:80]!r}, which is no name of a person")
        # What is not a number is not greater than another.
        if not identity.expires_at > time.time() or any(scope not in SCOPES for scope in identity.scopes):
            raise Unauthorized("the provider gave a sign-in that is over, or scopes that there are none of")
        text = await self.sessions.open(
            identity.name,
            expires_at=identity.expires_at,
            rests_on=hash_,
            once=hash_,
            is_admin=identity.name in self._admins,
            scopes=identity.scopes,
        )
        return text, self.sessions.remaining(token_hash(text))

    async def _open_local(self, who: Principal, once: str | None = None) -> tuple[str, float]:
        """A session that rests on a token of this node."""
        left = self.tokens.remaining(who.credential)
        seconds = LOCAL_SESSION if left is None else min(LOCAL_SESSION, left)
        text = await self.sessions.open(
            who.name,
            expires_at=time.time() + seconds,
            rests_on=who.credential,
            once=once,
            is_admin=who.is_admin,
            scopes=who.scopes,
        )
        return text, self.sessions.remaining(token_hash(text))


def checked_scopes(who: Principal, wanted: Collection[str]) -> tuple[Scope, ...]:
    """The scopes for a token that ``who`` makes. Raises InvalidRequest for unknown ones, Forbidden for too many.

    None wanted means as many as they have.
    """
    if unknown := sorted(set(wanted) - set(SCOPES)):
        raise InvalidRequest(f"there is no scope {unknown[0]!r}", advice=f"Scopes are {', '.join(SCOPES)}.")
    scopes = tuple(scope for scope in SCOPES if scope in wanted)
    for scope in scopes:
        if not who.may(scope):
            raise Forbidden(f"you may not {scope} yourself, and so can't hand it on")
    return scopes or who.scopes
