"""Clients that behave badly, on sockets of their own."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit


def head(method: str, path: str, token: str = "", **headers: Any) -> bytes:
    """A request's head; ``content_length=3`` is a header as well."""
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost"]
    lines += [f"Authorization: Bearer {token}"] if token else []
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "".join(f"{line}\r\n" for line in lines).encode() + b"\r\n"


class Socket:
    """A connection to ``url``. ``window``: bytes that the kernel may take for us, so that one who doesn't read stalls
    the sender soon."""

    def __init__(self, url: str, window: int = 0) -> None:
        self._address = (urlsplit(url).hostname, urlsplit(url).port)
        self._socket = socket.socket()
        self._socket.setblocking(False)
        if window:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, window)

    async def open(self) -> None:
        await asyncio.get_running_loop().sock_connect(self._socket, self._address)

    async def send(self, data: bytes) -> None:
        await asyncio.get_running_loop().sock_sendall(self._socket, data)

    async def read(self, most: int = 1 << 16) -> bytes:
        """What comes next; nothing at the end, however it came."""
        try:
            return await asyncio.get_running_loop().sock_recv(self._socket, most)
        except ConnectionError:
            return b""

    async def rest(self) -> bytes:
        parts = []
        while part := await self.read():
            parts.append(part)
        return b"".join(parts)

    async def head(self) -> bytes:
        """Everything to the end of the answer's head, at least."""
        got = b""
        while b"\r\n\r\n" not in got and (part := await self.read()):
            got += part
        return got

    def finish(self) -> None:
        """Send no more, but listen on."""
        self._socket.shutdown(socket.SHUT_WR)

    def reset(self) -> None:
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self._socket.close()

    def close(self) -> None:
        self._socket.close()


async def until_gone(one: Socket, start: bytes, drip: bytes = b"", every: float = 0.5) -> tuple[bytes, float]:
    """Send ``start``, then a byte of ``drip`` at a time for ever, until the node ends it: what it said, and after how
    many seconds it was gone."""
    await one.open()
    began = time.monotonic()
    try:
        await one.send(start)
        listening = asyncio.create_task(one.rest())
        while not listening.done():
            await asyncio.wait({listening}, timeout=every)
            try:
                await one.send(drip)
            except ConnectionError:
                break
        return await listening, time.monotonic() - began
    finally:
        one.close()


async def latencies(url: str, stop: Callable[[], bool]) -> list[float]:
    """Seconds that ``GET /healthz`` takes, on a connection of its own each time, until ``stop()``."""
    taken = []
    while not stop():
        one = Socket(url)
        began = time.monotonic()
        await one.open()
        await one.send(head("GET", "/healthz"))
        answer = await one.head()
        taken.append(time.monotonic() - began)
        assert answer.startswith(b"HTTP/1.1 200"), answer
        one.close()
        await asyncio.sleep(0.02)
    return taken


def memory(pid: int) -> int:
    """Bytes of ``pid`` that are in memory."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) << 10


async def until(condition: Callable[[], bool], seconds: float = 30) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.01)
