"""Works that nodes published for our people."""

from __future__ import annotations

import secrets
from collections.abc import Callable

import aiosqlite
import msgspec

from artdagd_federation_l2.registry.database import Database
from artdagd_federation_l2.registry.errors import Refused
from artdagd_federation_l2.registry.objects import Activity, Shown
from artdagd_federation_l2.registry.renderers import Renderer

KEPT = 30 * 86400.0
"""Seconds that an activity's id is known; nodes send one for three days."""

MOST = 100_000
"""Works of one node."""

ACTIVITIES = 200_000
"""Activities of one node whose ids are known."""

PAGE = 24


class PublishedWork(msgspec.Struct, frozen=True):
    """``name`` is the person's; ``received_at`` in Unix seconds."""

    id: str
    name: str
    received_at: float
    shown: Shown


class Works:
    """Each activity counts once, with what it does or not at all."""

    def __init__(self, database: Database, clock: Callable[[], float]) -> None:
        self._database = database
        self._clock = clock

    async def put(self, activity: Activity, name: str, shown: Shown) -> str:
        """A work, new or changed; its id. Raises Refused if ``name`` has not approved the node, or is nobody's, and
        for a work that was taken back."""
        async with self._database.writing() as transaction:
            known = await _one(transaction, "SELECT id, name FROM works WHERE object = ?", shown.object)
            if not await self._first(transaction, activity, shown.renderer) and known:
                return str(known["id"])
            await self._check(transaction, name, shown)
            if known and known["name"] != name:
                raise Refused(422, "a work stays its person's")
            id_ = known["id"] if known else secrets.token_hex(8)
            await transaction.execute(
                "INSERT INTO works (id, object, renderer, name, shown, received_at) VALUES (?, ?, ?, ?, ?, ?)"
                " ON CONFLICT (object) DO UPDATE SET shown = excluded.shown",
                (id_, shown.object, shown.renderer, name, msgspec.json.encode(shown).decode(), self._clock()),
            )
        return str(id_)

    async def take_back(self, activity: Activity, object_: str, renderer: Renderer) -> None:
        """A node's own work goes, also one that has yet to come: a ``Create`` may be on its way."""
        async with self._database.writing() as transaction:
            if not await self._first(transaction, activity, renderer.url):
                return
            await transaction.execute(
                "INSERT OR IGNORE INTO gone (object, work, gone_at)"
                " VALUES (?, (SELECT id FROM works WHERE object = ?), ?)",
                (object_, object_, self._clock()),
            )
            await transaction.execute("DELETE FROM works WHERE object = ?", (object_,))

    async def get(self, id_: str) -> PublishedWork:
        """Raises Refused: 410 for one that was taken back, 404 for none."""
        found = await self._database.rows(_SELECT + " WHERE id = ?", id_)
        if found:
            return _work(found[0])
        if await self._database.row("SELECT 1 FROM gone WHERE work = ?", id_):
            raise Refused(410, "this work was taken back")
        raise Refused(404, "there is no such work here")

    async def newest(self, page: int = 1, *, name: str | None = None, size: int = PAGE) -> list[PublishedWork]:
        """A page of works, newest first; of one person, if ``name`` is given."""
        rows = await self._database.rows(
            _SELECT + " WHERE ?1 IS NULL OR name = ?1 ORDER BY received_at DESC, id LIMIT ?2 OFFSET ?3",
            *(name, size, (page - 1) * size),
        )
        return [_work(row) for row in rows]

    async def count(self, name: str | None = None) -> int:
        found = await self._database.row("SELECT count(*) FROM works WHERE ?1 IS NULL OR name = ?1", name)
        return int(found[0]) if found else 0

    async def _check(self, transaction: aiosqlite.Connection, name: str, shown: Shown) -> None:
        if await _one(transaction, "SELECT 1 FROM gone WHERE object = ?", shown.object):
            raise Refused(409, "this work was taken back: publish it under another id")
        if not await _one(transaction, "SELECT 1 FROM people WHERE name = ? AND removed_at IS NULL", name):
            raise Refused(422, f"there is no {name[:100]!r} here")
        approved = "SELECT 1 FROM approvals WHERE name = ? AND renderer = ?"
        if not await _one(transaction, approved, name, shown.renderer):
            raise Refused(403, f"{name} has not approved {shown.renderer}: they have to attach to it first")
        full = await _one(transaction, "SELECT count(*) >= ? FROM works WHERE renderer = ?", MOST, shown.renderer)
        if full and full[0]:
            raise Refused(429, f"this node has {MOST} works here, the most that one may have", retry_after=3600)

    async def _first(self, transaction: aiosqlite.Connection, activity: Activity, renderer: str) -> bool:
        """Whether the activity is met for the first time; it is noted."""
        now = self._clock()
        await transaction.execute("DELETE FROM activities WHERE received_at < ?", (now - KEPT,))
        await transaction.execute("DELETE FROM gone WHERE work IS NULL AND gone_at < ?", (now - KEPT,))
        full = await _one(transaction, "SELECT count(*) >= ? FROM activities WHERE renderer = ?", ACTIVITIES, renderer)
        if full and full[0]:
            raise Refused(429, f"this node has sent {ACTIVITIES} activities in 30 days", retry_after=3600)
        added = await transaction.execute(
            "INSERT OR IGNORE INTO activities (id, renderer, received_at) VALUES (?, ?, ?)",
            (activity.id, renderer, now),
        )
        return bool(added.rowcount)


_SELECT = "SELECT id, name, received_at, shown FROM works"


async def _one(transaction: aiosqlite.Connection, sql: str, *values: object) -> aiosqlite.Row | None:
    async with transaction.execute(sql, values) as found:
        return await found.fetchone()


def _work(row: aiosqlite.Row) -> PublishedWork:
    return PublishedWork(row["id"], row["name"], row["received_at"], msgspec.json.decode(row["shown"], type=Shown))


def of_node(work: PublishedWork, known: list[Renderer]) -> Renderer | None:
    """The node that published a work, if it is still registered."""
    return next((one for one in known if one.url == work.shown.renderer), None)
