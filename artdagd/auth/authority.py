"""The one place that says who is who: tokens, sessions, the identity provider, and what was revoked."""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from artdagd.auth.attempts import Attempts
from artdagd.auth.endings import Endings
from artdagd.auth.principal import SCOPES, Principal
from artdagd.auth.sessions import Sessions
from artdagd.auth.tokens import Tokens, token_hash
from artdagd.database import Database
from artdagd.database.clock import rfc3339
from artdagd.errors import Conflict, Forbidden, InvalidRequest, Unauthorized, Unavailable
from artdagd.hooks import Identity, IdentityProvider, ProviderUnreachable, SignInRefused, WebRequest
from artdagd.hooks.web import Scope

log = logging.getLogger(__name__)

LOCAL_SESSION = 7 * 86400.0
"""Seconds that a session lasts which was opened with a token of this node."""

TICKET_SECONDS = 60.0
"""Seconds in which a login address of this node may be used, once."""

TICKETS = 1000

TICKETS_EACH = 10
"""Login addresses of one user that wait to be used; one more takes the place of the oldest."""

TOKEN_LIMIT = 8192
"""Characters of a provider's token."""

REDEEM_SECONDS = 10.0
"""Seconds that a provider may take to say whom a token stands for."""

CHECK_SECONDS = 3.0
"""Seconds that a provider may take to answer at all, before a browser is sent there."""

REDEEMED_AT_ONCE = 32
"""Tokens that the provider is asked about at once; further ones wait, within ``REDEEM_SECONDS``."""

LOOK_EVERY = 2.0
"""Seconds between looks for what other nodes on this database revoked."""

LOOK_BACK = timedelta(minutes=10)
"""What was revoked so long before the last look is looked at again: clocks of nodes differ."""

PURGE_EVERY = 3600.0


