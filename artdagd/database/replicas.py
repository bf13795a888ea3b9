"""Which provider has, or is owed, a copy of which blob: the durable queue of replication. One row for each of both.

A row whose ``due_at`` is set is work: to save (``pending``, ``failed``) or to delete (``deleting``). Whoever does it
takes a lease first; what is asked for meanwhile waits until that ends, so that a save and a delete never cross.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Any, Literal

import msgspec
from sqlalchemy import ColumnElement, and_, delete, func, or_, select, true, update
from sqlalchemy.ext.asyncio import AsyncConnection

from artdagd.database.clock import now
from artdagd.database.rows import batches, from_row, insert, insert_new
from artdagd.database.tables import providers, replicas

if TYPE_CHECKING:
    from artdagd.database.engine import Database

State = Literal["pending", "replicated", "failed", "deleting"]

FULL = "full"
"""The error of a copy for which a provider's capacity has no room."""

LONGEST = 3600.0
"""Seconds from now that a row may be due at most: one that is due later was written by a clock that was wrong."""

OVERDUE = 600.0
"""Seconds after which what another node left undone is anybody's who has the file."""

WOKEN = 32
"""Copies that are tried again when something was deleted at a provider that was full."""

_TO_SAVE = ("pending", "failed")


class Replica(msgspec.Struct, frozen=True, kw_only=True):
    """A copy of ``cid`` (``size`` bytes) at a provider, and how far it got; ``updated_at`` is when it became so.

    ``node`` is whose work it is, ``due_at`` (seconds since 1970) when to try, None for nothing to do; ``lease`` until
    when somebody is at it. ``spoiled``: the copy there is wrong and is to be replaced.
    """

    cid: str
    provider_id: str
    node: str
    size: int
    state: State = "pending"
    spoiled: bool = False
    attempts: int = 0
    due_at: float | None = msgspec.field(default_factory=time.time)
    lease: float | None = None
    error: str | None = None
    updated_at: str = msgspec.field(default_factory=now)


class Tally(msgspec.Struct, frozen=True):
    """Of one provider: copies it has and their bytes, copies it is owed, those of them that failed, and how."""

    blobs: int = 0
    bytes: int = 0
    owed: int = 0
    failing: int = 0
    last_error: str | None = None


