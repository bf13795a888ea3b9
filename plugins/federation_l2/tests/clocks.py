"""A clock that a test can put forward, and waiting for what comes to pass."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable


class Clock:
    """The time, and what it was put forward by."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def __call__(self) -> float:
        return time.time() + self.ahead


async def until(condition: Callable[[], bool], seconds: float = 20) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.01)
