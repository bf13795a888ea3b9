"""Many requests at once, within what a node takes from one user."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterable
from typing import TypeVar

T = TypeVar("T")
MOST = 12


async def together(jobs: Iterable[Awaitable[T]]) -> list[T]:
    """The results in the order of ``jobs``."""
    room = asyncio.Semaphore(MOST)

    async def one(job: Awaitable[T]) -> T:
        async with room:
            return await job

    return await asyncio.gather(*map(one, jobs))
