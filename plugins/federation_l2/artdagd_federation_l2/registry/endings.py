"""How sessions end, here and on nodes: by signing out, by taking an approval back, by removal."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import aiosqlite
import msgspec

from artdagd_federation_l2.registry.database import Database
from artdagd_federation_l2.registry.errors import Refused

KEPT = 30 * 86400.0
"""Seconds that a revocation is kept: longer than any session lasts."""

PAGE = 500


class Revocation(msgspec.Struct, frozen=True):
    """All sessions of ``name`` on one node, as of ``revoked_at`` (Unix seconds)."""

    seq: int
    name: str
    revoked_at: float


class Endings:
    """Writes down what ended, for nodes to ask for and for :class:`.calls.Calls` to tell; ``told`` is set then."""

    def __init__(self, database: Database, clock: Callable[[], float]) -> None:
        self.database = database
        self._clock = clock
        self.told = asyncio.Event()

    async def sign_out(self, person: str, session: str) -> None:
        """End one session here, and the person's on all nodes; tokens that were not used yet are good no more."""
        async with self.database.writing() as transaction:
            await transaction.execute("DELETE FROM sessions WHERE hash = ?", (session,))
            await self._revoke(transaction, "name = ?", person)
        self.told.set()

    async def detach(self, person: str, renderer: str) -> None:
        """Take back the approval of one node."""
        async with self.database.writing() as transaction:
            await transaction.execute("DELETE FROM approvals WHERE name = ? AND renderer = ?", (person, renderer))
            await self._revoke(transaction, "name = ? AND renderer = ?", person, renderer)
        self.told.set()

    async def remove_person(self, person: str) -> None:
        """Their sessions end, their works go, their name stays theirs. Raises Refused if there is no such person."""
        now = self._clock()
        async with self.database.writing() as transaction:
            removed = await transaction.execute(
                "UPDATE people SET removed_at = ?, password = '' WHERE name = ? AND removed_at IS NULL", (now, person)
            )
            if not removed.rowcount:
                raise Refused(404, f"there is no {person[:100]!r} here")
            await transaction.execute("DELETE FROM sessions WHERE name = ?", (person,))
            await transaction.execute("DELETE FROM approvals WHERE name = ?", (person,))
            await self._revoke(transaction, "name = ?", person)
            await transaction.execute(
                "INSERT OR IGNORE INTO gone (object, work, gone_at) SELECT object, id, ? FROM works WHERE name = ?",
                (now, person),
            )
            await transaction.execute("DELETE FROM works WHERE name = ?", (person,))
        self.told.set()

    async def remove_renderer(self, url: str) -> None:
        """The node is believed no more, and told that sessions which rest on our word are over. Its works stay.
        Raises Refused if it is not known."""
        async with self.database.writing() as transaction:
            await self._revoke(transaction, "renderer = ?", url)
            removed = await transaction.execute("DELETE FROM renderers WHERE url = ?", (url,))
            if not removed.rowcount:
                raise Refused(404, f"{url[:200]!r} is no renderer here: see artdag-registry renderer list")
        self.told.set()

    async def since(self, renderer: str, seq: int) -> tuple[list[Revocation], int]:
        """Revocations after ``seq`` for a node, oldest first, and the ``seq`` to ask after next. Asking so proves that
        the node knows all up to ``seq``: nobody calls it for those any more."""
        async with self.database.writing() as transaction:
            await transaction.execute(
                "DELETE FROM calls WHERE seq IN (SELECT seq FROM revocations WHERE renderer = ? AND seq <= ?)",
                (renderer, seq),
            )
        rows = await self.database.rows(
            "SELECT seq, name, revoked_at FROM revocations WHERE renderer = ? AND seq > ? ORDER BY seq LIMIT ?",
            renderer,
            seq,
            PAGE,
        )
        items = [Revocation(*row) for row in rows]
        if items:
            return items, items[-1].seq
        # A registry that was set back to an older copy counts on from there: a node that is ahead comes back too.
        newest = await self.database.row("SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name='revocations'")
        return [], min(seq, newest[0] if newest else 0)

    async def _revoke(self, transaction: aiosqlite.Connection, which: str, *values: str) -> None:
        """``which`` is one of the conditions above."""
        now = self._clock()
        await transaction.execute("DELETE FROM revocations WHERE revoked_at < ?", (now - KEPT,))
        made = await transaction.execute_fetchall(
            "INSERT INTO revocations (renderer, name, revoked_at) SELECT DISTINCT renderer, name, ? FROM tokens"  # noqa: S608
            f" WHERE {which} AND used_at IS NOT NULL AND ends_at > ? RETURNING seq",
            (now, *values, now),
        )
        for row in made:
            await transaction.execute("INSERT INTO calls (seq, due_at) VALUES (?, ?)", (row[0], now))
        await transaction.execute(f"DELETE FROM tokens WHERE {which}", values)  # noqa: S608
