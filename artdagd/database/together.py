"""What waits at the same time is done in one go: one statement, or one transaction, for many callers."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

I = TypeVar("I")  # noqa: E741 - an item
R = TypeVar("R")


class Final(Exception):
    """Raised by the work: ``problem`` is the answer for every item, and none may be tried again."""

    def __init__(self, problem: Exception) -> None:
        super().__init__(str(problem))
        self.problem = problem


class Together(Generic[I, R]):
    """``work`` takes the items that wait and gives a result for each, in their order.

    While it works, the next items gather. If it fails, each of several items is tried alone, so that it fails alone;
    but not after a ``Final`` failure.
    """

    def __init__(self, work: Callable[[list[I]], Awaitable[list[R]]]) -> None:
        self._work = work
        self._waiting: list[tuple[I, asyncio.Future[R]]] = []
        self._working: asyncio.Task[None] | None = None

    async def do(self, item: I) -> R:
        """The result for ``item``; raises what ``work`` raised for it. Cancelling the caller does not undo it."""
        future: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, future))
        if self._working is None or self._working.done():
            self._working = asyncio.create_task(self._drain())
        return await future

    async def close(self) -> None:
        """Wait until nothing is being done."""
        if self._working:
            await self._working

    async def _drain(self) -> None:
        while self._waiting:
            group, self._waiting = self._waiting, []
            if not await self._perform(group):
                for one in group:
                    await self._perform([one])

    async def _perform(self, group: list[tuple[I, asyncio.Future[R]]]) -> bool:
        """Do the work and answer those who wait. False, and no answer, if one of several failed."""
        try:
            results = await self._work([item for item, _ in group])
        except Exception as error:
            if len(group) > 1 and not isinstance(error, Final):
                return False
            problem = error.problem if isinstance(error, Final) else error
            for _, future in group:
                if not future.done():
                    future.set_exception(problem)
            return True
        for (_, future), result in zip(group, results, strict=True):
            if not future.done():
                future.set_result(result)
        return True
