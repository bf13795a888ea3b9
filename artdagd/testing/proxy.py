"""A TCP proxy that is as bad as a network can be."""

from __future__ import annotations

import asyncio
import math
import socket
import struct
from collections import Counter
from contextlib import suppress
from types import TracebackType
from typing import Literal, get_args

import msgspec

Kind = Literal["delay", "slice", "cut", "reset", "hang", "lie"]
KINDS: tuple[Kind, ...] = get_args(Kind)

_PIECE = 1 << 16
_LINGER_NOT = struct.pack("ii", 1, 0)


class Toxic(msgspec.Struct, frozen=True):
    """What goes wrong with a connection, in one ``direction``, once ``after`` bytes went that way since it was set.

    - ``delay``: every piece waits ``seconds``; ``slice``: bytes come ``piece`` at a time
    - ``cut``: the connection ends in order; ``reset``: it ends with RST; ``hang``: nothing comes any more
    - ``lie``: one bit of the next byte is another one

    ``times`` is the number of connections that it strikes; None is all of them.
    """

    kind: Kind
    direction: Literal["up", "down"] = "down"
    after: int = 0
    times: int | None = None
    seconds: float = 0.02
    piece: int = 1000


class _Connection:
    """Both ends of one connection, and the turn whose toxic struck it."""

    def __init__(self, client: asyncio.StreamWriter, server: asyncio.StreamWriter) -> None:
        self.client = client
        self.server = server
        self.struck = 0

    def end(self, *, reset: bool = False) -> None:
        for writer in (self.client, self.server):
            if reset and (sock := writer.get_extra_info("socket")) is not None:
                with suppress(OSError):
                    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOT)
                writer.transport.abort()
            writer.close()


class FaultProxy:
    """``async with FaultProxy("127.0.0.1", 9000) as proxy``: connections to ``proxy.port`` go to that port.

    ``toxic`` may be set and unset at any time. ``injected`` counts the connections that it struck, by kind.
    """

    def __init__(self, host: str, port: int) -> None:
        self.injected: Counter[str] = Counter()
        self.port = 0
        self._target = host, port
        self._toxic: Toxic | None = None
        self._turn = 0
        self._left: float = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    @property
    def toxic(self) -> Toxic | None:
        """What goes wrong from now on, with connections that are open, too."""
        return self._toxic

    @toxic.setter
    def toxic(self, toxic: Toxic | None) -> None:
        self._toxic = toxic
        self._turn += 1
        self._left = math.inf if toxic is None or toxic.times is None else toxic.times

    async def __aenter__(self) -> FaultProxy:
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._server is not None:
            self._server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("a connection is served in a task")
        self._tasks.add(task)
        try:
            from_server, to_server = await asyncio.open_connection(*self._target)
        except OSError:
            writer.close()
            self._tasks.discard(task)
            return
        connection = _Connection(writer, to_server)
        try:
            await asyncio.gather(
                self._pipe(connection, "up", reader, to_server), self._pipe(connection, "down", from_server, writer)
            )
        except (OSError, asyncio.CancelledError):
            pass  # one end is gone, or the proxy stops
        finally:
            connection.end()
            self._tasks.discard(task)

    async def _pipe(
        self,
        connection: _Connection,
        direction: Literal["up", "down"],
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        turn, at = 0, 0
        while data := await reader.read(_PIECE):
            toxic = self._toxic
            if turn != self._turn:
                turn, at = self._turn, 0
            if toxic is not None and toxic.direction == direction and self._strikes(toxic, connection, at, len(data)):
                await self._spoil(toxic, connection, data, max(0, toxic.after - at), writer)
            else:
                writer.write(data)
                await writer.drain()
            at += len(data)
        if writer.can_write_eof() and not writer.is_closing():
            writer.write_eof()

    def _strikes(self, toxic: Toxic, connection: _Connection, at: int, count: int) -> bool:
        if at + count <= toxic.after or (toxic.kind == "lie" and at > toxic.after):
            return False
        if connection.struck != self._turn:
            if self._left < 1:
                return False
            self._left -= 1
            connection.struck = self._turn
            self.injected[toxic.kind] += 1
        return True

    async def _spoil(
        self, toxic: Toxic, connection: _Connection, data: bytes, first: int, writer: asyncio.StreamWriter
    ) -> None:
        """Hand on ``data`` as ``toxic`` has it, from byte ``first`` on."""
        if toxic.kind == "lie":
            data = data[:first] + bytes([data[first] ^ 1]) + data[first + 1 :]
            first = len(data)
        writer.write(data[:first])
        await writer.drain()
        rest = data[first:]
        if toxic.kind in ("cut", "reset"):
            connection.end(reset=toxic.kind == "reset")
            raise ConnectionAbortedError
        if toxic.kind == "hang":
            await asyncio.Event().wait()
        if toxic.kind == "delay":
            await asyncio.sleep(toxic.seconds)
        step = toxic.piece if toxic.kind == "slice" else _PIECE
        for start in range(0, len(rest), step):
            writer.write(rest[start : start + step])
            await writer.drain()
            await asyncio.sleep(0)
