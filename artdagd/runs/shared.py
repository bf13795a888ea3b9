"""Work that several callers may want at once is done once: they share one task, which ends early when all have left."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Shared(Generic[T]):
    """In-flight work by key. Nothing is remembered once it has ended: that is the action records' part."""

    def __init__(self) -> None:
        self._tasks: dict[str, tuple[asyncio.Task[T], list[int]]] = {}

    async def get(self, key: str, make: Callable[[], Awaitable[T]]) -> T:
        """The result of ``make()`` for ``key``; joins the one under way if there is one.

        Cancelling a caller cancels the work only when no other caller waits for it.
        """
        if key not in self._tasks:
            task = asyncio.create_task(_awaited(make), name=f"shared {key}")
            self._tasks[key] = (task, [0])
            task.add_done_callback(lambda _: self._tasks.pop(key, None))
        task, waiting = self._tasks[key]
        waiting[0] += 1
        try:
            return await asyncio.shield(task)
        finally:
            waiting[0] -= 1
            if not waiting[0] and not task.done():
                # Off the table at once: a new caller must not join work that is being cancelled.
                self._tasks.pop(key, None)
                task.cancel()


async def _awaited(make: Callable[[], Awaitable[T]]) -> T:
    return await make()
