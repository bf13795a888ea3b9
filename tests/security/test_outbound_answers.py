"""Servers that answer with anything but HTTP in good faith: the client ends in bounded time and memory, with an error
or an answer that is whole, and leaves no socket open."""

from __future__ import annotations

import asyncio
import gzip
import itertools
import os
import re
import socket
import ssl
import struct
import time
import tracemalloc
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from pathlib import Path

import pytest
from remotes import OK, Authority, Remote, Script, remote

from artdagd.hooks import Outbound, OutboundAnswer, OutboundFailed, exchange

assert exchange  # imported when first used, else: that takes memory, too

SECONDS = 5.0
HANGING_SECONDS = 0.2
GRACE = 10.0
LIMIT = 64 << 10
MEMORY = 2 << 20
"""What a request may hold at its peak, beside the server's own blocks: all in one process here."""

HEAD = b"HTTP/1.1 200 OK\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
BLOCK = bytes(16 << 10)


def endless(start: bytes, block: bytes, pause: float = 0.0, after: bytes = b"") -> Script:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(start)
        for number in itertools.count():
            writer.write(block.replace(b"%d", b"%d" % number) if b"%d" in block else block)
            await writer.drain()
            await asyncio.sleep(pause)

    return script


def hanging(start: bytes, reads: bool = True) -> Script:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if reads:
            await reader.readuntil(b"\r\n\r\n")
        writer.write(start)
        await asyncio.Event().wait()

    return script


def resetting(start: bytes | None) -> Script:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if start is not None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(start)
            await writer.drain()
        raw = writer.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()

    return script


def sized(body: bytes, *more: bytes, length: int | None = None) -> bytes:
    size = b"Content-Length: %d" % (len(body) if length is None else length)
    return HEAD + b"".join(line + b"\r\n" for line in (size, *more)) + b"\r\n" + body


LATE = "did not answer in full within"
BROKEN = "cut off, or does not speak HTTP|the connection broke"
LARGE = "more than 65536 bytes"
AROUND = "too many bytes around"
PACKED = "compressed"
UNCONNECTED = "no connection"
UNSIZED = "how long its answer is"

