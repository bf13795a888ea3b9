"""Nodes on this database: who they are, and until when the others let them keep what is theirs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from sqlalchemy import and_, delete, func, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from artdagd.database.clock import now
from artdagd.database.moment import moment
from artdagd.database.rows import from_row, upsert
from artdagd.database.runs import ENDED
from artdagd.database.tables import nodes, runs, turns

if TYPE_CHECKING:
    from artdagd.database.engine import Database

LEFT = 0.0
"""``expires`` of a node that stopped by itself: what it had is free at once."""

FORGOTTEN = 30 * 86400.0
"""Seconds of silence after which a node that has no runs is forgotten."""

JOIN_LOCK = 0x6E6F6465
"""Key of the PostgreSQL advisory lock under which one node joins at a time."""


class NodeRow(msgspec.Struct, frozen=True, kw_only=True):
    """A node. ``epoch`` counts its starts. ``domain`` is the digest of its trust domain, as it stands in cache ids.

    ``founder``: of the nodes without a cluster key on this database, the first, whose domain is the empty one.
    """

    node_id: str
    name: str
    url: str = ""
    version: str = ""
    domain: str = ""
    founder: bool = False
    epoch: int = 1
    started_at: str = msgspec.field(default_factory=now)


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """A node as others see it: ``silent`` seconds since its last heartbeat, ``runs`` unfinished ones of its own."""

    node_id: str
    name: str
    url: str
    version: str
    domain: str
    started_at: str
    silent: float
    alive: bool
    left: bool
    runs: int


class Nodes:
    def __init__(self, database: Database) -> None:
        self._database = database

    @property
    def alone(self) -> bool:
        """Whether no other node can be on this database: a SQLite file is one node's."""
        return self._database.engine.dialect.name == "sqlite"

    async def join(self, row: NodeRow, lease: float, own_domain: str) -> NodeRow:
        """Be a node from now on, for ``lease`` seconds at first; the row as it is kept, with its next epoch.

        A node whose domain is empty gets ``own_domain`` if another is the founder. What it was making when it was last
        here is anybody's.
        """

        async def work(connection: AsyncConnection) -> NodeRow:
            if connection.dialect.name == "postgresql":
                await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": JOIN_LOCK})
            await _forget(connection)
            mine = nodes.c.node_id == row.node_id
            before = (await connection.execute(select(nodes).where(mine))).mappings().first()
            founders = select(nodes.c.node_id).where(nodes.c.founder, nodes.c.node_id != row.node_id)
            other = (await connection.execute(founders)).first() is not None
            founder = bool(before and before["founder"])
            domain = row.domain
            if not domain:
                founder = founder or self.alone or not (other or (before and before["domain"] == own_domain))
                domain = "" if founder else own_domain
            kept = msgspec.structs.replace(
                row, domain=domain, founder=founder, epoch=before["epoch"] + 1 if before else 1
            )
            values = {**msgspec.structs.asdict(kept), "heartbeat": LEFT, "expires": LEFT}
            await upsert(connection, nodes, [values])
            await connection.execute(update(nodes).where(mine).values(heartbeat=moment(), expires=moment() + lease))
            await connection.execute(delete(turns).where(turns.c.node_id == row.node_id))
            return kept

        return await self._database.write(work)

    async def beat(self, node_id: str, epoch: int, url: str, lease: float) -> bool:
        """Be alive for ``lease`` seconds more. False if this node is not there, or was started again elsewhere."""
        where = and_(nodes.c.node_id == node_id, nodes.c.epoch == epoch)
        values = {"heartbeat": moment(), "expires": moment() + lease, "url": url}

        async def work(connection: AsyncConnection) -> bool:
            return (await connection.execute(update(nodes).where(where).values(values))).rowcount == 1

        return await self._database.write(work)

    async def others(self, node_id: str, domain: str) -> int:
        """How many other nodes of the trust domain are alive."""
        where = and_(nodes.c.node_id != node_id, nodes.c.domain == domain, nodes.c.expires > moment())

        async def work(connection: AsyncConnection) -> int:
            return int((await connection.execute(select(func.count()).select_from(nodes).where(where))).scalar_one())

        return await self._database.read(work)

    async def leave(self, node_id: str, epoch: int) -> None:
        """Leave what is this node's to the others, at once."""
        where = and_(nodes.c.node_id == node_id, nodes.c.epoch == epoch)

        async def work(connection: AsyncConnection) -> None:
            await connection.execute(update(nodes).where(where).values(expires=LEFT))
            await connection.execute(delete(turns).where(turns.c.node_id == node_id, turns.c.epoch == epoch))

        await self._database.write(work)

    async def all(self) -> list[Standing]:
        """Every node that is known, by name."""
        unfinished = (
            select(runs.c.node_id, func.count().label("runs"))
            .where(runs.c.status.not_in(ENDED))
            .group_by(runs.c.node_id)
            .subquery()
        )
        query = (
            select(
                nodes,
                (moment() - nodes.c.heartbeat).label("silent"),
                (nodes.c.expires > moment()).label("alive"),
                (nodes.c.expires == LEFT).label("left"),
                func.coalesce(unfinished.c.runs, 0).label("runs"),
            )
            .outerjoin(unfinished, unfinished.c.node_id == nodes.c.node_id)
            .order_by(nodes.c.name, nodes.c.node_id)
        )

        async def work(connection: AsyncConnection) -> list[Standing]:
            return [from_row(Standing, row) for row in (await connection.execute(query)).mappings()]

        return await self._database.read(work)


async def _forget(connection: AsyncConnection) -> None:
    """Nodes that were silent for long and have nothing, and turns of nodes that are not there."""
    busy = select(runs.c.node_id).where(runs.c.status.not_in(ENDED), runs.c.node_id.is_not(None))
    old = and_(nodes.c.heartbeat < moment() - FORGOTTEN, ~nodes.c.founder, nodes.c.node_id.not_in(busy))
    await connection.execute(delete(nodes).where(old))
    await connection.execute(delete(turns).where(turns.c.node_id.not_in(select(nodes.c.node_id))))
