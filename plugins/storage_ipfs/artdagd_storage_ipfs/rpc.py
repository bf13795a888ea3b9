"""Commands to one Kubo node (docs.ipfs.tech/reference/kubo/rpc): in time, over connections that are kept."""

from __future__ import annotations

import asyncio
import json
import secrets
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Any

from artdagd_storage_ipfs.config import IpfsConfig, Place
from artdagd_storage_ipfs.errors import IpfsError, failed, refused

if TYPE_CHECKING:
    import aiohttp

CONNECTIONS = 256
"""Connections to one node, and so readers at once."""
ANSWER = 1 << 20
"""Bytes of the largest answer that is no content."""
CHUNK = 1 << 20
"""Bytes of the largest chunk that is handed on."""

Options = dict[str, str]


class Rpc:
    """``timeout``: seconds for which nothing may happen."""

    def __init__(self, config: IpfsConfig, timeout: float) -> None:
        self._config = config
        self._place = config.place
        self._timeout = timeout
        self._stack = AsyncExitStack()
        self._session: aiohttp.ClientSession | None = None
        self._turn = asyncio.Lock()
        self._closed = False

    async def call(self, command: str, *arguments: str, seconds: float = 0, **options: str) -> list[dict[str, Any]]:
        """The JSON objects of the answer. One more try follows a connection that failed: no command harms twice.

        ``seconds`` are given to the node beyond the timeout. Raises :class:`IpfsError`.
        """
        try:
            return await self._call(command, arguments, options, seconds)
        except IpfsError as error:
            if not error.passes or self._closed:
                raise
        return await self._call(command, arguments, options, seconds)

    async def send(self, command: str, body: AsyncIterator[bytes], size: int, **options: str) -> dict[str, Any]:
        """The last JSON object that is answered to a file of ``size`` bytes, sent as it comes (RFC 7578)."""
        boundary = secrets.token_hex(16)
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="blob"\r\n'
        head += "Content-Type: application/octet-stream\r\n\r\n"
        tail = f"\r\n--{boundary}--\r\n"
        headers = {
            "Content-Type": f"multipart/form-data; boundary={boundary}",
            "Content-Length": str(len(head) + size + len(tail)),
        }
        async with self._failing(command), asyncio.timeout(self._timeout) as deadline:

            async def parts() -> AsyncIterator[bytes]:
                yield head.encode()
                async for chunk in body:
                    yield chunk
                    deadline.reschedule(asyncio.get_running_loop().time() + self._timeout)
                yield tail.encode()

            async with self._post(command, (), options, data=parts(), headers=headers) as answer:
                found = await self._objects(command, answer)
        if not found:
            raise IpfsError(f"{self._config.where}: it answered {command} with nothing", passes=True)
        return found[-1]

    async def read(self, command: str, argument: str, **options: str) -> AsyncIterator[bytes]:
        """The bytes of the answer, in chunks of at most 1 MiB, while whoever asks takes them."""
        async with AsyncExitStack() as stack:
            async with self._failing(command), asyncio.timeout(self._timeout):
                answer = await stack.enter_async_context(self._post(command, (argument,), options))
                await self._check(command, answer)
            while True:
                async with self._failing(command), asyncio.timeout(self._timeout):
                    data = await answer.content.readany()
                if not data:
                    return
                for start in range(0, len(data), CHUNK):
                    yield data[start : start + CHUNK]

    async def objects(self, command: str, *arguments: str, **options: str) -> AsyncIterator[dict[str, Any]]:
        """The JSON objects of a long answer, one a line, as they come."""
        async with AsyncExitStack() as stack:
            async with self._failing(command), asyncio.timeout(self._timeout):
                answer = await stack.enter_async_context(self._post(command, arguments, options))
                await self._check(command, answer)
            while True:
                async with self._failing(command), asyncio.timeout(self._timeout):
                    line = await answer.content.readline()
                    if line and not line.endswith(b"\n"):
                        raise IpfsError(f"{self._config.where}: the answer to {command} was cut off", passes=True)
                if not line:
                    return
                yield self._object(command, line)

    async def close(self) -> None:
        """Close all connections. What is called later fails."""
        self._closed = True
        await self._stack.aclose()

    async def _call(
        self, command: str, arguments: Sequence[str], options: Options, seconds: float
    ) -> list[dict[str, Any]]:
        async with (
            self._failing(command),
            asyncio.timeout(self._timeout + seconds),
            self._post(command, arguments, options) as answer,
        ):
            return await self._objects(command, answer)

    async def _objects(self, command: str, answer: aiohttp.ClientResponse) -> list[dict[str, Any]]:
        await self._check(command, answer)
        body = await _upto(answer, ANSWER)
        if len(body) > ANSWER:
            raise IpfsError(f"{self._config.where}: the answer to {command} is larger than {ANSWER} bytes")
        return [self._object(command, line) for line in body.splitlines() if line]

    async def _check(self, command: str, answer: aiohttp.ClientResponse) -> None:
        if answer.status != 200:
            raise refused(self._config, command, answer.status, await _upto(answer, 4096))

    def _object(self, command: str, line: bytes) -> dict[str, Any]:
        try:
            found = json.loads(line)
        except ValueError:
            found = None
        if not isinstance(found, dict):
            raise IpfsError(f"{self._config.where}: the answer to {command} is no JSON object", passes=True)
        if found.get("Type") == "error" and "Message" in found:  # after the status was sent
            raise refused(self._config, command, 500, line)
        return found

    @asynccontextmanager
    async def _failing(self, command: str) -> AsyncIterator[None]:
        """What the client raises inside is an :class:`IpfsError`."""
        try:
            yield
        except Exception as error:
            raise failed(self._config, command, error) from None

    @asynccontextmanager
    async def _post(
        self, command: str, arguments: Sequence[str], options: Options, **more: Any
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        session = await self._connected()
        query = [*(("arg", one) for one in arguments), *((key.replace("_", "-"), options[key]) for key in options)]
        url = f"{self._place.url}/api/v0/{command}"
        async with session.post(url, params=query, allow_redirects=False, **more) as answer:
            yield answer

    async def _connected(self) -> aiohttp.ClientSession:
        if self._closed:
            raise IpfsError(f"{self._config.where}: this storage was closed")
        if self._session is None:
            async with self._turn:
                if self._session is None:
                    trust = await asyncio.to_thread(_prepared, self._place)
                    self._session = await self._stack.enter_async_context(self._made(trust))
        return self._session

    def _made(self, trust: ssl.SSLContext | bool) -> aiohttp.ClientSession:
        import aiohttp

        socket, known = self._place.socket, self._config.authorization
        connector = (
            aiohttp.UnixConnector(socket, limit=CONNECTIONS)
            if socket
            else aiohttp.TCPConnector(limit=CONNECTIONS, ssl=trust)
        )
        return aiohttp.ClientSession(
            connector=connector,
            timeout=aiohttp.ClientTimeout(total=None),  # each request has a deadline of its own
            headers={"Authorization": known} if known else None,
            auto_decompress=False,
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,
            read_bufsize=1 << 18,
        )


def _prepared(place: Place) -> ssl.SSLContext | bool:
    """What a session needs that takes a tenth of a second: in a thread, when the node is first needed."""
    import aiohttp  # noqa: F401

    return ssl.create_default_context() if place.url.startswith("https:") else True


async def _upto(answer: aiohttp.ClientResponse, limit: int) -> bytes:
    """The body, or more than ``limit`` bytes of it."""
    body = bytearray()
    while len(body) <= limit and (data := await answer.content.readany()):
        body += data
    return bytes(body)