FAILING: dict[str, tuple[Script | bytes, str]] = {
    # The connection.
    "closes at once": (b"", BROKEN),
    "resets at once": (resetting(None), BROKEN),
    "resets after the request": (resetting(b""), BROKEN),
    "resets in the head": (resetting(HEAD), BROKEN),
    "resets in the body": (resetting(sized(b"half", length=8)), BROKEN),
    "never reads": (hanging(b"", reads=False), LATE),
    "never answers": (hanging(b""), LATE),
    "hangs in the status line": (hanging(HEAD[:9]), LATE),
    "hangs after the status line": (hanging(HEAD), LATE),
    "hangs after the head": (hanging(sized(b"", length=8)), LATE),
    "hangs in the body": (hanging(sized(b"half", length=8)), LATE),
    "hangs in a chunk": (hanging(CHUNKED + b"8\r\nhalf"), LATE),
    "hangs before the last chunk": (hanging(CHUNKED + b"4\r\nhalf\r\n"), LATE),
    # The head.
    "drips a head": (endless(HEAD, b"X", 0.01), LATE),
    "drips headers": (endless(HEAD, b"X-%d: 1\r\n", 0.01), LATE),
    "one endless header": (endless(HEAD + b"X: ", BLOCK.replace(b"\0", b"x")), AROUND),
    "endless headers": (endless(HEAD, b"X-%d: 1\r\n" * 500), AROUND),
    "an endless status line": (endless(b"HTTP/1.1 200 ", BLOCK.replace(b"\0", b"x")), AROUND),
    "endless 100 Continue": (endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 100), AROUND),
    "endless early hints": (endless(b"", b"HTTP/1.1 103 Early\r\nLink: %d\r\n\r\n" * 100), AROUND),
    "dripped 100 Continue": (endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n", 0.01), LATE),
    "a megabyte of headers, then an end": (HEAD + b"X: " + b"x" * (1 << 20) + b"\r\n\r\n", AROUND),
    "switches protocols": (b"HTTP/1.1 101 Switching\r\nUpgrade: h2c\r\n\r\n", BROKEN),
    "a header without colon": (HEAD + b"nonsense\r\n\r\n", BROKEN),
    "a space before the colon": (HEAD + b"Content-Length : 2\r\n\r\nok", BROKEN),
    "NUL in a header": (HEAD + b"X: a\0b\r\n\r\n", BROKEN),
    "a carriage return in a header": (HEAD + b"X: a\rb\r\n\r\n", BROKEN),
    "a header without name": (HEAD + b": 1\r\n\r\n", BROKEN),
    "a head cut off": (HEAD + b"Content-Length: 2\r\n", BROKEN),
    # No HTTP.
    "random bytes": (os.urandom(4096), BROKEN),
    "endless random bytes": (endless(b"", os.urandom(4096)), f"{BROKEN}|{AROUND}"),
    "zeros": (endless(b"", BLOCK), f"{BROKEN}|{AROUND}"),
    "newlines": (endless(b"", b"\r\n" * 8192), f"{BROKEN}|{AROUND}|{LATE}"),
    "HTTP/0.9": (b"<html>hello</html>\n", BROKEN),
    "HTTP/2": (b"\0\0\x12\x04\0\0\0\0\0" + b"\0\x03\0\0\0\x64" * 3, BROKEN),
    "SSH": (b"SSH-2.0-OpenSSH_9.6\r\n", BROKEN),
    "SMTP": (b"220 mail.example ESMTP\r\n", BROKEN),
    "status 99": (b"HTTP/1.1 99 Low\r\nContent-Length: 0\r\n\r\n", BROKEN),
    "status 2000": (b"HTTP/1.1 2000 High\r\nContent-Length: 0\r\n\r\n", BROKEN),
    "no status": (b"HTTP/1.1 OK\r\nContent-Length: 0\r\n\r\n", BROKEN),
    "no version": (b"HTTP/one 200 OK\r\nContent-Length: 0\r\n\r\n", BROKEN),
    # Lengths.
    "a negative length": (sized(b"ok", length=-2), BROKEN),
    "a length in hex": (HEAD + b"Content-Length: 0x2\r\n\r\nok", BROKEN),
    "a length with a sign": (HEAD + b"Content-Length: +2\r\n\r\nok", BROKEN),
    "a length of 2 ** 64": (sized(b"ok", length=1 << 64), f"{BROKEN}|{LARGE}"),
    "a length of 5000 digits": (HEAD + b"Content-Length: " + b"9" * 5000 + b"\r\n\r\nok", BROKEN),
    "two lengths": (HEAD + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\nok!", BROKEN),
    "two lengths in one": (HEAD + b"Content-Length: 2, 3\r\n\r\nok!", BROKEN),
    "less than its length": (sized(b"half", length=8), BROKEN),
    "more than the limit": (sized(bytes(LIMIT + 1)), LARGE),
    "says more than the limit, and hangs": (hanging(sized(b"", length=LIMIT + 1)), LARGE),
    "no length": (HEAD + b"\r\nok", UNSIZED),
    "no length, endless": (endless(HEAD + b"\r\n", BLOCK), UNSIZED),
    # Bodies.
    "drips a body": (endless(sized(b"", length=LIMIT), b"x", 0.01), LATE),
    "endless chunks": (endless(CHUNKED, b"4000\r\n" + BLOCK + b"\r\n"), LARGE),
    "drips chunks": (endless(CHUNKED, b"1\r\nx\r\n", 0.01), LATE),
    "one endless chunk": (endless(CHUNKED + b"FFFFFFFFFF\r\n", BLOCK), LARGE),
    "an endless chunk size": (endless(CHUNKED, b"0" * 16384), f"{AROUND}|{BROKEN}"),
    "a chunk size of 20 digits": (CHUNKED + b"F" * 20 + b"\r\nx", f"{BROKEN}|{LARGE}"),
    "a chunk size of 21 digits": (CHUNKED + b"F" * 21 + b"\r\nx", BROKEN),
    "a chunk size that is none": (CHUNKED + b"zz\r\nok\r\n0\r\n\r\n", BROKEN),
    "a negative chunk size": (CHUNKED + b"-2\r\nok\r\n0\r\n\r\n", BROKEN),
    "a chunk longer than its size": (CHUNKED + b"2\r\nokay\r\n0\r\n\r\n", BROKEN),
    "an endless chunk extension": (endless(CHUNKED + b"2;a=", b"x" * 16384), f"{AROUND}|{BROKEN}"),
    "fat extensions on small chunks": (endless(CHUNKED, b"1;" + b"x" * 8000 + b"\r\nx\r\n"), AROUND),
    "endless trailers": (endless(CHUNKED + b"0\r\n", b"X-%d: 1\r\n" * 500), f"{AROUND}|{BROKEN}"),
    "no last chunk": (CHUNKED + b"2\r\nok\r\n", BROKEN),
    "a gzip bomb": (sized(gzip.compress(bytes(10 << 20)), b"Content-Encoding: gzip"), PACKED),
    "brotli": (sized(b"ok", b"content-encoding: br"), PACKED),
    "gzip, twice": (sized(b"ok", b"Content-Encoding: identity", b"Content-Encoding: gzip"), PACKED),
    "transfer in gzip": (HEAD + b"Transfer-Encoding: gzip\r\n\r\nok", BROKEN),
    "transfer in gzip and chunks": (HEAD + b"Transfer-Encoding: gzip, chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", BROKEN),
}

ANSWERING: dict[str, tuple[Script | bytes, int, bytes]] = {
    "an ordinary answer": (OK, 200, b"ok"),
    "an early hint": (b"HTTP/1.1 103 Early\r\nLink: a\r\n\r\n" + OK, 200, b"ok"),
    "no reason": (b"HTTP/1.1 200 \r\nContent-Length: 2\r\n\r\nok", 200, b"ok"),
    "HTTP/1.0": (b"HTTP/1.0 404 No\r\nContent-Length: 2\r\n\r\nok", 404, b"ok"),
    "one length, twice": (HEAD + b"Content-Length: 2\r\nContent-Length: 2\r\n\r\nok", 200, b"ok"),
    "more than its length": (sized(b"ok and more", length=2), 200, b"ok"),
    "endless beyond its length": (endless(sized(b"ok"), BLOCK), 200, b"ok"),
    "another answer behind": (OK + OK, 200, b"ok"),
    "exactly the limit": (sized(bytes(LIMIT)), 200, bytes(LIMIT)),
    "chunks": (CHUNKED + b"1\r\no\r\n1;x=y\r\nk\r\n0\r\nX: 1\r\n\r\n", 200, b"ok"),
    "one byte a chunk": (CHUNKED + b"1\r\nx\r\n" * 4096 + b"0\r\n\r\n", 200, b"x" * 4096),
    "length and chunks": (
        HEAD + b"Content-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
        200,
        b"ok",
    ),
    "a body where none may be": (b"HTTP/1.1 204 No\r\nContent-Length: 2\r\n\r\nok", 204, b""),
    "an unchanged one with a body": (b"HTTP/1.1 304 Same\r\nContent-Length: 2\r\n\r\nok", 304, b""),
    "gzip that says it is none": (sized(b"\x1f\x8b" + BLOCK), 200, b"\x1f\x8b" + BLOCK),
    "bytes that are no text in a header": (sized(b"ok", b"X: \xff\xfe"), 200, b"ok"),
    "a redirect to itself": (b"HTTP/1.1 301 On\r\nLocation: /\r\nContent-Length: 0\r\n\r\n", 301, b""),
    "an authentication challenge": (
        b"HTTP/1.1 401 No\r\nWWW-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n",
        401,
        b"",
    ),
    "a refresh": (sized(b"ok", b"Refresh: 0; url=http://127.0.0.1/"), 200, b"ok"),
}


def open_files() -> set[str]:
    found = set()
    for one in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):  # closed meanwhile
            found.add(f"{one.name} {os.readlink(one)}")
    return found


