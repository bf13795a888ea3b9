"""Blobs over HTTP: ranges, validators (RFC 9110, sections 13 and 14), a body that reads in large pieces."""

from __future__ import annotations

import asyncio
import errno
import os
import re
from collections.abc import AsyncIterator
from types import TracebackType
from urllib.parse import quote

from quart import Request, Response
from quart.wrappers.response import ResponseBody
from werkzeug.http import parse_etags

from artdagd.errors import BlobCorrupt, NotFound
from artdagd.runs.views import Content

PIECE = 128 << 10
"""Bytes read at once, and the most that waits in memory for one reader."""

INLINE = frozenset(
    {
        "video/mp4", "video/webm", "image/png", "image/jpeg", "image/gif", "image/webp", "audio/mpeg", "audio/mp4",
        "audio/wav", "audio/x-wav", "audio/flac", "audio/x-flac", "audio/ogg", "video/ogg", "application/ogg",
    }
)  # fmt: skip
"""Media types that a browser may show; all others are downloads."""

_RANGE = re.compile(r"^\s*bytes\s*=\s*(\d{0,18})\s*-\s*(\d{0,18})\s*$", re.ASCII)
_MEDIA_TYPE = re.compile(r"^[\w.+-]+/[\w.+-]+$", re.ASCII)


async def content(request: Request, blob: Content) -> Response:
    """``blob`` as the request asks for it: 200, 206, 304 or 416. Raises NotFound if its file is gone."""
    headers = _headers(blob)
    if _has(request.headers.get("If-None-Match"), blob.cid):
        return _without_body(304, headers)
    wanted = _range(request, blob)
    if wanted is None:
        start, stop, status = 0, blob.size, 200
    elif wanted.start >= wanted.stop:
        return _without_body(416, headers | {"Content-Range": f"bytes */{blob.size}", "Content-Length": "0"})
    else:
        start, stop, status = wanted.start, wanted.stop, 206
        headers["Content-Range"] = f"bytes {start}-{stop - 1}/{blob.size}"
    headers["Content-Length"] = str(stop - start)
    if request.method == "HEAD" or start == stop:
        return _without_body(status, headers)
    response = Response(await FileBody.open(blob, start, stop), status, headers)
    response.timeout = None  # the listener's stall limit bounds a slow reader, not the clock
    return response


class FileBody(ResponseBody):
    """Bytes ``start`` to ``stop`` of a file. What is in the page cache is read at once, the rest in a thread.

    ``preadv`` with RWF_NOWAIT (Linux 4.14) tells the two apart; a file system without it always takes the thread.
    """

    def __init__(self, file: int, start: int, stop: int) -> None:
        self._file = file
        self._at = start
        self._stop = stop
        self._nowait = True

    @classmethod
    async def open(cls, blob: Content, start: int, stop: int) -> FileBody:
        try:
            file = await asyncio.to_thread(os.open, blob.path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            raise NotFound(f"{blob.cid} was deleted just now") from None
        os.posix_fadvise(file, start, stop - start, os.POSIX_FADV_SEQUENTIAL)
        return cls(file, start, stop)

    async def __aenter__(self) -> FileBody:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __del__(self) -> None:
        # An answer whose request ended before it was begun is dropped without being entered.
        self.close()

    def close(self) -> None:
        file, self._file = self._file, -1
        if file >= 0:
            os.close(file)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while self._at < self._stop:
            count = min(PIECE, self._stop - self._at)
            data = self._cached(count)
            if data is None:
                data = await self._read(count)
            if not data:
                raise BlobCorrupt("a blob's file is shorter than the blob")
            self._at += len(data)
            # A fast reader, or one that has gone, would never make us wait: let others run, and let a cancel in.
            await asyncio.sleep(0)
            yield data

    def _cached(self, count: int) -> bytes | None:
        if not self._nowait:
            return None
        data = bytearray(count)
        try:
            got = os.preadv(self._file, [data], self._at, os.RWF_NOWAIT)
        except OSError as error:
            self._nowait = error.errno == errno.EAGAIN
            return None
        return bytes(memoryview(data)[:got]) if got else None

    async def _read(self, count: int) -> bytes:
        # A copy of the descriptor: if the request is cancelled, the thread's read must not meet a reused number.
        file, at = os.dup(self._file), self._at

        def read() -> bytes:
            try:
                return os.pread(file, count, at)
            finally:
                os.close(file)

        return await asyncio.to_thread(read)


def _headers(blob: Content) -> dict[str, str]:
    # What is its owner's alone is asked for again each time: else a browser would show it after a sign-out, and would
    # keep it from the registry's page, which may embed it once it is published.
    media_type = blob.media_type if _MEDIA_TYPE.match(blob.media_type) else "application/octet-stream"
    return {
        "Content-Type": media_type,
        "ETag": f'"{blob.cid}"',
        "Accept-Ranges": "bytes",
        "Cache-Control": "private, max-age=31536000, immutable" if blob.published else "private, no-cache",
        "Content-Security-Policy": "sandbox; default-src 'none'",
        "Cross-Origin-Resource-Policy": "cross-origin" if blob.published else "same-origin",
        "Content-Disposition": _disposition(blob, inline=media_type in INLINE),
    }


def _disposition(blob: Content, *, inline: bool) -> str:
    """RFC 6266, with the name in the extended notation of RFC 8187."""
    name = "".join(letter for letter in (blob.filename or blob.cid) if letter.isprintable())
    plain = "".join(letter if letter.isascii() and letter not in '"\\%' else "_" for letter in name)
    kind = "inline" if inline else "attachment"
    extended = "" if plain == name else f"; filename*=UTF-8''{quote(name.encode(errors='replace'), safe='')}"
    return f'{kind}; filename="{plain}"{extended}'


def _without_body(status: int, headers: dict[str, str]) -> Response:
    response = Response(None, status, headers)
    if status == 304:
        for name in ("Content-Type", "Content-Disposition"):
            response.headers.pop(name, None)
    return response


def _has(condition: str | None, cid: str) -> bool:
    return condition is not None and parse_etags(condition).contains_weak(cid)


def _range(request: Request, blob: Content) -> range | None:
    """The one range asked for; empty if it lies outside; None for the whole (also for several, or malformed ones)."""
    match = _RANGE.match(request.headers.get("Range", ""))
    guard = request.headers.get("If-Range")
    if request.method != "GET" or match is None or (guard is not None and guard.strip() != f'"{blob.cid}"'):
        return None
    first, last = match.groups()
    if first:
        if last and int(last) < int(first):
            return None
        return range(int(first), min(int(last) + 1, blob.size) if last else blob.size)
    if not last:
        return None
    return range(max(0, blob.size - int(last)), blob.size)