class Replicas:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def owe(self, rows: list[Replica]) -> None:
        """Add work. A copy that is there stays; one that failed is tried soon, one that is being deleted made again."""

        async def work(connection: AsyncConnection) -> None:
            new = insert(connection, replicas)
            anew = {name: new.excluded[name] for name in ("node", "size", "state", "attempts", "error", "updated_at")}
            statement = new.on_conflict_do_update(
                index_elements=["cid", "provider_id"],
                set_=anew | {"due_at": func.coalesce(replicas.c.lease, new.excluded.due_at)},
                # Not IN: its list would be expanded, which rows by the dozen forbid.
                where=or_(replicas.c.state == "failed", replicas.c.state == "deleting"),
            )
            await connection.execute(statement, [msgspec.structs.asdict(row) for row in rows])

        if rows:
            await self._database.write(work)

    async def add_new(self, rows: list[Replica]) -> int:
        """Add work that is not known yet; returns how much was new."""

        async def work(connection: AsyncConnection) -> int:
            return await insert_new(connection, replicas, [msgspec.structs.asdict(row) for row in rows])

        return await self._database.write(work) if rows else 0

    async def of(self, cids: Collection[str]) -> list[Replica]:
        """The rows of these blobs."""

        async def work(connection: AsyncConnection) -> list[Replica]:
            found = []
            for batch in batches(cids):
                rows = await connection.execute(select(replicas).where(replicas.c.cid.in_(batch)))
                found += [from_row(Replica, row) for row in rows.mappings()]
            return found

        return await self._database.read(work) if cids else []

    async def held(self, cids: Collection[str], provider_ids: Collection[str]) -> set[str]:
        """Those of ``cids`` of which one of these providers has a copy."""

        async def work(connection: AsyncConnection) -> set[str]:
            found: set[str] = set()
            for batch in batches(cids):
                at = replicas.c.provider_id.in_(list(provider_ids))
                query = select(replicas.c.cid).where(replicas.c.cid.in_(batch), at, replicas.c.state == "replicated")
                found.update((await connection.execute(query)).scalars())
            return found

        return await self._database.read(work) if cids and provider_ids else set()

    async def claim(
        self,
        provider_id: str,
        node: str,
        limit: int,
        seconds: Callable[[int], float],
        *,
        capacity: int | None = None,
        cid: str | None = None,
    ) -> list[Replica]:
        """Take a lease on up to ``limit`` rows of ``node`` that are due, for ``seconds(size)`` each.

        With ``cid`` on that one, due or not, whosever it is. What ``capacity`` has no room for fails instead.
        """

        async def work(connection: AsyncConnection) -> list[Replica]:
            at = time.time()
            where = [replicas.c.provider_id == provider_id, or_(replicas.c.lease.is_(None), replicas.c.lease < at)]
            where.append(_due(node, at) if cid is None else and_(replicas.c.cid == cid, replicas.c.due_at > 0))
            query = select(replicas).where(*where).order_by(replicas.c.due_at).limit(limit)
            found = [from_row(Replica, row) for row in (await connection.execute(query)).mappings()]
            room = await _room(connection, provider_id, capacity) if found and capacity is not None else None
            taken = []
            for row in found:
                if room is not None and row.state != "deleting":
                    if row.size > room:
                        await _change(connection, row, state="failed", error=FULL, due_at=at + LONGEST, node=node)
                        continue
                    room -= row.size
                mine = msgspec.structs.replace(row, node=node, lease=at + seconds(row.size))
                if await _change(connection, row, node=node, lease=mine.lease, due_at=mine.lease):
                    taken.append(mine)
            return taken

        return await self._database.write(work)

    async def left(self, provider_id: str, node: str, after: str, limit: int) -> list[Replica]:
        """What other nodes should have done long ago, by CID, from the one that follows ``after`` on."""

        async def work(connection: AsyncConnection) -> list[Replica]:
            overdue = and_(replicas.c.node != node, replicas.c.due_at < time.time() - OVERDUE)
            where = and_(replicas.c.provider_id == provider_id, overdue, replicas.c.cid > after)
            query = select(replicas).where(where).order_by(replicas.c.cid).limit(limit)
            return [from_row(Replica, row) for row in (await connection.execute(query)).mappings()]

        return await self._database.read(work)

    async def next_due(self, provider_id: str, node: str) -> float | None:
        """When this node has to look again: seconds since 1970."""

        async def work(connection: AsyncConnection) -> float | None:
            where = and_(replicas.c.provider_id == provider_id, replicas.c.node == node)
            found: float | None = (await connection.execute(select(func.min(replicas.c.due_at)).where(where))).scalar()
            return found

        return await self._database.read(work)

    async def done(self, row: Replica) -> bool:
        """The copy of a leased row was made. False if the lease was lost: then nobody knows of the copy."""
        changes = {"state": "replicated", "spoiled": False, "attempts": 0, "due_at": None, "error": None}
        return await self._end(row, _TO_SAVE, changes)

    async def failed(self, row: Replica, error: str, due_at: float) -> bool:
        """What a leased row asks for could not be done; it is tried again at ``due_at``."""
        states = ("deleting",) if row.state == "deleting" else _TO_SAVE
        changes = {"state": "deleting" if row.state == "deleting" else "failed", "error": error, "due_at": due_at}
        return await self._end(row, states, changes | {"attempts": row.attempts + 1})

    async def forgotten(self, row: Replica) -> bool:
        """The copy of a leased row was deleted, or its blob is nowhere."""

        async def work(connection: AsyncConnection) -> bool:
            states = ("deleting",) if row.state == "deleting" else _TO_SAVE
            gone = await connection.execute(delete(replicas).where(_leased(row), replicas.c.state.in_(states)))
            full = select(replicas.c.cid).where(
                replicas.c.provider_id == row.provider_id, replicas.c.state == "failed", replicas.c.error == FULL
            )
            again = and_(replicas.c.provider_id == row.provider_id, replicas.c.cid.in_(full.limit(WOKEN)))
            await connection.execute(update(replicas).where(again).values(due_at=time.time()))
            return bool(gone.rowcount) or await _release(connection, row)

        return await self._database.write(work)

    async def drop(self, cid: str, node: str, provider_ids: Collection[str] | None = None) -> None:
        """Have the copies of ``cid`` deleted, everywhere or at these providers. What was never sent is forgotten."""

        async def work(connection: AsyncConnection) -> None:
            at = true() if provider_ids is None else replicas.c.provider_id.in_(list(provider_ids))
            where = and_(replicas.c.cid == cid, at)
            unsent = and_(replicas.c.state == "pending", replicas.c.attempts == 0, replicas.c.lease.is_(None))
            await connection.execute(delete(replicas).where(where, unsent, replicas.c.spoiled.is_(False)))
            due = func.coalesce(replicas.c.lease, time.time())
            values = {"state": "deleting", "node": node, "attempts": 0, "updated_at": now()}
            await connection.execute(update(replicas).where(where).values(due_at=due, **values))

        await self._database.write(work)

    async def wrong(self, cid: str, provider_id: str, error: str, *, spoiled: bool) -> None:
        """A copy that was thought to be there is not, or is ``spoiled``.

        One that is to be made anyway is made when it is due: copies that are all wrong would else have each other
        looked for without end.
        """

        async def work(connection: AsyncConnection) -> None:
            where = _copy(cid, provider_id)
            values = {"state": "failed", "error": error, "updated_at": now(), "due_at": time.time()}
            there = and_(where, replicas.c.state == "replicated")
            await connection.execute(update(replicas).where(there).values(spoiled=spoiled, **values))
            if spoiled:
                owed = and_(where, replicas.c.state.in_(_TO_SAVE))
                await connection.execute(update(replicas).where(owed).values(spoiled=True))

        await self._database.write(work)

    async def renew(self, provider_id: str) -> None:
        """A provider keeps its blobs elsewhere, or holds more: whatever it is owed or has is to be seen to anew."""

        async def work(connection: AsyncConnection) -> None:
            where = and_(replicas.c.provider_id == provider_id, replicas.c.state != "deleting")
            due = func.coalesce(replicas.c.lease, time.time())
            values = {"state": "pending", "attempts": 0, "error": None, "updated_at": now()}
            await connection.execute(update(replicas).where(where).values(due_at=due, **values))

        await self._database.write(work)

    async def retry(self, provider_id: str) -> None:
        """Something about a provider was mended: what failed is tried again soon."""

        async def work(connection: AsyncConnection) -> None:
            where = and_(replicas.c.provider_id == provider_id, replicas.c.state == "failed")
            due = func.coalesce(replicas.c.lease, time.time())
            await connection.execute(update(replicas).where(where).values(due_at=due, attempts=0))

        await self._database.write(work)

    async def prune(self) -> None:
        """Forget rows of providers that are in no table. Ids of those that are in none anyway hold a hyphen."""

        async def work(connection: AsyncConnection) -> None:
            known = select(providers.c.provider_id)
            where = and_(replicas.c.provider_id.not_in(known), ~replicas.c.provider_id.contains("-"))
            await connection.execute(delete(replicas).where(where))

        await self._database.write(work)

    async def release(self, node: str) -> None:
        """At the start of a node: nobody is at what it had begun."""

        async def work(connection: AsyncConnection) -> None:
            where = and_(replicas.c.node == node, replicas.c.due_at.is_not(None))
            await connection.execute(update(replicas).where(where).values(lease=None, due_at=time.time()))

        await self._database.write(work)

    async def remove(self, provider_id: str) -> None:
        """Forget all rows of a provider."""

        async def work(connection: AsyncConnection) -> None:
            await connection.execute(delete(replicas).where(replicas.c.provider_id == provider_id))

        await self._database.write(work)

    async def tallies(self) -> dict[str, Tally]:
        """How far the copies of each provider got."""

        async def work(connection: AsyncConnection) -> dict[str, Tally]:
            query = select(
                replicas.c.provider_id, replicas.c.state, func.count(), func.coalesce(func.sum(replicas.c.size), 0)
            ).group_by(replicas.c.provider_id, replicas.c.state)
            found: dict[str, Tally] = {}
            for name, state, count, size in await connection.execute(query):
                so_far = found.get(name, Tally())
                if state == "replicated":
                    so_far = msgspec.structs.replace(so_far, blobs=int(count), bytes=int(size))
                else:
                    failing = so_far.failing + int(count) * (state == "failed")
                    so_far = msgspec.structs.replace(so_far, owed=so_far.owed + int(count), failing=failing)
                found[name] = so_far
            for name, so_far in found.items():
                if so_far.owed:
                    found[name] = msgspec.structs.replace(so_far, last_error=await _last_error(connection, name))
            return found

        return await self._database.read(work)

    async def _end(self, row: Replica, states: tuple[str, ...], changes: dict[str, Any]) -> bool:
        async def work(connection: AsyncConnection) -> bool:
            since = now() if changes["state"] != row.state or changes.get("error") != row.error else row.updated_at
            statement = update(replicas).where(_leased(row), replicas.c.state.in_(states))
            ended = await connection.execute(statement.values(lease=None, updated_at=since, **changes))
            return bool(ended.rowcount) or await _release(connection, row)

        return await self._database.write(work)


