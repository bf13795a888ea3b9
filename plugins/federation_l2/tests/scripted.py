"""A server that answers as a test tells it to, and remembers what it was asked: HTTP/1.1 on loopback."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import msgspec


class Asked(msgspec.Struct, frozen=True):
    """``target`` is path and query; names of ``headers`` are in lower case."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]

    def json(self) -> Any:
        return json.loads(self.body)


class Answer(msgspec.Struct, frozen=True):
    """``raw`` replaces all else: bytes as they go over the wire. ``hang`` never answers."""

    status: int = 200
    body: bytes = b""
    media_type: str = "application/json"
    headers: Mapping[str, str] = {}
    raw: bytes = b""
    hang: bool = False


def as_json(value: Any, status: int = 200, media_type: str = "application/json", **headers: str) -> Answer:
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    return Answer(status, json.dumps(value).encode(), media_type, named)


Handler = Callable[[Asked], Answer | Awaitable[Answer]]


class Scripted:
    """``routes`` are by method and path; what has none is answered 404."""

    def __init__(self, host: str = "127.0.0.1") -> None:
        self.host = host
        self.port = 0
        self.routes: dict[tuple[str, str], Handler] = {}
        self.asked: list[Asked] = []
        self._changed = asyncio.Condition()
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"

    async def start(self) -> None:
        """On the port that it had before, if there was one."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        if self._server:
            # Python 3.11 leaks what it accepted and has not attached yet when a server is closed.
            for listening in self._server.sockets:
                asyncio.get_running_loop().remove_reader(listening.fileno())
            for _ in range(3):
                await asyncio.sleep(0)
            self._server.close()
            for writer in list(self._open):
                writer.transport.abort()
            await self._server.wait_closed()
            self._server = None

    def of(self, method: str, path: str) -> list[Asked]:
        return [one for one in self.asked if (one.method, one.path) == (method, path)]

    async def wait(self, method: str, path: str, count: int = 1, seconds: float = 20) -> list[Asked]:
        """What was asked of it, as soon as it was that often."""
        async with asyncio.timeout(seconds), self._changed:
            await self._changed.wait_for(lambda: len(self.of(method, path)) >= count)
        return self.of(method, path)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        try:
            asked = await _read(reader)
            handler = self.routes.get((asked.method, asked.path), lambda _: Answer(404))
            found = handler(asked)
            answer = found if isinstance(found, Answer) else await found
            async with self._changed:
                self.asked.append(asked)
                self._changed.notify_all()
            if answer.hang:
                await reader.read()
            else:
                writer.write(answer.raw or _written(answer))
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self._open.discard(writer)
            writer.close()


async def _read(reader: asyncio.StreamReader) -> Asked:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    method, target, _ = head[0].split(" ")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    return Asked(method, target, headers, body)


def _written(answer: Answer) -> bytes:
    headers = {"Content-Type": answer.media_type, "Content-Length": str(len(answer.body)), "Connection": "close"}
    lines = [
        f"HTTP/1.1 {answer.status} So",
        *(f"{name}: {text}" for name, text in {**headers, **answer.headers}.items()),
    ]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + answer.body


@asynccontextmanager
async def scripted() -> AsyncIterator[Scripted]:
    server = Scripted()
    await server.start()
    try:
        yield server
    finally:
        await server.stop()
