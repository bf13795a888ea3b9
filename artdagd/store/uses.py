"""Which blobs are in use at this moment, and when each was last used.

The last use of a file is its access time, which this node sets itself, whatever the mount options say: it survives a
restart, costs no write of the database, and leaves the modification time alone, by which a verified file is known.
"""

from __future__ import annotations

import contextlib
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

    def note(self, cid: str, place: Path, *, new: bool = False) -> None:
        """``cid`` is handed out; ``new`` if its file was written just now."""
        self.hold(cid)
        now = self._clock()
        _, touched = self._known.pop(cid, (now, now if new else -TOUCH))
        if now - touched >= TOUCH:
            touched = now
            with contextlib.suppress(OSError):
                touch(place, time.time_ns())
        self._known[cid] = (now, touched)
        if len(self._known) > REMEMBERED:
            self._known.popitem(last=False)

    def held(self, cid: str) -> bool:
        """Whether some work has ``cid`` in use."""
        return any(cid in names for names in self._works.values())

    def busy(self, cid: str) -> bool:
        """Whether ``cid`` is held, or was handed out just now."""
        if cid in self._known and self._clock() - self._known[cid][0] < GRACE:
            return True
        return self.held(cid)

    def forget(self, cid: str) -> None:
        """``cid`` is gone."""
        self._known.pop(cid, None)


def touch(place: Path, when: int) -> None:
    """Set the access time of ``place``, in nanoseconds since the epoch, and nothing else. Raises OSError."""
    os.utime(place, ns=(when, os.stat(place, follow_symlinks=False).st_mtime_ns), follow_symlinks=False)
