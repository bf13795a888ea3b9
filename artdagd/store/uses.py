"""Which blobs are in use at this moment, and when each was last used.

The last use of a file is its access time, which this node sets itself, whatever the mount options say: it survives a
restart, costs no write of the database, and leaves the modification time alone, by which a verified file is known.
"""

from __future__ import annotations

import contextlib
import math
import os
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

GRACE = 30.0
"""Seconds for which a blob that was handed out to somebody counts as in use: they have yet to open its file."""

TOUCH = 60.0
"""Seconds between two settings of one file's access time."""

REMEMBERED = 100_000
"""Blobs whose use is remembered."""

_WORK: ContextVar[set[str] | None] = ContextVar("_WORK", default=None)


class Uses:
    """Told of every blob that is handed out or put. What is in use must not be evicted."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._works: dict[int, set[str]] = {}
        self._known: OrderedDict[str, tuple[float, float]] = OrderedDict()

    @contextmanager
    def work(self) -> Iterator[None]:
        """What is handed out inside, and in tasks that begin inside, stays in use until the end."""
        names: set[str] = set()
        self._works[id(names)] = names
        token = _WORK.set(names)
        try:
            yield
        finally:
            _WORK.reset(token)
            del self._works[id(names)]

    def hold(self, cid: str) -> None:
        """Keep ``cid`` in use until the work that calls this ends."""
        names = _WORK.get()
        if names is not None:
            names.add(cid)
        _, touched = self._known.pop(cid, (0.0, -TOUCH))
        self._known[cid] = (self._clock(), touched)
        if len(self._known) > REMEMBERED:
            self._known.popitem(last=False)

    def note(self, cid: str, place: Path, *, new: bool = False) -> None:
        """``cid`` is handed out; ``new`` if its file was written just now."""
        self.hold(cid)
        now, touched = self._known[cid]
        if not new and now - touched < TOUCH:
            return
        self._known[cid] = (now, now)
        if not new:
            with contextlib.suppress(OSError):
                touch(place, time.time_ns())

    def held(self, cid: str) -> bool:
        """Whether some work has ``cid`` in use."""
        return any(cid in names for names in self._works.values())

    def now(self) -> float:
        """What :meth:`busy` counts in."""
        return self._clock()

    def busy(self, cid: str, since: float = math.inf) -> bool:
        """Whether ``cid`` is held, or was used just now, or after ``since``."""
        used = self._known[cid][0] if cid in self._known else -math.inf
        return used >= since or self._clock() - used < GRACE or self.held(cid)

    def forget(self, cid: str) -> None:
        """``cid`` is gone."""
        self._known.pop(cid, None)


def touch(place: Path, when: int) -> None:
    """Set the access time of ``place``, in nanoseconds since the epoch, and nothing else. Raises OSError."""
    os.utime(place, ns=(when, os.stat(place, follow_symlinks=False).st_mtime_ns), follow_symlinks=False)


@contextmanager
def unread(place: Path) -> Iterator[None]:
    """A reading inside leaves the access time of ``place`` as it was, whatever the mount options say."""
    try:
        used = os.stat(place, follow_symlinks=False).st_atime_ns
    except OSError:
        used = None
    try:
        yield
    finally:
        if used is not None:
            with contextlib.suppress(OSError):
                touch(place, used)
