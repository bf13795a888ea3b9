"""Sessions of browsers at the registry."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from artdagd_federation_l2.registry.database import Database
from artdagd_federation_l2.registry.secrets import TEXT_MAX, fresh, sha256

SESSION = 7 * 86400.0
"""Seconds that a session lasts, here and, of whoever attaches with it, on nodes."""

MOST = 50
"""Sessions of one person; the oldest ends first."""


class Visitor(msgspec.Struct, frozen=True):
    """Who is signed in; ``session`` is the SHA-256 of the cookie, ``expires_at`` in Unix seconds."""

    name: str
    session: str
    expires_at: float


class Sessions:
    """Known by SHA-256 alone."""

    def __init__(self, database: Database, clock: Callable[[], float]) -> None:
        self._database = database
        self._clock = clock

    async def open(self, name: str) -> str:
        """The text for the cookie of a new session."""
        text, now = fresh(), self._clock()
        async with self._database.writing() as transaction:
            await transaction.execute("DELETE FROM sessions WHERE expires_at <= ?", (now,))
            await transaction.execute(
                "INSERT INTO sessions (hash, name, expires_at) VALUES (?, ?, ?)", (sha256(text), name, now + SESSION)
            )
            await transaction.execute(
                "DELETE FROM sessions WHERE name = ? AND hash NOT IN"
                " (SELECT hash FROM sessions WHERE name = ? ORDER BY expires_at DESC, rowid DESC LIMIT ?)",
                (name, name, MOST),
            )
        return text

    async def of(self, text: str) -> Visitor | None:
        """Whose good session it is, of somebody who was not removed."""
        if not text or len(text) > TEXT_MAX:
            return None
        found = await self._database.row(
            "SELECT sessions.name, hash, expires_at FROM sessions JOIN people USING (name)"
            " WHERE hash = ? AND expires_at > ? AND removed_at IS NULL",
            sha256(text),
            self._clock(),
        )
        return Visitor(*found) if found else None
