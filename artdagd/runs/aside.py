"""What the daemon itself works out and what takes a while, recipes and plans, beside the event loop, which goes on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")

_THREAD = ThreadPoolExecutor(1, thread_name_prefix="aside")
# One, since two would take as long; so no flood of recipes takes more of the interpreter than half.


async def aside(work: Callable[..., T], *arguments: object) -> T:
    """What ``work(*arguments)`` returns or raises: done in a thread, one after the other. Who is cancelled meanwhile
    does not stop it."""
    return await asyncio.get_running_loop().run_in_executor(_THREAD, work, *arguments)