def _due(node: str, at: float) -> ColumnElement[bool]:
    return and_(replicas.c.node == node, or_(replicas.c.due_at <= at, replicas.c.due_at > at + 2 * LONGEST))


def _copy(cid: str, provider_id: str) -> ColumnElement[bool]:
    return and_(replicas.c.cid == cid, replicas.c.provider_id == provider_id)


def _leased(row: Replica) -> ColumnElement[bool]:
    return and_(_copy(row.cid, row.provider_id), replicas.c.lease == row.lease)


async def _release(connection: AsyncConnection, row: Replica) -> bool:
    """Give a lease back on a row of which something else is wanted by now. False if it was lost."""
    ended = await connection.execute(update(replicas).where(_leased(row)).values(lease=None, due_at=time.time()))
    return bool(ended.rowcount)


async def _change(connection: AsyncConnection, row: Replica, **values: Any) -> bool:
    """Change a row that is as it was read."""
    lease = replicas.c.lease.is_(None) if row.lease is None else replicas.c.lease == row.lease
    where = (_copy(row.cid, row.provider_id), lease, replicas.c.state == row.state)
    done = await connection.execute(update(replicas).where(*where).values(**values))
    return bool(done.rowcount)


async def _room(connection: AsyncConnection, provider_id: str, capacity: int) -> int:
    """Bytes that a provider may take still. Its row is locked until the claim is made, where the database can."""
    await connection.execute(select(providers.c.seq).where(providers.c.provider_id == provider_id).with_for_update())
    kept = or_(replicas.c.state.in_(("replicated", "deleting")), replicas.c.lease.is_not(None))
    query = select(func.coalesce(func.sum(replicas.c.size), 0)).where(replicas.c.provider_id == provider_id, kept)
    return capacity - int((await connection.execute(query)).scalar_one())


async def _last_error(connection: AsyncConnection, provider_id: str) -> str | None:
    where = and_(replicas.c.provider_id == provider_id, replicas.c.error.is_not(None))
    query = select(replicas.c.error).where(where).order_by(replicas.c.updated_at.desc()).limit(1)
    found: str | None = (await connection.execute(query)).scalar()
    return found
