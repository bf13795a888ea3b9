"""Sessions of browsers: 256 random bits in a cookie, known to the node only by their SHA-256."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import time
from collections.abc import Collection
from datetime import UTC, datetime

import msgspec

from artdagd.auth.terms import Term
from artdagd.auth.tokens import token_hash
from artdagd.database import Database
from artdagd.database.clock import now, rfc3339
from artdagd.database.sessions import SessionRow
from artdagd.errors import Unauthorized
from artdagd.hooks.web import Scope

LONGEST = 30 * 86400.0
"""Seconds that a session may last, and that a revocation is kept: it outlives whatever it revokes."""

EACH = 100
"""Sessions of one user; who opens another loses the oldest."""

_TEXT = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)


class Session(msgspec.Struct, frozen=True):
    row: SessionRow
    term: Term


class Sessions:
    """Sessions, kept in memory so that every request is checked. One that another node opened is found in the database
    when it is first shown; what another node ended comes by :meth:`drop`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._by_hash: dict[str, Session] = {}
        self._revoked: dict[str, float] = {}

    async def load(self) -> None:
        """Read what is kept, and forget what is over."""
        await self.purge()
        self._by_hash = {row.session_hash: _held(row) for row in await self._database.sessions.all()}
        self._revoked = dict.fromkeys(await self._database.sessions.revoked(), time.monotonic())

    async def purge(self) -> None:
        """Forget sessions that are over, and revocations that outlived what they revoke."""
        long_ago = rfc3339(datetime.fromtimestamp(time.time() - LONGEST, UTC))
        await self._database.sessions.purge(expired_before=now(), revoked_before=long_ago)
        self._by_hash = {hash_: one for hash_, one in self._by_hash.items() if one.term.remaining > 0}
        oldest = time.monotonic() - LONGEST
        self._revoked = {hash_: since for hash_, since in self._revoked.items() if since > oldest}

    def is_spent(self, hash_: str) -> bool:
        """Whether what hashes so has opened its session, or was revoked."""
        return hash_ in self._revoked

    async def open(
        self,
        user: str,
        *,
        expires_at: float,
        rests_on: str,
        once: str | None = None,
        is_admin: bool = False,
        scopes: tuple[Scope, ...] = (),
    ) -> str:
        """Open a session and give its text. ``rests_on`` is the SHA-256 of the token that it ends with, ``once`` that
        of what may open this one session.

        Raises Unauthorized if ``once`` was spent or revoked.
        """
        text = secrets.token_urlsafe(32)
        row = SessionRow(
            session_hash=token_hash(text),
            ticket_hash=rests_on,
            user=user,
            is_admin=is_admin,
            scopes=list(scopes),
            expires_at=rfc3339(datetime.fromtimestamp(min(expires_at, time.time() + LONGEST), UTC)),
        )
        # First in memory, where a revocation finds it that comes while the database writes.
        self._by_hash[row.session_hash] = _held(row)
        try:
            added = await self._database.sessions.add(row, once)
        except BaseException:
            self._by_hash.pop(row.session_hash, None)
            raise
        if once:
            self._revoked[once] = time.monotonic()
        if not added or row.session_hash not in self._by_hash:
            self._by_hash.pop(row.session_hash, None)
            await self._database.sessions.revoke([row.session_hash])
            raise Unauthorized("this token was used or revoked", advice="Sign in again.")
        return text

    async def authenticate(self, text: str) -> SessionRow:
        """The session. Raises Unauthorized for one that is unknown, over or revoked."""
        hash_ = token_hash(text) if _TEXT.fullmatch(text) else ""
        session = self._by_hash.get(hash_)
        if session is None and hash_ and hash_ not in self._revoked:
            session = await self._of_another_node(hash_)
        if session is None or session.term.remaining <= 0:
            raise Unauthorized("this session has ended", advice="Sign in again.")
        return session.row

    def remaining(self, session_hash: str) -> float:
        """Seconds that a session lasts from now on, at most; 0 if there is none."""
        session = self._by_hash.get(session_hash)
        return session.term.remaining if session else 0.0

    def surplus(self, user: str) -> list[str]:
        """The oldest sessions of ``user`` that are too many."""
        own = [hash_ for hash_, session in self._by_hash.items() if session.row.user == user]
        return own[: max(0, len(own) - EACH)]

    def drop(self, hashes: Collection[str], resting_on: Collection[str] = (), user: str = "") -> set[str]:
        """End sessions by their hash, by that of what they rest on, and all of ``user``: here, not in the database.
        Gives the hashes of those that ended."""
        ended = {
            hash_
            for hash_, session in self._by_hash.items()
            if hash_ in hashes or session.row.ticket_hash in resting_on or (user and session.row.user == user)
        }
        self._revoked |= dict.fromkeys([*hashes, *resting_on, *ended], time.monotonic())
        for hash_ in ended:
            del self._by_hash[hash_]
        return ended

    async def _of_another_node(self, hash_: str) -> Session | None:
        row = await self._database.sessions.get(hash_)
        if row is None or hash_ in self._revoked:  # revoked while the database was asked
            return None
        return self._by_hash.setdefault(hash_, _held(row))


def csrf_token(text: str) -> str:
    """What a form of a session's own pages proves itself with; nothing can be told of the session from it."""
    return hmac.new(text.encode(), b"artdagd csrf", hashlib.sha256).hexdigest()


def _held(row: SessionRow) -> Session:
    return Session(row, Term.until(row.expires_at))
