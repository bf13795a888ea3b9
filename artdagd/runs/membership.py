"""This node among those on its database: who it is, that it is alive, and when it may take what another had."""

from __future__ import annotations

import asyncio
import logging
import secrets
import socket
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec

from artdagd.database import Database
from artdagd.database.nodes import NodeRow, Standing
from artdagd.errors import ConfigError
from artdagd.hooks import kept_secret
from artdagd.plans.cache_ids import cluster_digest

log = logging.getLogger(__name__)

BEATS = 7
"""Heartbeats in the time of a lease; as often a node looks for what became of its runs, and for those of dead nodes."""

LONGEST_PAUSE = 2.0
"""Seconds between two heartbeats at most."""

SETTLING = 3
"""Pauses that a node waits, when it can reach the database again, before it takes others' runs: they could not reach it
either, and are given time to say that they are alive."""

Look = Callable[[], Awaitable[None]]


class NodeView(msgspec.Struct, frozen=True, kw_only=True):
    """A node on this database. ``this`` is the one that answers; ``shares`` tells whether its results are ours, too.

    ``state`` is ``up``, ``silent`` (it died, or can't reach the database) or ``stopped``; ``silent`` is seconds since
    it was last heard of, ``runs`` counts unfinished ones.
    """

    node_id: str
    name: str
    url: str
    version: str
    state: str
    started_at: str
    silent: float
    runs: int
    this: bool
    shares: bool


class Membership:
    """``lease`` is how many seconds this node may be silent before others take its runs. ``file`` holds its id.

    Where no other node can be on the database (SQLite) nothing is written but that this node started.
    """

    def __init__(self, database: Database, file: Path, cluster_key: str, lease: float, version: str) -> None:
        self._database = database
        self._file = file
        self._key = cluster_key
        self._lease = lease
        self._version = version
        self._pause = min(LONGEST_PAUSE, lease / BEATS)
        self._tasks: list[asyncio.Task[None]] = []
        self._steady = -float("inf")
        self._heard = 0.0
        self.alone = database.nodes.alone
        self.url = ""
        self.others = 0
        """How many other nodes there are that share results with this one."""
        self.fenced = False
        """Whether another process has joined as this node: then nothing is ours any more."""

    async def join(self) -> None:
        """Be one of the nodes. Raises ConfigError."""
        try:
            self.node_id = kept_secret(self._file, lambda: secrets.token_hex(8).encode()).decode(errors="replace")
        except OSError as error:
            raise ConfigError(f"can't use {self._file}: {error.strerror}") from None
        if not (self.node_id.isascii() and self.node_id.isalnum() and len(self.node_id) <= 32):
            raise ConfigError(f"{self._file} holds no node's id", advice="Delete it; the next start writes a new one.")
        row = NodeRow(
            node_id=self.node_id,
            name=socket.gethostname(),
            version=self._version,
            domain=cluster_digest(self._key),
        )
        kept = await self._database.nodes.join(row, self._lease, cluster_digest(self._own_key))
        self.epoch, self.domain = kept.epoch, kept.domain
        self._heard = time.monotonic()
        if not self.alone:
            self.others = await self._database.nodes.others(self.node_id, self.domain)
            self._tasks.append(asyncio.create_task(self._beat()))

    @property
    def key(self) -> str:
        """What stands for the cluster key in cache ids. Without one the first node on a database has none, as ever; any
        other has one of its own, and so shares with nobody."""
        return self._key or (self._own_key if self.domain else "")

    @property
    def may_take(self) -> bool:
        """Whether silence of others is theirs, and not this node's own."""
        now = time.monotonic()
        return now - self._heard < self._lease / 2 and now - self._steady > SETTLING * self._pause

    def watch(self, look: Look) -> None:
        """Call ``look`` again and again, where there may be other nodes."""
        if not self.alone:
            self._tasks.append(asyncio.create_task(self._watch(look)))

    async def nodes(self) -> list[NodeView]:
        return [self._view(one) for one in await self._database.nodes.all()]

    async def close(self) -> None:
        """Watch no more, and be silent."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def leave(self) -> None:
        """What is still this node's is free for others at once."""
        await self.close()
        try:
            await self._database.nodes.leave(self.node_id, self.epoch)
        except Exception as error:
            log.warning("can't tell other nodes that this one stops; they will see in %g s: %s", self._lease, error)

    @property
    def _own_key(self) -> str:
        return f"node {self.node_id}"

    async def _beat(self) -> None:
        while not self.fenced:
            await asyncio.sleep(self._pause)
            try:
                self.fenced = not await self._database.nodes.beat(self.node_id, self.epoch, self.url, self._lease)
                self.others = await self._database.nodes.others(self.node_id, self.domain)
            except Exception as error:
                log.warning("can't tell other nodes that this one is alive: %s", error)
                continue
            now = time.monotonic()
            if now - self._heard > self._lease / 2:
                self._steady = now
            self._heard = now
        log.critical(
            "another daemon joined as node %s: it has a copy of %s. This one gives its runs up; stop it, delete that "
            "file in one of the two homes, and start it again",
            self.node_id,
            self._file,
        )

    async def _watch(self, look: Look) -> None:
        while True:
            await asyncio.sleep(self._pause)
            try:
                await look()
            except Exception as error:
                log.warning("can't look for runs of other nodes: %s", error)

    def _view(self, one: Standing) -> NodeView:
        this = one.node_id == self.node_id
        return NodeView(
            node_id=one.node_id,
            name=one.name,
            url=self.url if this else one.url,
            version=one.version,
            state="up" if one.alive or (this and self.alone) else "stopped" if one.left else "silent",
            started_at=one.started_at,
            silent=0.0 if this and self.alone else max(one.silent, 0.0),
            runs=one.runs,
            this=this,
            shares=one.domain == self.domain,
        )
