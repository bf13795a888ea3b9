"""Long work asks, frame by frame, whether anybody still waits for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import local

_thread = local()


@contextmanager
def asking(check: Callable[[], None]) -> Iterator[None]:
    """Within this block, and in this thread, ``still_wanted`` calls ``check``, which raises to end the work."""
    before = getattr(_thread, "check", None)
    _thread.check = check
    try:
        yield
    finally:
        _thread.check = before


def still_wanted() -> None:
    """Called wherever frames are read that may never be shown: an effect with a memory reads all that came before."""
    check: Callable[[], None] | None = getattr(_thread, "check", None)
    if check is not None:
        check()
