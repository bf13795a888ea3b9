"""What the daemon itself works out and what takes a while, beside the event loop, which goes on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")

AT_ONCE = 1
"""Two would not be done sooner. So no flood of recipes takes more than half of the interpreter."""


class Threads:
    """So many threads of their own, so that what they do holds up no other reading of files."""

    def __init__(self, count: int, name: str) -> None:
        self._threads = ThreadPoolExecutor(count, thread_name_prefix=name)

    async def __call__(self, work: Callable[..., T], *arguments: object) -> T:
        """What ``work(*arguments)`` returns or raises. Who is cancelled meanwhile does not stop it: it counts until it
        has ended."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, work, *arguments)


aside = Threads(AT_ONCE, "aside")
"""For recipes and plans, one after the other."""
