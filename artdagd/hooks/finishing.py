"""Requests that are not left in the middle."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")

STOPPING_SECONDS = 10.0
"""How long whoever is cancelled waits for the answer to what was sent already."""


async def finished(work: Coroutine[Any, Any, T], undo: Callable[[T], Awaitable[None] | None] | None = None) -> T:
    """What ``work`` returns. If this is cancelled meanwhile, the end of ``work`` is awaited all the same, for ten
    seconds, and then ``undo`` called with what it returned: a service that was asked goes on, whether or not anyone
    listens."""
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task], timeout=STOPPING_SECONDS)
        if not task.done():
            task.cancel()
        elif not task.cancelled() and task.exception() is None and undo is not None:
            undoing = undo(task.result())
            if undoing is not None:
                await undoing
        raise