@pytest.fixture
async def outbound() -> AsyncIterator[Outbound]:
    client = Outbound(private=["127.0.0.1"], trust=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))
    yield client
    await client.close()


async def ask(client: Outbound, server: Remote, scheme: str = "http", seconds: float = SECONDS) -> OutboundAnswer:
    return await client.request("GET", f"{scheme}://127.0.0.1:{server.port}/", limit=LIMIT, seconds=seconds)


async def bounded(client: Outbound, server: Remote, scheme: str = "http", late: bool = False) -> OutboundAnswer | str:
    """What came, or the text of the error."""
    seconds = HANGING_SECONDS if late else SECONDS
    before, begun = open_files(), time.monotonic()
    tracemalloc.start()
    try:
        return await ask(client, server, scheme, seconds)
    except OutboundFailed as error:
        return str(error)
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert time.monotonic() - begun < seconds + GRACE
        assert peak < MEMORY
        await server.stop()
        await gone(lambda: open_files() <= before)


async def gone(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not is_so():
            await asyncio.sleep(0)


@pytest.mark.parametrize("name", FAILING)
async def test_no_answer(outbound: Outbound, name: str):
    script, reason = FAILING[name]
    async with remote(script) as server:
        failed = await bounded(outbound, server, late=LATE in reason)
    assert isinstance(failed, str), failed
    assert re.search(reason, failed), failed


@pytest.mark.parametrize("name", ANSWERING)
async def test_an_answer(outbound: Outbound, name: str):
    script, status, body = ANSWERING[name]
    async with remote(script) as server:
        answer = await bounded(outbound, server)
        assert isinstance(answer, OutboundAnswer), answer
        assert (answer.status, answer.body) == (status, body)
        if not callable(script):
            assert len(server.heads) == 1


async def test_the_head_of_a_large_body_is_no_body(outbound: Outbound):
    async with remote(sized(b"", b"Content-Encoding: gzip", length=1 << 40)) as server:
        answer = await outbound.request("HEAD", f"http://127.0.0.1:{server.port}/", limit=0)
    assert (answer.status, answer.headers["content-length"], answer.body) == (200, str(1 << 40), b"")


def closing(start: bytes) -> Script:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(start)

    return script


async def endless_hello(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A ServerHello of 16 MiB."""
    await reader.read(1)
    writer.write(b"\x16\x03\x03\x40\x00\x02\xff\xff\xff" + BLOCK[4:])
    while True:
        writer.write(b"\x16\x03\x03\x40\x00" + BLOCK)
        await writer.drain()


HANDSHAKES: dict[str, tuple[Script, str]] = {
    "no hello": (hanging(b"", reads=False), LATE),
    "half a record": (hanging(b"\x16\x03\x03\x10\x00\x02", reads=False), LATE),
    "closes": (closing(b""), UNCONNECTED),
    "resets": (resetting(None), UNCONNECTED),
    "an alert": (closing(b"\x15\x03\x03\x00\x02\x02\x28"), UNCONNECTED),
    "plain HTTP": (closing(OK), UNCONNECTED),
    "random bytes": (closing(os.urandom(4096)), UNCONNECTED),
    "an endless hello": (endless_hello, UNCONNECTED),
}


@pytest.mark.parametrize("name", HANDSHAKES)
async def test_no_handshake(outbound: Outbound, name: str):
    script, reason = HANDSHAKES[name]
    async with remote(script) as server:
        failed = await bounded(outbound, server, "https", late=reason == LATE)
    assert isinstance(failed, str), failed
    assert reason in failed


@pytest.mark.parametrize(
    "name", ["less than its length", "no last chunk", "no length", "hangs in the body", "endless chunks"]
)
async def test_inside_tls(name: str, tmp_path: Path):
    authority = Authority(tmp_path)
    client = Outbound(private=["127.0.0.1"], trust=authority.trust)
    script, reason = FAILING[name]
    async with remote(script, tls=authority.server("127.0.0.1")) as server:
        with pytest.raises(OutboundFailed, match=reason):
            await ask(client, server, "https", HANGING_SECONDS if reason == LATE else SECONDS)
    await client.close()


def test_the_corpus_is_as_large_as_the_page_says(docs_operations: str):
    assert f"no socket left open | {len(FAILING) + len(ANSWERING) + len(HANDSHAKES)} | 0 |" in docs_operations
