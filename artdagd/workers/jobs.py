"""The thread of a worker that does its jobs, one after the other."""

from __future__ import annotations

import contextlib
import logging
import math
import os
import queue
import signal
import threading
import time
from collections import deque
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from artdagd.errors import StepFailed
from artdagd.steps.catalogue import Catalogue
from artdagd.workers.answers import FEATURES, output_name
from artdagd.workers.far import Transfer, Unwanted
from artdagd.workers.messages import Assignment, Done, Failed, Progress, RenderJob, Result, Stopped

if TYPE_CHECKING:
    from artdagd.workers.carrier import Carrier
    from artdagd.workers.tasks import Outcome, Tasks

log = logging.getLogger(__name__)

PROGRESS_SECONDS = 0.1

REST_SECONDS = 2.0
"""Without a job, after which what a job left open for the next one is closed."""


class JobThread:
    """Does jobs in order. ``bell`` is readable when there is something in ``made``, and when a signal came."""

    def __init__(self, catalogue: Catalogue, state: Path) -> None:
        self.made: deque[Result | Progress] = deque()
        self.cancelled: dict[int, float] = {}
        """Fence -> when it was cancelled; forgotten when its last word is in ``made``."""
        self.carrier: Carrier | None = None
        """Set before the first job for a node whose folder is not seen."""
        self.bell, self._rope = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._running: tuple[int, float] | None = None
        self._jobs: queue.SimpleQueue[Assignment] = queue.SimpleQueue()
        self._catalogue = catalogue
        self._state = state
        signal.set_wakeup_fd(self._rope, warn_on_full_buffer=False)
        threading.Thread(target=self._work, name="jobs", daemon=True).start()

    def put(self, assignment: Assignment) -> None:
        self._jobs.put(assignment)

    def heedless(self) -> float | None:
        """The time since when the running job has not obeyed its cancellation."""
        running = self._running
        asked = self.cancelled.get(running[0]) if running else None
        return max(asked, running[1]) if running and asked is not None else None

    def _work(self) -> None:
        from artdagd.workers.tasks import Tasks

        try:
            tasks = Tasks(self._catalogue, self._state)
            while True:
                result = self._carry_out(tasks, self._next(tasks))
                self._running = None
                self._tell(result)
        except BaseException:
            log.exception("the job thread can't go on")
            os._exit(1)

    def _next(self, tasks: Tasks) -> Assignment:
        try:
            return self._jobs.get(timeout=REST_SECONDS)
        except queue.Empty:
            tasks.rest()
            return self._jobs.get()

    def _carry_out(self, tasks: Tasks, assignment: Assignment) -> Result:
        from artdagd.workers.tasks import Cancelled

        fence, started = assignment.fence, time.monotonic()
        if fence in self.cancelled:
            return Stopped(fence)
        self._running = (fence, started)
        told = 0.0

        def progress(fraction: float) -> None:
            nonlocal told
            if fence in self.cancelled:
                raise Cancelled
            fraction = float(fraction)
            if time.monotonic() - told >= PROGRESS_SECONDS and not math.isnan(fraction):
                told = time.monotonic()
                self._tell(Progress(fence, min(max(fraction, 0.0), 1.0)))

        unwanted = partial(self.cancelled.__contains__, fence)
        try:
            done, sha256 = self._performed(tasks, assignment, progress, unwanted)
        except (Cancelled, Unwanted):
            return Stopped(fence)
        except StepFailed as error:
            return Failed(fence, error.code[:128], error.told[:2000], error.retryable)
        seconds = time.monotonic() - started
        return Done(fence, msgspec.Raw(msgspec.msgpack.encode(done.value)), done.file, done.libraries, seconds, sha256)

    def _performed(
        self, tasks: Tasks, assignment: Assignment, progress: Callable[[float], None], unwanted: Callable[[], bool]
    ) -> tuple[Outcome, str]:
        """What came of a job and, where its result was sent, the SHA-256 of that."""
        apart, carrier = assignment.apart, self.carrier
        if apart is None:
            return tasks.perform(assignment.job, Path(assignment.scratch), progress, unwanted), ""
        if carrier is None:
            raise StepFailed("this worker was sent files that it has not asked for", code="refused")
        with carrier.depot.work(assignment.fence) as folder:
            job = carrier.fetch(assignment, apart, folder, Transfer(unwanted, lambda: progress(0.0)))
            done = tasks.perform(job, folder / "result", progress, unwanted)
            if not done.file:
                return done, ""
            path = folder / "result" / (output_name(job.render) if isinstance(job, RenderJob) else FEATURES)
            return done, carrier.send(assignment.fence, apart, path, Transfer(unwanted, lambda: progress(1.0)))

    def _tell(self, item: Result | Progress) -> None:
        self.made.append(item)
        with contextlib.suppress(BlockingIOError):
            os.write(self._rope, b"\0")
