"""Whether the event loop turns: a thread asks it, says who holds it, and keeps the service manager's watchdog fed."""

from __future__ import annotations

import asyncio
import logging
import os
import re
import sys
import threading
import time
import traceback
from types import FrameType

import msgspec

from artdagd.system.notify import ServiceManager

log = logging.getLogger(__name__)

EVERY = 1.0
"""Seconds between two questions."""

_PATH = re.compile(r"(?<=\()[^()]*/")

STANDARD = os.path.dirname(os.__file__) + os.sep


class Hold(msgspec.Struct, frozen=True):
    """The loop was held for ``seconds`` by ``who``, without the path of its file, until ``ended`` (monotonic)."""

    seconds: float
    who: str
    ended: float


LATE = 0.25
"""Seconds after which a loop that has not answered is held by somebody, who is named in the log."""


class LoopWatch:
    """Watches the running loop from :meth:`start` to :meth:`close`.

    The loop itself feeds the watchdog when it answers: one that is held for ``manager.watchdog`` seconds does not, and
    the service manager ends the process and starts another.
    """

    def __init__(self, manager: ServiceManager, *, every: float = EVERY, late: float = LATE) -> None:
        self.last: Hold | None = None
        self._manager = manager
        self._every = every
        self._late = late
        self._pause = manager.watchdog / 4 if manager.watchdog else None
        self._fed = 0.0
        self._answered = threading.Event()
        self._over = threading.Event()

    def start(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._holder = threading.get_ident()
        self._thread = threading.Thread(target=self._watch, name="loop watch", daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._over.set()

    def _watch(self) -> None:
        while not self._over.wait(min(self._every, self._pause or self._every)):
            self._answered.clear()
            asked = time.monotonic()
            try:
                self._loop.call_soon_threadsafe(self._answer)
            except RuntimeError:
                return  # the loop is closed
            if not self._answered.wait(self._late):
                self._held(asked)

    def _answer(self) -> None:
        self._answered.set()
        now = time.monotonic()
        if self._pause and now - self._fed >= self._pause:
            self._fed = now
            self._manager.alive()

    def _held(self, asked: float) -> None:
        """Name the holder, and wait until it lets go."""
        frame = sys._current_frames().get(self._holder)
        place = holder(frame) if frame else "nobody knows what"
        log.warning("the event loop is held by %s", place)
        self._manager.status(f"the event loop is held by {place}")
        while not self._answered.wait(self._late):
            if self._over.is_set():
                return
        held = time.monotonic() - asked
        self.last = Hold(held, _PATH.sub("", place), time.monotonic())
        log.warning("the event loop was held for %.1f s by %s", held, place)
        self._manager.status(f"the event loop turns again, after {held:.1f} s")


def holder(frame: FrameType) -> str:
    """Who runs in ``frame``: the innermost place that is not the standard library's, and what it called there. A hook
    of a plugin is found by it."""
    stack = traceback.StackSummary.extract(traceback.walk_stack(frame), lookup_lines=False)
    place = next((one for one in stack if not _standard(one.filename)), stack[0])
    said = f"{place.name} ({place.filename}:{place.lineno})"
    return said if place is stack[0] else f"{said}, in {stack[0].name}"


def _standard(file: str) -> bool:
    return file.startswith((STANDARD, "<frozen ")) and "site-packages" not in file
