"""Work that is done anew when what it found is gone before it was used."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TypeVar

T = TypeVar("T")

ATTEMPTS = 3


async def again(work: Callable[[], Awaitable[T]], *lost: type[Exception]) -> T:
    """What ``work`` gives; it is tried ``ATTEMPTS`` times while it raises one of ``lost``."""
    for _ in range(ATTEMPTS - 1):
        with suppress(*lost):
            return await work()
    return await work()
