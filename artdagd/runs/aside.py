"""What the daemon itself works out and what takes a while, recipes and plans, beside the event loop, which goes on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")

AT_ONCE = 1
"""Two would not be done sooner. So no flood of recipes takes more than half of the interpreter."""

_THREADS = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="aside")


async def aside(work: Callable[..., T], *arguments: object) -> T:
    """What ``work(*arguments)`` returns or raises: done in a thread, one after the other. Who is cancelled meanwhile
    does not stop it."""
    return await asyncio.get_running_loop().run_in_executor(_THREADS, work, *arguments)
