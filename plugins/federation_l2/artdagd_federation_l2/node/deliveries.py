"""Sends what is queued, until it is taken or has failed for good.

A message is sent at least once: how it ended is written after the answer, so that a daemon that is killed between the
two sends it again, with the same id, and a receiver takes an id once. After a 2xx that was written it is never sent
again.
"""

from __future__ import annotations

import asyncio
import heapq
import logging
import random
import time
from collections import deque
from collections.abc import Iterable
from typing import Any

import msgspec

from artdagd.hooks import NodeAccess, OutboundAnswer, OutboundFailed, OutboundRefused
from artdagd_federation_l2.node.addresses import ADDRESS_MAX, origin
from artdagd_federation_l2.node.publications import PAGE
from artdagd_federation_l2.node.queue import ACTIVITY, DONE, QUEUE, Message, read
from artdagd_federation_l2.node.sending import ACTIVITY as MEDIA_TYPE
from artdagd_federation_l2.node.sending import Sender, retry_after

log = logging.getLogger(__name__)

AT_ONCE = 8
"""Messages that are on their way at once, one of them to each server."""

SECONDS = 10.0
FIRST_PAUSE = 2.0
LONGEST_PAUSE = 3 * 3600.0
GIVEN_UP = 3 * 86400.0
"""Seconds after which a message that nobody took has failed."""

AGAIN = frozenset({401, 403, 404, 408, 410, 429})
"""Answers from 400 to 499 that may be others later."""

Lane = tuple[str, str]
"""Subject and target: messages with the same go one after the other."""


class _Ended(msgspec.Struct, frozen=True):
    """What came of sending. ``again`` is the least pause, None if it shall not be tried again."""

    taken: bool
    error: str | None = None
    again: float | None = None
    location: str = ""


class Deliveries:
    """The queue at work. ``start`` reads it from the durable values."""

    def __init__(self, node: NodeAccess, sender: Sender) -> None:
        self._state = node.state
        self._server: str = node.settings.server
        self._sender = sender
        self._lanes: dict[Lane, deque[str]] = {}
        self._due: list[tuple[float, Lane]] = []
        self._busy: dict[str, deque[Lane]] = {}
        self._unwritten: dict[str, tuple[dict[str, Any], Any]] = {}
        self._sending: set[asyncio.Task[None]] = set()
        self._news = asyncio.Event()

    async def load(self) -> None:
        """Take up what was left by an earlier process."""
        self.add([message async for _, message in read(self._state, QUEUE)])

    def add(self, messages: Iterable[Message]) -> None:
        """Send these, which are in the durable values already, when they are due."""
        for message in messages:
            lane = (message.subject, message.target)
            waiting = self._lanes.get(lane)
            if waiting is None:
                self._lanes[lane] = waiting = deque()
                heapq.heappush(self._due, (message.next_at, lane))
            key = f"{QUEUE}{message.place}"
            if key not in waiting:
                waiting.append(key)
        self._news.set()

    async def run(self) -> None:
        """Until it is cancelled; what is on its way then is given up, and sent again at the next start."""
        try:
            while True:
                self._news.clear()
                self._send_due()
                wait = self._due[0][0] - time.time() if self._due and len(self._sending) < AT_ONCE else None
                try:
                    async with asyncio.timeout(None if wait is None else max(0.0, wait)):
                        await self._news.wait()
                except TimeoutError:
                    pass
        finally:
            for task in self._sending:
                task.cancel()
            await asyncio.gather(*self._sending, return_exceptions=True)

    def _send_due(self) -> None:
        while self._due and self._due[0][0] <= time.time() and len(self._sending) < AT_ONCE:
            _, lane = heapq.heappop(self._due)
            server = origin(lane[1])
            if server in self._busy:
                self._busy[server].append(lane)
                continue
            self._busy[server] = deque()
            task = asyncio.create_task(self._send_first(lane, server))
            self._sending.add(task)
            task.add_done_callback(self._sending.discard)

    async def _send_first(self, lane: Lane, server: str) -> None:
        """Send the first message of a lane, and say when the lane is due next."""
        waiting = self._lanes[lane]
        again: float | None = time.time() + FIRST_PAUSE
        try:
            again = await self._sent(waiting[0])
        except Exception:
            log.exception("a message could not be sent")
        for one in self._busy.pop(server):
            heapq.heappush(self._due, (0.0, one))
        if again is None:
            waiting.popleft()
            again = 0.0
        if waiting:
            heapq.heappush(self._due, (again, lane))
        else:
            del self._lanes[lane]
        self._news.set()

    async def _sent(self, key: str) -> float | None:
        """When to try again; None if the message has ended, or was taken back."""
        if key not in self._unwritten:
            row = await self._state.get(key)
            if row is None:
                return None
            message = msgspec.convert(row, Message)
            if message.next_at > time.time():
                return message.next_at
            document = await self._state.get(f"{ACTIVITY}{message.activity}")
            ended = await self._posted(message, document) if document else _Ended(taken=False, error="it is gone")
            # Kept until it is written: a database that fails now must not make it be sent again.
            self._unwritten[key] = self._changes(key, message, ended), row
        changes, row = self._unwritten[key]
        await self._state.write(changes, expect={key: row})
        del self._unwritten[key]
        left = changes[key]
        return None if left is None else float(left["next_at"])

    async def _posted(self, message: Message, document: Any) -> _Ended:
        body = msgspec.json.encode(document)
        try:
            answer = await self._sender.send(
                "POST", message.target, body, takes=f"{MEDIA_TYPE}, application/json", gives=MEDIA_TYPE, seconds=SECONDS
            )
        except (OutboundFailed, OutboundRefused) as error:
            return _Ended(taken=False, error=str(error), again=0.0)
        except ValueError as error:
            return _Ended(taken=False, error=str(error))
        if 200 <= answer.status < 300:
            return _Ended(taken=True, location=self._page(message, answer))
        said = f"{origin(message.target)} answered {answer.status}"
        if 400 <= answer.status < 500 and answer.status not in AGAIN:
            return _Ended(taken=False, error=said)
        return _Ended(
            taken=False, error=said, again=retry_after(answer.headers, 0) if "retry-after" in answer.headers else 0.0
        )

    def _page(self, message: Message, answer: OutboundAnswer) -> str:
        """The registry's page of a work: what else would it send a reader to?"""
        found = answer.headers.get("location", "")
        ours = message.target == f"{self._server}/inbox" and origin(found) == self._server
        return found if ours and message.kept and len(found) <= ADDRESS_MAX else ""

    def _changes(self, key: str, message: Message, ended: _Ended) -> dict[str, Any]:
        """What to write of a message that was sent."""
        attempts, now = message.attempts + 1, time.time()
        if not ended.taken and ended.again is not None:
            pause = min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** min(attempts - 1, 20)) * random.uniform(0.75, 1.25)  # noqa: S311
            due = now + max(pause, ended.again)
            if due < message.queued_at + GIVEN_UP:
                left = msgspec.structs.replace(message, attempts=attempts, error=ended.error, next_at=due)
                return {key: msgspec.to_builtins(left)}
        if not message.kept:
            return {key: None, f"{ACTIVITY}{message.activity}": None}
        state = "delivered" if ended.taken else "failed"
        done = msgspec.structs.replace(message, attempts=attempts, error=ended.error, state=state)
        changes: dict[str, Any] = {key: None, f"{DONE}{message.place}": msgspec.to_builtins(done)}
        if ended.location:
            changes[f"{PAGE}{message.subject}"] = ended.location
        return changes
