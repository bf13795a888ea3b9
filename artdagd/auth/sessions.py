"""Sessions of browsers: 256 random bits in a cookie, known to the node only by their SHA-256."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from datetime import UTC, datetime

import msgspec

from artdagd.auth.principal import Principal, Scope
from artdagd.auth.tokens import token_hash
from artdagd.database import Database
from artdagd.database.clock import now, rfc3339
from artdagd.database.sessions import SessionRow
from artdagd.errors import Unauthorized

LONGEST = 30 * 86400.0
"""Seconds that a session may last, and that a revocation is kept: it outlives whatever it revokes."""

TEXT_LIMIT = 128


class Session(msgspec.Struct, frozen=True):
    """A session in memory. ``deadline`` is monotonic, so that a clock that is set back lengthens nothing."""

    row: SessionRow
    deadline: float

    @property
    def remaining(self) -> float:
        """Seconds that it lasts from now on, at most."""
        wall = datetime.fromisoformat(self.row.expires_at).timestamp() - time.time()
        return min(wall, self.deadline - time.monotonic())


class Sessions:
    """All sessions, kept in memory in step with the database, so that every request is checked."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._by_hash: dict[str, Session] = {}
        self._revoked: set[str] = set()

    async def load(self) -> None:
        """Read what is kept, and forget what is over."""
        long_ago = rfc3339(datetime.fromtimestamp(time.time() - LONGEST, UTC))
        await self._database.sessions.purge(expired_before=now(), revoked_before=long_ago)
        self._by_hash = {row.session_hash: _held(row) for row in await self._database.sessions.all()}
        self._revoked = await self._database.sessions.revoked()

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
        if not await self._database.sessions.add(row, once):
            raise Unauthorized("this token was used or revoked", advice="Sign in again.")
        if once:
            self._revoked.add(once)
        self._by_hash[row.session_hash] = _held(row)
        return text

    def authenticate(self, text: str) -> Principal:
        """Whose session it is. Raises Unauthorized for one that is unknown, over or revoked."""
        session = self._by_hash.get(token_hash(text)) if len(text) <= TEXT_LIMIT else None
        if session is None or session.remaining <= 0:
            raise Unauthorized("this session has ended", advice="Sign in again.")
        row = session.row
        return Principal(row.user, row.is_admin, tuple(row.scopes), row.session_hash, session=True)  # type: ignore[arg-type]

    def remaining(self, session_hash: str) -> float:
        """Seconds that a session lasts from now on, at most; 0 if there is none."""
        session = self._by_hash.get(session_hash)
        return max(0.0, session.remaining) if session else 0.0

    async def end(self, session_hash: str) -> None:
        self._by_hash.pop(session_hash, None)
        await self._database.sessions.end(session_hash)

    async def revoke(self, hashes: tuple[str, ...], user: str = "") -> list[str]:
        """Revoke tickets and sessions by hash, and all of ``user``; the hashes of the sessions that ended."""
        ended = [
            hash_
            for hash_, session in self._by_hash.items()
            if hash_ in hashes or session.row.ticket_hash in hashes or (user and session.row.user == user)
        ]
        gone = list(dict.fromkeys([*hashes, *ended]))
        # First in memory: no request may pass while the database writes.
        self._revoked.update(gone)
        for hash_ in ended:
            del self._by_hash[hash_]
        await self._database.sessions.revoke(gone)
        return ended


def csrf_token(text: str) -> str:
    """What a form of a session's own pages proves itself with; nothing can be told of the session from it."""
    return hmac.new(text.encode(), b"artdagd csrf", hashlib.sha256).hexdigest()


def _held(row: SessionRow) -> Session:
    wall = datetime.fromisoformat(row.expires_at).timestamp() - time.time()
    return Session(row, time.monotonic() + wall)
