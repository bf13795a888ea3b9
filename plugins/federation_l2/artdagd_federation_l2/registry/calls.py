"""Telling nodes what has ended: a durable queue, tried again with growing pauses until they have heard it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections import defaultdict
from collections.abc import Callable, Coroutine

import aiosqlite
import msgspec

from artdagd.hooks import Outbound, OutboundFailed, OutboundRefused
from artdagd_federation_l2.registry.database import Database
from artdagd_federation_l2.registry.endings import Endings
from artdagd_federation_l2.registry.errors import Refused
from artdagd_federation_l2.registry.peers import Peers
from artdagd_federation_l2.registry.renderers import Renderers
from artdagd_federation_l2.signatures import SignatureRefused, SigningKey, signed_headers

LONGEST = 86_400.0
"""Seconds after which a node is told no more; it may still ask."""

PAUSE_MAX = 600.0
LOOK = 1.0
"""Seconds between two looks at the queue, into which ``artdag-registry user remove`` writes from outside."""

AT_ONCE = 20
NAMES = "names"
NAMING = 60.0
"""Seconds between two tries to learn what a node calls itself."""

log = logging.getLogger("artdag.registry")


class Calls:
    """Calls nodes side by side, so that one that is slow holds up no other."""

    def __init__(
        self,
        database: Database,
        endings: Endings,
        renderers: Renderers,
        peers: Peers,
        outbound: Outbound,
        key: SigningKey,
        clock: Callable[[], float],
    ) -> None:
        self._database = database
        self._endings = endings
        self._renderers = renderers
        self._peers = peers
        self._outbound = outbound
        self._key = key
        self._clock = clock
        self._busy: dict[str, asyncio.Task[None]] = {}
        self._named = -NAMING

    async def run(self) -> None:
        """Until it is cancelled."""
        try:
            while True:
                self._endings.told.clear()
                try:
                    await self._begin()
                except aiosqlite.Error:
                    log.exception("the queue of calls to nodes can't be read; it is tried again")
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._endings.told.wait(), LOOK)
        finally:
            for task in self._busy.values():
                task.cancel()
            await asyncio.gather(*self._busy.values(), return_exceptions=True)

    async def _begin(self) -> None:
        # As of before the look: what a call has changed since is not in what is read.
        busy = set(self._busy)
        rows = await self._database.rows(
            "SELECT seq, renderer, name, tries, revoked_at FROM calls JOIN revocations USING (seq)"
            " WHERE due_at <= ? ORDER BY seq LIMIT 1000",
            self._clock(),
        )
        due: dict[str, list[aiosqlite.Row]] = defaultdict(list)
        for row in rows:
            due[row["renderer"]].append(row)
        for renderer, its in due.items():
            if renderer not in busy:
                self._start(renderer, self._tell(its[:AT_ONCE]))
        if time.monotonic() - self._named >= NAMING and NAMES not in self._busy:
            self._named = time.monotonic()
            self._start(NAMES, self._learn_names())

    def _start(self, key: str, work: Coroutine[None, None, None]) -> None:
        task = self._busy[key] = asyncio.create_task(work, name=f"call {key}")
        task.add_done_callback(lambda done: self._ended(key, done))

    def _ended(self, key: str, done: asyncio.Task[None]) -> None:
        self._busy.pop(key, None)
        if not done.cancelled() and done.exception():
            log.error("calling %s failed", key, exc_info=done.exception())

    async def _tell(self, calls: list[aiosqlite.Row]) -> None:
        """One after the other, up to the first that is not taken: then the node is away, for all of them."""
        for call in calls:
            if not await self._told(call["renderer"], call["name"]):
                await self._put_off(call)
                return
            async with self._database.writing() as transaction:
                await transaction.execute("DELETE FROM calls WHERE seq = ?", (call["seq"],))

    async def _told(self, renderer: str, name: str) -> bool:
        url = f"{renderer}/auth/revoke-user"
        body = msgspec.json.encode({"username": name})
        headers = signed_headers("POST", url, body, self._key, scheme="rfc9421", now=self._clock())
        try:
            answer = await self._outbound.request(
                "POST", url, headers={**headers, "Content-Type": "application/json"}, body=body
            )
        except (OutboundFailed, OutboundRefused) as error:
            log.warning("%s could not be told that somebody signed out: %s", renderer, error)
            return False
        if answer.status != 200:
            log.warning("%s answered %d when told that somebody signed out", renderer, answer.status)
        return answer.status == 200

    async def _put_off(self, call: aiosqlite.Row) -> None:
        now = self._clock()
        pause = min(PAUSE_MAX, 2.0 ** min(call["tries"], 20))
        async with self._database.writing() as transaction:
            if now + pause > call["revoked_at"] + LONGEST:
                log.error(
                    "%s was not to be told for a day that somebody signed out; it may still ask", call["renderer"]
                )
                await transaction.execute("DELETE FROM calls WHERE seq = ?", (call["seq"],))
                return
            # All that wait for this node: each would find it away.
            await transaction.execute(
                "UPDATE calls SET tries = tries + 1, due_at = ? WHERE seq IN"
                " (SELECT seq FROM revocations WHERE renderer = ?)",
                (now + pause, call["renderer"]),
            )

    async def _learn_names(self) -> None:
        for renderer in await self._renderers.nameless():
            with contextlib.suppress(Refused, SignatureRefused):
                await self._peers.key(renderer)
