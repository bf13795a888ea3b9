"""The connections of the listener: HTTP/1.1 by Hypercorn, no more of them than the node has room for."""

from __future__ import annotations

import asyncio
import contextlib
import resource
from typing import Any

import msgspec
from hypercorn.app_wrappers import ASGIWrapper
from hypercorn.asyncio.tcp_server import TCPServer
from hypercorn.asyncio.worker_context import EventWrapper, WorkerContext
from hypercorn.config import Config
from hypercorn.events import Closed, Event
from hypercorn.protocol.h11 import H11Protocol

from artdagd.api.app import App
from artdagd.api.problems import MEDIA_TYPE, Problem, slug
from artdagd.errors import Unavailable

MOST = 4096
"""Connections at once."""

SPARE = 64
"""File descriptors that the node needs besides; a connection needs one, and another for the file that it moves."""

KEPT = 32
"""File descriptors that connections leave free, or a quarter of what the process may have: for files, the database, and
workers that join. ZeroMQ 4.3.5 ends the process where one connects and there is none."""

FEWEST = 8
"""Connections at once, however few descriptors the process may have."""

REFUSING = 64
"""Connections at once, and as many as are served, that are told that there are too many; more are cut off."""

PATIENCE = 1.0
"""Seconds in which one that is refused may take its answer."""

RETRY_AFTER = 5


class Connections:
    """Serves ``app`` on each connection that :meth:`meet` is given, until :meth:`close`."""

    def __init__(self, app: App, config: Config, most: int | None = None) -> None:
        self._app = ASGIWrapper(app)
        self._config = config
        self._most = most or room()
        self._context = WorkerContext(None)
        self._serving: set[asyncio.Task[Any]] = set()
        self._refusing: set[asyncio.Task[Any]] = set()

    def __len__(self) -> int:
        """How many are served."""
        return len(self._serving)

    async def meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """A new connection: serve it to its end, or say that there are too many."""
        task = asyncio.current_task()
        assert task is not None
        left, kept = _left(writer)
        if len(self._serving) < self._most and left > kept:
            kind, work = self._serving, Http1(self._app, self._config, self._context, reader, writer).run()
        elif len(self._refusing) < min(REFUSING, self._most) and left > kept * 3 // 4:
            kind, work = self._refusing, _refuse(reader, writer)
        else:
            writer.transport.abort()
            return
        kind.add(task)
        task.add_done_callback(kind.discard)
        await work

    async def close(self, patience: float) -> None:
        """Let answers in flight finish for ``patience`` seconds, then cut them."""
        await self._context.terminated.set()
        tasks = self._serving | self._refusing
        if tasks:
            await asyncio.wait(tasks, timeout=patience)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class Http1(TCPServer):
    """One connection."""

    def __init__(
        self,
        app: ASGIWrapper,
        config: Config,
        context: WorkerContext,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        super().__init__(app, asyncio.get_running_loop(), config, context, {}, reader, writer)

    async def protocol_send(self, event: Event) -> None:
        await super().protocol_send(event)
        if isinstance(event, Closed):
            await self.protocol.handle(event)

    async def _read_data(self) -> None:
        made = self.protocol
        self.protocol.protocol = Protocol(
            made.app, made.config, made.context, made.task_group, made.state, made.ssl, made.client, made.server,
            made.send,
        )  # fmt: skip
        # What answers a request is told of the end, and comes to its own.
        with contextlib.suppress(ConnectionResetError):
            await super()._read_data()
        # Hypercorn 0.18 waits for this one, for as long as a client may be idle.
        await self.idle_task.stop()


class Protocol(H11Protocol):
    """HTTP/1.1 alone. A reader that stalls a stream of HTTP/2 acknowledges at the level of TCP, and would never be cut
    off; proxies speak HTTP/1.1 to what is behind them."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.can_read: Turn = Turn()

    async def handle(self, event: Event) -> None:
        await super().handle(event)
        if isinstance(event, Closed):
            await self.can_read.give_up()

    async def _check_protocol(self, event: object) -> None:
        """There is none to change to."""


class Turn(EventWrapper):
    """What a request waits for that came before the answer to the one ahead of it was sent.

    Hypercorn 0.18 leaves it waiting, and its connection open, when the one ahead is never answered.
    """

    _never = False

    async def give_up(self) -> None:
        """The turn won't come: whoever waits gets ConnectionResetError."""
        self._never = True
        await self.set()

    async def wait(self) -> None:
        if not self._never:
            await super().wait()
        if self._never:
            raise ConnectionResetError


def room() -> int:
    """How many connections the process has file descriptors for."""
    descriptors, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return max(FEWEST, min(MOST, (descriptors - SPARE) // 2))


def _left(writer: asyncio.StreamWriter) -> tuple[int, int]:
    """How many descriptors are free, at least, and how many should be: the kernel gave a connection the lowest."""
    soft = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return soft - writer.get_extra_info("socket").fileno(), min(KEPT, soft // 4)


def widen() -> None:
    """Have the file descriptors for ``MOST`` connections, if the system lets us."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 2 * MOST + SPARE
    if soft < wanted:
        wanted = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))


async def _refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    # What was sent has to be read: a connection that is closed on unread bytes is reset, and nobody reads the answer.
    with contextlib.suppress(OSError, TimeoutError):
        writer.write(_full())
        writer.write_eof()
        async with asyncio.timeout(PATIENCE):
            while await reader.read(1 << 16):
                pass
    writer.transport.abort()


def _full() -> bytes:
    title = Unavailable.title
    body = msgspec.json.encode(
        Problem(f"/docs#{slug(title)}", title, 503, "this node has as many connections as it takes", "Try again later.")
    )
    head = (
        "HTTP/1.1 503 Service Unavailable",
        f"Content-Type: {MEDIA_TYPE}",
        f"Content-Length: {len(body)}",
        f"Retry-After: {RETRY_AFTER}",
        "Connection: close",
    )
    return "".join(f"{line}\r\n" for line in head).encode() + b"\r\n" + body
