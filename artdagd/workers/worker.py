"""The worker process: the control loop keeps in touch with the node while one thread does the jobs, in order."""

from __future__ import annotations

import contextlib
import ctypes
import logging
import math
import os
import queue
import resource
import signal
import socket
import sys
import threading
import time
from collections import deque
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from artdagd.errors import ConfigError, StepFailed
from artdagd.hooks.manager import Plugins
from artdagd.steps.catalogue import Catalogue
from artdagd.workers import messages
from artdagd.workers.limits import limit
from artdagd.workers.link import Link
from artdagd.workers.messages import Assignment, Done, Failed, Progress, Result, Stopped

if TYPE_CHECKING:
    from artdagd.workers.tasks import Tasks

log = logging.getLogger(__name__)

PR_SET_PDEATHSIG = 1
PROGRESS_SECONDS = 0.1


def run_worker(
    address: str,
    *,
    name: str | None = None,
    home: Path | None = None,
    memory: int = 8 << 30,
    child: bool = False,
    plugins: Plugins | None = None,
) -> int:
    """Work for the node at ``address`` until a signal says to stop; the process's exit code.

    ``memory`` bounds the address space, in bytes. A ``child`` ends when its parent does; another worker waits for the
    node to come back. Raises ConfigError if the node refuses it.
    """
    if child and not _bound_to_parent():
        return 0
    limit(memory)
    state = (home or Path(os.environ.get("ARTDAG_HOME", "~/.artdag")).expanduser()) / "state"
    state.mkdir(parents=True, exist_ok=True)
    catalogue = Catalogue.of(plugins or Plugins.load())
    link = Link(address, name or f"{socket.gethostname()}-{os.getpid()}", catalogue.digest)
    again = _Worker(link, _JobThread(catalogue, state)).run()
    link.close()
    if again and not child:
        os.execv(sys.executable, sys.orig_argv)  # noqa: S606
    os._exit(1 if again else 0)  # The job thread may be deep in a library: nothing of ours is left to tidy.


class _JobThread:
    """Does jobs in order. ``bell`` is readable when there is something in ``made``, and when a signal came."""

    def __init__(self, catalogue: Catalogue, state: Path) -> None:
        self.made: deque[Result | Progress] = deque()
        self.cancelled: dict[int, float] = {}
        """Fence -> when it was cancelled; forgotten when its last word is in ``made``."""
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
                result = self._carry_out(tasks, self._jobs.get())
                self._running = None
                self._tell(result)
        except BaseException:
            log.exception("the job thread can't go on")
            os._exit(1)

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

        try:
            done = tasks.perform(
                assignment.job, Path(assignment.scratch), progress, partial(self.cancelled.__contains__, fence)
            )
        except Cancelled:
            return Stopped(fence)
        except StepFailed as error:
            return Failed(fence, error.code[:128], error.told[:2000], error.retryable)
        seconds = time.monotonic() - started
        return Done(fence, msgspec.Raw(msgspec.msgpack.encode(done.value)), done.file, done.libraries, seconds)

    def _tell(self, item: Result | Progress) -> None:
        self.made.append(item)
        with contextlib.suppress(BlockingIOError):
            os.write(self._rope, b"\0")


class _Worker:
    """The control loop. It never waits for the job thread, and stops the process rather than hold a dead lease."""

    def __init__(self, link: Link, thread: _JobThread) -> None:
        self._link = link
        self._thread = thread
        self._held: set[int] = set()
        self._lease, self._stop_seconds = 15.0, 3.0
        self._stopping = False
        signal.signal(signal.SIGTERM, self._asked_to_stop)
        signal.signal(signal.SIGINT, self._asked_to_stop)

    def run(self) -> bool:
        """Until a signal says to stop; true if the process can't be used any more because a job does not stop."""
        self._link.watch(self._thread.bell)
        self._link.hello()
        beat = time.monotonic()
        self._arm()
        while not self._stopping and not self._stuck():
            due = beat + self._link.pause
            self._link.wait((min(due, time.monotonic() + 0.5) if self._thread.cancelled else due) - time.monotonic())
            with contextlib.suppress(BlockingIOError):
                os.read(self._thread.bell, 4096)
            for message in self._link.received():
                self._handle(message)
            self._pass_on()
            if time.monotonic() >= beat + self._link.pause:
                beat = time.monotonic()
                self._beat()
        self._send(messages.Bye())
        signal.setitimer(signal.ITIMER_REAL, 0)
        return not self._stopping

    def _asked_to_stop(self, *_: object) -> None:
        """Take no more, finish nothing: what is held is done again elsewhere."""
        self._stopping = True

    def _stuck(self) -> bool:
        since = self._thread.heedless()
        if since is None or time.monotonic() - since < self._stop_seconds:
            return False
        log.warning("a cancelled job did not stop in %g s; this process gives up", self._stop_seconds)
        return True

    def _arm(self) -> None:
        # A dead man's switch: if this loop does not come round (a library holds the interpreter, or the process was
        # stopped), the kernel ends the process at about the time at which the node gives its leases to others.
        signal.setitimer(signal.ITIMER_REAL, max(self._lease, 2 * self._link.pause))

    def _beat(self) -> None:
        if self._link.welcome is None:
            self._link.hello()
        elif time.monotonic() - self._link.heard > self._lease:
            log.warning("the node has been silent for %g s; what it gave is given up", self._lease)
            self._give_up()
            self._link.hello()
        else:
            self._send(messages.Heartbeat(tuple(self._held), _resident()))
        self._arm()

    def _handle(self, message: messages.FromDaemon) -> None:
        match message:
            case messages.Welcome():
                self._link.welcomed(message)
                self._lease, self._stop_seconds = message.lease, message.stop
                self._arm()
            case messages.Refused(reason):
                raise ConfigError(f"the node refused this worker: {reason}")
            case messages.Again():
                self._give_up()
                self._link.hello()
            case messages.Work(assignments):
                for assignment in assignments:
                    self._held.add(assignment.fence)
                    self._thread.put(assignment)
            case messages.Cancel(fences):
                self._cancel(self._held.intersection(fences))

    def _give_up(self) -> None:
        self._cancel(self._held)
        self._held = set()

    def _cancel(self, fences: set[int]) -> None:
        for fence in fences:
            self._thread.cancelled.setdefault(fence, time.monotonic())

    def _pass_on(self) -> None:
        """Send what the job thread made: results together, progress as it is."""
        results: list[Result] = []
        made = self._thread.made
        while made:
            item = made.popleft()
            held = item.fence in self._held
            if isinstance(item, Progress):
                if held:
                    self._send(item)
                continue
            self._thread.cancelled.pop(item.fence, None)
            if held:
                self._held.discard(item.fence)
                results.append(item)
        while results:
            self._send(messages.Results(tuple(results[: messages.WINDOW])))
            del results[: messages.WINDOW]

    def _send(self, message: messages.FromWorker) -> None:
        self._link.send(messages.encode(message))


def _bound_to_parent() -> bool:
    """Have the kernel end this process with its parent; false if that has ended already."""
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    parent = os.environ.get("ARTDAGD_PARENT")
    return parent is None or os.getppid() == int(parent)


def _resident() -> int:
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()
    except (OSError, ValueError):
        return 0