class Authority:
    """Who is asking, and for how long. ``provider`` is set when the plugins are known."""

    def __init__(self, database: Database, admins: Collection[str] = ()) -> None:
        self.tokens = Tokens(database)
        self.sessions = Sessions(database)
        self.attempts = Attempts()
        self.provider: IdentityProvider | None = None
        self._database = database
        self._admins = frozenset(admins)
        self._endings = Endings()
        self._tickets: dict[str, tuple[float, Principal]] = {}
        self._places = asyncio.Semaphore(REDEEMED_AT_ONCE)
        self._ended: dict[str, float] = {}
        self._following: asyncio.Task[None] | None = None

    async def load(self) -> None:
        """Read who is known, and from now on what other nodes on the same database revoke."""
        await self.tokens.purge()
        await self.tokens.load()
        await self.sessions.load()
        self._following = asyncio.create_task(self._follow())

    async def close(self) -> None:
        if self._following:
            self._following.cancel()
            await asyncio.gather(self._following, return_exceptions=True)

    async def authenticate(self, token: str) -> Principal:
        """Whose bearer token it is. Raises Unauthorized."""
        return self._in_office(await self.tokens.authenticate(token))

    async def of_session(self, text: str) -> Principal:
        """Whose session it is. Raises Unauthorized."""
        row = await self.sessions.authenticate(text)
        if row.ticket_hash and self.tokens.is_over(row.ticket_hash):
            raise Unauthorized("the token that this session rests on has ended", advice="Sign in again.")
        return self._in_office(
            Principal(row.user, row.is_admin, tuple(row.scopes), row.session_hash, session=True)  # type: ignore[arg-type]
        )

    def remaining(self, who: Principal) -> float | None:
        """Seconds that a credential lasts from now on; None: for ever."""
        return self.sessions.remaining(who.credential) if who.session else self.tokens.remaining(who.credential)

    def check_still(self, who: Principal) -> None:
        """Raises Unauthorized if the credential of ``who`` has ended since it was shown."""
        if self.remaining(who) == 0:
            raise Unauthorized("what you showed has expired or was revoked meanwhile", advice="Sign in again.")

    @contextmanager
    def watch(self, who: Principal) -> Iterator[asyncio.Event]:
        """An event that is set when the credential of ``who`` ends: revoked, logged out or expired."""
        with self._endings.watch(who.credential, self.remaining(who)) as ended:
            yield ended

    def ticket(self, who: Principal) -> str:
        """A token for ``/auth?auth_token=``: good once, for ``TICKET_SECONDS``, for a session as ``who``."""
        now = time.monotonic()
        self._tickets = {key: kept for key, kept in self._tickets.items() if kept[0] > now}
        own = [key for key, kept in self._tickets.items() if kept[1].name == who.name]
        if len(own) >= TICKETS_EACH:
            del self._tickets[own[0]]
        if len(self._tickets) >= TICKETS:
            raise Unavailable("too many login addresses wait to be used", retry_after=int(TICKET_SECONDS))
        text = secrets.token_urlsafe(32)
        self._tickets[token_hash(text)] = (now + TICKET_SECONDS, who)
        return text

    def is_ticket(self, token: str) -> bool:
        """Whether it is of a login address of this node."""
        return token_hash(token) in self._tickets

    async def away(self, state: str) -> str:
        """Where a browser goes to sign in. Raises Conflict without a provider, Unavailable if it does not answer."""
        if self.provider is None:
            raise Conflict(
                "this node has no identity provider",
                advice="Sign in with a token, or with `artdagctl login`, at /auth.",
            )
        label = self.provider.label
        advice = "Try again in a while. At /auth a token of this node signs you in meanwhile."
        try:
            async with asyncio.timeout(CHECK_SECONDS):
                await self.provider.check()
        except ProviderUnreachable as error:
            raise Unavailable(
                f"{label} can't be reached to sign you in: {error}", advice=advice, retry_after=error.retry_after
            ) from None
        except TimeoutError:
            raise Unavailable(
                f"{label} did not answer within {CHECK_SECONDS:g} s", advice=advice, retry_after=30
            ) from None
        return self.provider.address(state)

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
        began = time.monotonic()
        identity = await self._redeem(self.provider, token, state)
        if self._ended.get(identity.name, 0.0) >= began:
            raise Unauthorized(f"{identity.name[:80]} was signed out just now", advice="Sign in again.")
        return await self._admit(identity, hash_)

    async def is_of_provider(self, request: WebRequest) -> bool:
        """Whether a request to revoke comes from the provider itself. Raises Unavailable if that can't be told."""
        if self.provider is None:
            return False
        try:
            async with asyncio.timeout(REDEEM_SECONDS):
                return await self.provider.may_revoke(request)
        except (ProviderUnreachable, TimeoutError) as error:
            raise _unreachable(self.provider, error) from None

    async def sign_in_here(self, token: str) -> tuple[str, float]:
        """Open a session with a token of this node, which stays good. Raises Unauthorized."""
        return await self._open_local(await self.authenticate(token))

    async def log_out(self, who: Principal) -> None:
        """End the session of ``who``."""
        await self.revoke((who.credential,))

    async def revoke(self, hashes: tuple[str, ...], user: str = "", *, ahead: bool = True) -> int:
        """Revoke tokens and sessions by SHA-256, and all of ``user``; how many there were. Streams end.

        ``ahead``: those, too, that are not known yet.
        """
        if user:
            now = time.monotonic()
            self._ended = {name: at for name, at in self._ended.items() if now - at < 2 * REDEEM_SECONDS}
            self._ended[user] = now
        # First in memory: no request may pass while the database writes.
        ended = self._drop(hashes if ahead else (), user)
        found = await self._database.sessions.revoke([*hashes, *ended], user, ahead=ahead)
        self._drop(found)
        return len(ended | found)

    def _drop(self, hashes: Collection[str], user: str = "") -> set[str]:
        """End credentials in memory, with what rests on them."""
        tokens = self.tokens.drop(hashes, user)
        ended = tokens | self.sessions.drop(hashes, {*hashes, *tokens}, user)
        self._tickets = {
            key: kept
            for key, kept in self._tickets.items()
            if kept[1].name != user and kept[1].credential not in hashes
        }
        self._endings.tell(ended)
        return ended

    async def _follow(self) -> None:
        """End here what other nodes on this database ended, and forget now and then what is over."""
        looked, purged = datetime.now(UTC), time.monotonic()
        while True:
            await asyncio.sleep(LOOK_EVERY)
            now = datetime.now(UTC)
            try:
                gone = await self._database.sessions.revoked(rfc3339(min(looked, now) - LOOK_BACK))
                # A hash may be here because it was spent: then what it opened goes on.
                self._endings.tell(self.tokens.drop(gone) | self.sessions.drop(gone))
                looked = now
                if time.monotonic() - purged > PURGE_EVERY:
                    purged = time.monotonic()
                    await self.tokens.purge()
                    await self.sessions.purge()
            except Exception as error:
                log.warning("can't look for what other nodes revoked: %s", error)

    def _in_office(self, who: Principal) -> Principal:
        """Who is no longer among the settings' ``admins`` is an administrator no more."""
        lost = who.is_admin and who.name.startswith("@") and who.name not in self._admins
        return msgspec.structs.replace(who, is_admin=False) if lost else who

    async def _redeem(self, provider: IdentityProvider, token: str, state: str | None) -> Identity:
        try:
            async with asyncio.timeout(REDEEM_SECONDS), self._places:
                return await provider.redeem(token, state)
        except SignInRefused as error:
            raise Unauthorized(
                f"{provider.label} does not vouch for this token: {error}", advice="Sign in again."
            ) from None
        except (ProviderUnreachable, TimeoutError) as error:
            raise _unreachable(provider, error) from None

    async def _admit(self, identity: Identity, hash_: str) -> tuple[str, float]:
        """A session for whom the provider vouches, unless what it says can't be."""
        if not identity.name.startswith("@") or len(identity.name) > 255 or not identity.name.isprintable():
            raise Unauthorized(f"the provider gave {identity.name[:80]!r}, which is no name of a person")
        # What is not a number is not greater than another.
        if not identity.expires_at > time.time() or any(scope not in SCOPES for scope in identity.scopes):
            raise Unauthorized("the provider gave a sign-in that is over, or scopes that there are none of")
        is_admin = identity.name in self._admins
        # A provider knows no administrators of nodes: whom it lets do all that it knows of does all.
        whole = is_admin and {*identity.scopes, "admin"} == set(SCOPES)
        return await self._open(
            identity.name,
            expires_at=identity.expires_at,
            rests_on=hash_,
            once=hash_,
            is_admin=is_admin,
            scopes=() if whole else identity.scopes,
        )

    async def _open_local(self, who: Principal, once: str | None = None) -> tuple[str, float]:
        """A session that rests on a token of this node."""
        left = self.tokens.remaining(who.credential)
        seconds = LOCAL_SESSION if left is None else min(LOCAL_SESSION, left)
        return await self._open(
            who.name,
            expires_at=time.time() + seconds,
            rests_on=who.credential,
            once=once,
            is_admin=who.is_admin,
            scopes=who.scopes,
        )

    async def _open(self, user: str, **about: Any) -> tuple[str, float]:
        text = await self.sessions.open(user, **about)
        if surplus := self.sessions.surplus(user):
            await self.revoke(tuple(surplus))
        return text, self.sessions.remaining(token_hash(text))


def _unreachable(provider: IdentityProvider, error: Exception) -> Unavailable:
    return Unavailable(
        f"{provider.label} can't be asked: {str(error) or 'it does not answer'}",
        advice="Try again later; whoever is signed in stays so.",
        retry_after=getattr(error, "retry_after", 30),
    )


def checked_scopes(who: Principal, wanted: Collection[str]) -> tuple[Scope, ...]:
    """The scopes for a token that ``who`` makes. Raises InvalidRequest for unknown ones, Forbidden for too many.

    None wanted means as many as they have.
    """
    if unknown := sorted(set(wanted) - set(SCOPES)):
        raise InvalidRequest(f"there is no scope {unknown[0]!r}", advice=f"Scopes are {', '.join(SCOPES)}.")
    scopes = tuple(scope for scope in SCOPES if scope in wanted)
    for scope in scopes:
        if not who.may(scope):
            raise Forbidden(
                f"you can't hand on the scope {scope!r}: you don't have it", advice=f"You have {', '.join(who.scopes)}."
            )
    return scopes or who.scopes
