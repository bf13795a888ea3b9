"""Tokens with which a browser shows a node who it is: 60 seconds, once, for one node."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from artdagd_federation_l2.registry.database import Database
from artdagd_federation_l2.registry.secrets import TEXT_MAX, fresh, sha256
from artdagd_federation_l2.registry.sessions import Visitor

LIFETIME = 60.0
SCOPES = ("read", "write", "publish")

MOST = 20
"""Unused tokens of one person; the oldest ends first."""


class Redeemed(msgspec.Struct, frozen=True):
    """Whom a token stood for; ``ends_at`` (Unix seconds) is when the node's session has to end."""

    name: str
    scopes: tuple[str, ...]
    ends_at: float


class Tickets:
    """Known by SHA-256 alone."""

    def __init__(self, database: Database, clock: Callable[[], float]) -> None:
        self._database = database
        self._clock = clock

    async def issue(self, visitor: Visitor, renderer: str, state: str | None) -> str:
        """A new token; it and the node's session end with the visitor's session here."""
        text, now = fresh(), self._clock()
        async with self._database.writing() as transaction:
            await transaction.execute(
                "DELETE FROM tokens WHERE ends_at <= ? OR (used_at IS NULL AND expires_at <= ?)", (now, now)
            )
            await transaction.execute(
                "INSERT INTO tokens (hash, name, renderer, state, scopes, expires_at, ends_at)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                (
                    *(sha256(text), visitor.name, renderer, state, " ".join(SCOPES)),
                    *(min(now + LIFETIME, visitor.expires_at), visitor.expires_at),
                ),
            )
            await transaction.execute(
                "DELETE FROM tokens WHERE name = ? AND used_at IS NULL AND hash NOT IN (SELECT hash FROM tokens"
                " WHERE name = ? AND used_at IS NULL ORDER BY expires_at DESC, rowid DESC LIMIT ?)",
                (visitor.name, visitor.name, MOST),
            )
        return text

    async def redeem(self, text: str, renderer: str, state: str | None) -> Redeemed | None:
        """Use a token up. None for one that is unknown, used, over, revoked, another node's or another state's, or of
        somebody who no longer approves the node."""
        if len(text) > TEXT_MAX:
            return None
        now = self._clock()
        async with (
            self._database.writing() as transaction,
            transaction.execute(
                "UPDATE tokens SET used_at = ? WHERE hash = ? AND renderer = ? AND state IS ? AND used_at IS NULL"
                " AND expires_at > ? AND EXISTS (SELECT 1 FROM approvals JOIN people USING (name)"
                " WHERE name = tokens.name AND renderer = tokens.renderer AND removed_at IS NULL)"
                " RETURNING name, scopes, ends_at",
                (now, sha256(text), renderer, state, now),
            ) as found,
        ):
            row = await found.fetchone()
        return Redeemed(row["name"], tuple(row["scopes"].split()), row["ends_at"]) if row else None

    async def attached(self, person: str) -> dict[str, tuple[int, float]]:
        """By node: how many sessions a token of theirs opened there that may go on, and until when (Unix seconds)."""
        rows = await self._database.rows(
            "SELECT renderer, count(*), max(ends_at) FROM tokens"
            " WHERE name = ? AND used_at IS NOT NULL AND ends_at > ? GROUP BY renderer",
            person,
            self._clock(),
        )
        return {row[0]: (row[1], row[2]) for row in rows}
