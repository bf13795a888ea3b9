"""Request bodies: bounded in size, in memory and in time.

Quart reads a body ahead without bound and never gives up on one that drips; both are replaced here.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from typing import Any

from quart import Request
from quart.asgi import ASGIHTTPConnection
from quart.wrappers.request import Body

from artdagd.errors import ArtdagError, TooLarge

READ_AHEAD = 1 << 20
"""Bytes of one body that may wait in memory; then its socket is read no further until they are taken."""

MIN_RATE = 16 << 10
"""Bytes a second that a body must arrive with, once its credit of ``GRACE`` is used up."""

GRACE = 10.0
"""Seconds that a body may be behind ``MIN_RATE``."""


LINGER = 5.0
"""Seconds that a refused body may still arrive, and is thrown away: a connection that is closed on a client that
still sends is reset, and the client never reads why."""

PAUSE = 0.5
"""Seconds without a byte after which a refused body is taken to be over."""


class TooSlow(ArtdagError):
    """The body stopped arriving, or comes at less than 16 KiB a second."""

    status = 408
    title = "Request too slow"


class ArrivingBody(Body):
    """A body of which at most ``READ_AHEAD`` bytes (and one chunk) wait in memory."""

    def __init__(self, expected_content_length: int | None, max_content_length: int | None) -> None:
        super().__init__(None, None)
        self._taken = asyncio.Event()
        self._unwanted = False

    async def put(self, data: bytes) -> None:
        """Take a chunk from the socket; returns when there is room for the next."""
        if self._unwanted:
            self._has_data.set()
            return
        self.append(data)
        while len(self._data) >= READ_AHEAD:
            self._taken.clear()
            await self._taken.wait()

    async def drop(self) -> None:
        """Throw away what has come and what still comes; returns at its end, or after ``LINGER`` or a ``PAUSE``."""
        self._unwanted = True
        self._data.clear()
        self._taken.set()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LINGER):
                while not self._complete.is_set():
                    self._has_data.clear()
                    await asyncio.wait_for(self._has_data.wait(), PAUSE)

    async def __anext__(self) -> bytes:
        data = await super().__anext__()
        self._taken.set()
        return data


class ArrivingRequest(Request):
    """``held`` is let go when the answer has been sent, or nobody waits for it any more. ``text`` is the whole body,
    once it was read: what is signed is checked after it was understood."""

    body_class = ArrivingBody

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.held = contextlib.ExitStack()
        self.text: bytes | None = None

    @property
    def target(self) -> str:
        """Path and query as they came, not decoded."""
        path: str = self.scope.get("raw_path", self.path.encode()).decode("latin-1")
        query = self.query_string.decode("latin-1")
        return f"{path}?{query}" if query else path


class Connection(ASGIHTTPConnection):
    """One request and its answer. The bodies of GET and HEAD are dropped: nobody would take them."""

    async def __call__(self, receive: Any, send: Any) -> None:
        """Answer, until that is done or the client has gone. Nothing goes on afterwards, not even if this is
        cancelled."""
        request = self._create_request_from_scope(send)
        tasks = [
            asyncio.ensure_future(self.handle_request(request, send)),
            asyncio.ensure_future(self.handle_messages(request, receive)),
        ]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        for task in done:
            task.result()

    def _create_request_from_scope(self, send: Any) -> Request:
        try:
            return super()._create_request_from_scope(send)
        except (ValueError, IndexError):
            # Quart takes a target without a slash in front for a whole address (RFC 9112, section 3.2), and fails on
            # what is none. As a path it is one that nobody has.
            self.scope["path"] = "/" + self.scope["path"]
            return super()._create_request_from_scope(send)

    async def handle_request(self, request: Request, send: Any) -> None:
        assert isinstance(request, ArrivingRequest)
        body = request.body
        assert isinstance(body, ArrivingBody)

        async def send_and_linger(message: Any) -> None:
            if message["type"] == "http.response.body" and not message.get("more_body", False):
                await body.drop()
            await send(message)

        with request.held:
            await super().handle_request(request, send_and_linger)

    async def handle_messages(self, request: Request, receive: Any) -> None:
        body = request.body
        assert isinstance(body, ArrivingBody)
        wanted = request.method not in ("GET", "HEAD")
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            if message["type"] == "http.request":
                if wanted and (data := message.get("body", b"")):
                    await body.put(data)
                if not message.get("more_body", False):
                    body.set_complete()


async def arriving(request: Request, limit: int) -> AsyncIterator[bytes]:
    """The chunks of a body. Raises TooLarge over ``limit`` bytes, TooSlow below ``MIN_RATE``.

    Only the time spent waiting for the client counts; bytes that come faster earn credit up to ``GRACE``.
    """
    if (request.content_length or 0) > limit:
        raise too_large(limit)
    body, credit, total = aiter(request.body), GRACE, 0
    while True:
        began = time.monotonic()
        try:
            async with asyncio.timeout(credit):
                chunk = await anext(body)
        except StopAsyncIteration:
            return
        except TimeoutError:
            raise TooSlow(
                f"the body stopped or arrives at less than {MIN_RATE // 1024} KiB/s ({total} bytes came)",
                advice="Send it again over a faster link.",
            ) from None
        total += len(chunk)
        if total > limit:
            raise too_large(limit)
        credit = min(GRACE, credit - (time.monotonic() - began) + len(chunk) / MIN_RATE)
        yield chunk


async def whole(request: ArrivingRequest, limit: int) -> bytes:
    """A body of at most ``limit`` bytes, in memory; asked again, the same. Raises as :func:`arriving` does."""
    if request.text is None:
        request.text = b"".join([chunk async for chunk in arriving(request, limit)])
    return request.text


def too_large(limit: int) -> TooLarge:
    return TooLarge(f"the body is larger than {limit} bytes, the limit here")
