"""Server-sent events (WHATWG HTML, section 9.2): a run's events as a response that ends when its listener goes."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import AbstractContextManager, ExitStack
from typing import Any

import msgspec
from quart import Response

from artdagd.errors import ArtdagError, InvalidRequest
from artdagd.runs.views import Event

log = logging.getLogger(__name__)

STREAMS = 2000
"""Event streams open at once; ``STREAMS_EACH`` of one user."""

STREAMS_EACH = 200

HEARTBEAT = 15.0
"""Seconds of silence after which a comment is sent, so that proxies keep the connection and a dead one is noticed."""

PIECE = 64 << 10
"""Bytes after which events that are there at the same time are sent in another piece."""

RETRY_MS = 2000
"""Milliseconds that a browser waits before it connects again."""

HEADERS = {
    "Content-Type": "text/event-stream; charset=utf-8",
    "Cache-Control": "no-cache, no-store",
    "X-Accel-Buffering": "no",
}


def last_event_id(text: str | None) -> int | None:
    """The ``Last-Event-ID`` of a listener that comes back. Raises InvalidRequest if it is none of ours."""
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise InvalidRequest(f"Last-Event-ID {text[:40]!r} is not the id of an event, which is a whole number")
    return int(text)


def stream(
    events: AsyncIterator[Event], draining: asyncio.Event, allowed: AbstractContextManager[asyncio.Event]
) -> Response:
    """``events`` until they end, the listener goes, the node drains, or the event of ``allowed`` says that the
    listener's credential has ended."""
    response = Response(lines(events, draining, allowed), 200, HEADERS)
    response.timeout = None  # Quart cuts every answer after 60 s otherwise
    return response


async def lines(
    events: AsyncIterator[Event], draining: asyncio.Event, allowed: AbstractContextManager[asyncio.Event]
) -> AsyncIterator[bytes]:
    """The wire format. Leaves no task behind, however it ends."""
    waiting: asyncio.Future[Event | None] | None = None
    stops: list[asyncio.Future[Any]] = [asyncio.ensure_future(draining.wait())]
    held = ExitStack()
    try:
        stops.append(asyncio.ensure_future(held.enter_context(allowed).wait()))
        piece = b"retry: %d\n\n" % RETRY_MS
        while True:
            waiting = waiting or asyncio.ensure_future(_next(events))
            await asyncio.sleep(0)  # an event that is there goes with those before it
            if piece and (not waiting.done() or len(piece) >= PIECE):
                yield piece
                piece = b""
            if not waiting.done():
                await asyncio.wait({waiting, *stops}, timeout=HEARTBEAT, return_when=asyncio.FIRST_COMPLETED)
            if any(stop.done() for stop in stops):
                return
            if waiting.done():
                event, waiting = waiting.result(), None
                if event is None:
                    break
                piece += encode(event)
            else:
                piece = b": heartbeat\n\n"
        if piece:
            yield piece
    except ArtdagError as error:
        log.info("an event stream ended: %s", error.detail)
    finally:
        held.close()
        left = [task for task in (waiting, *stops) if task is not None]
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        close = getattr(events, "aclose", None)
        if close is not None:
            await close()


def encode(event: Event) -> bytes:
    return b"event: %s\nid: %d\ndata: %s\n\n" % (event.event.encode(), event.id, msgspec.json.encode(event.data))


async def _next(events: AsyncIterator[Event]) -> Event | None:
    return await anext(events, None)
