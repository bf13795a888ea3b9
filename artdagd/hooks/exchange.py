"""One request and its answer, over one connection to an address that was checked. Imported when first used."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterable, Sequence
from typing import Any

import httpcore

from artdagd.hooks.addresses import Address, Target
from artdagd.hooks.outbound import OutboundAnswer, OutboundFailed

HEADER_BYTES = 32 << 10
"""Bytes before the end of an answer's head, interim answers included."""

MOST_ADDRESSES = 8
"""Addresses of a name that are tried."""

_READ = 8 << 10


async def exchange(
    method: str,
    target: Target,
    headers: Sequence[tuple[bytes, bytes]],
    body: bytes,
    *,
    addresses: Sequence[Address],
    trust: ssl.SSLContext | None,
    limit: int,
    until: float,
) -> OutboundAnswer:
    """Ask one of ``addresses``, as ``target.host``. ``limit`` bounds the answer's body, in bytes; the caller ends it
    when the loop's clock shows ``until``. Raises OutboundFailed."""
    network = _Pinned(addresses[:MOST_ADDRESSES], until)
    scheme, host, path = (part.encode("ascii") for part in (target.scheme, target.host, target.path))
    connection = httpcore.AsyncHTTPConnection(
        httpcore.Origin(scheme, host, target.port), ssl_context=trust, network_backend=network
    )
    url = httpcore.URL(scheme=scheme, host=host, port=target.port, target=path)
    request = httpcore.Request(method, url, headers=list(headers), content=body)
    try:
        response = await connection.handle_async_request(request)
        network.allow(HEADER_BYTES + 2 * limit)
        received = _joined(response.headers)
        _check(target, method, response.status, received, limit)
        content = bytearray()
        async for chunk in response.aiter_stream():
            content += chunk
            if len(content) > limit:
                raise OutboundFailed(_too_large(target, limit))
            await asyncio.sleep(0)  # thousands of chunks may be in what was read at once
    except (httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError) as error:
        raise OutboundFailed(f"{target.origin}: {_told(error)}") from None
    finally:
        await network.close()
    return OutboundAnswer(response.status, received, bytes(content), target.origin + target.path)


def _joined(headers: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    joined: dict[str, str] = {}
    for raw, value in headers:
        name, text = raw.decode("latin-1").lower(), value.decode("latin-1")
        joined[name] = f"{joined[name]}, {text}" if name in joined else text
    return joined


def _check(target: Target, method: str, status: int, headers: dict[str, str], limit: int) -> None:
    """Raises OutboundFailed for what a head says that makes reading on useless."""
    if method == "HEAD" or status in (204, 304):
        return
    if headers.get("content-encoding", "identity").strip().lower() not in ("", "identity"):
        raise OutboundFailed(f"{target.origin} answered compressed, though it was asked not to")
    if "transfer-encoding" in headers:
        return
    # A body that lasts until the connection ends looks the same when it was cut off.
    if "content-length" not in headers:
        raise OutboundFailed(f"{target.origin} did not say how long its answer is")
    if int(headers["content-length"]) > limit:
        raise OutboundFailed(_too_large(target, limit))


def _too_large(target: Target, limit: int) -> str:
    return f"{target.origin} answered with more than {limit} bytes"


def _told(error: Exception) -> str:
    """The kind of failure. Texts of certificate errors are passed on, as they tell what to mend; others are not, as
    they may hold what the server sent."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"its certificate can't be trusted: {cause.verify_message}"
        cause = cause.__cause__ or cause.__context__
    if isinstance(error, _TooMuch):
        return "it sent too many bytes around its answer"
    if isinstance(error, httpcore.ConnectError | httpcore.ConnectTimeout):
        return "there is no connection to it"
    if isinstance(error, httpcore.ProtocolError):
        return "it was cut off, or does not speak HTTP/1.1"
    return "the connection broke"


class _TooMuch(httpcore.RemoteProtocolError):
    pass


class _Pinned(httpcore.AsyncNetworkBackend):
    """Connects to the first of ``addresses`` that answers, whatever host it is asked for."""

    def __init__(self, addresses: Sequence[Address], until: float) -> None:
        self._addresses = addresses
        self._until = until
        self._open: list[_Counted] = []

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Any = None,
    ) -> httpcore.AsyncNetworkStream:
        failed: Exception = httpcore.ConnectError()
        for index, address in enumerate(self._addresses):
            # An address that is silent leaves the others their share of the time.
            share = (self._until - asyncio.get_running_loop().time()) / (len(self._addresses) - index)
            try:
                stream = await httpcore.AnyIOBackend().connect_tcp(str(address), port, timeout=max(share, 0.0))
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failed = error
                continue
            self._open.append(_Counted(stream, self._open))
            return self._open[0]
        raise failed

    def allow(self, more: int) -> None:
        """Let that many bytes in from here on."""
        self._open[-1].left = more

    async def close(self) -> None:
        # httpcore leaves a connection open that is cancelled during the TLS handshake. The last one is on top.
        for stream in reversed(self._open):
            await stream.aclose()


class _Counted(httpcore.AsyncNetworkStream):
    """A stream of which ``left`` more bytes may be read; what runs on top of it joins the list ``above``."""

    def __init__(self, stream: httpcore.AsyncNetworkStream, above: list[_Counted]) -> None:
        self._stream = stream
        self._above = above
        self.left = HEADER_BYTES

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        if self.left <= 0:
            raise _TooMuch
        data = await self._stream.read(min(max_bytes, _READ), timeout)
        self.left -= len(data)
        return data

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        await self._stream.write(buffer, timeout)

    async def aclose(self) -> None:
        await self._stream.aclose()

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.AsyncNetworkStream:
        stream = _Counted(await self._stream.start_tls(ssl_context, server_hostname, timeout), self._above)
        self._above.append(stream)
        return stream

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)
