"""Fragments of live streams are built in threads of their own, so that viewers hold up no other reading of files."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")

AT_ONCE = 4

_THREADS = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="fragment")


async def built(work: Callable[..., T], *arguments: object) -> T:
    """What ``work(*arguments)`` returns or raises. Who is cancelled meanwhile does not stop it: it counts until it has
    ended."""
    return await asyncio.get_running_loop().run_in_executor(_THREADS, work, *arguments)
