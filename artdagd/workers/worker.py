"""The worker process: the control loop keeps in touch with the node while one thread does the jobs, in order."""

from __future__ import annotations

import contextlib
import ctypes
import logging
import os
import resource
import signal
import socket
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from artdagd.errors import ConfigError
from artdagd.hooks.manager import Plugins
from artdagd.steps.catalogue import Catalogue
from artdagd.workers import messages
from artdagd.workers.depot import MOST_BYTES
from artdagd.workers.far import Far
from artdagd.workers.jobs import JobThread
from artdagd.workers.limits import limit
from artdagd.workers.link import Link
from artdagd.workers.messages import Progress, Result
from artdagd.workers.sandbox import Folders, Wanted, enter

log = logging.getLogger(__name__)

PR_SET_PDEATHSIG = 1


def run_worker(
    address: str,
    *,
    name: str | None = None,
    home: Path | None = None,
    memory: int = 8 << 30,
    cache: Path | None = None,
    cache_bytes: int = MOST_BYTES,
    apart: bool = False,
    sandbox: Wanted = "off",
    reads: Sequence[Path] = (),
    writes: Sequence[Path] = (),
    child: bool = False,
    plugins: Plugins | None = None,
) -> int:
    """Work for the node at ``address`` until a signal says to stop; the process's exit code.

    ``memory`` bounds the address space, in bytes. Where the node's folder can't be seen, or is not looked for
    (``apart``), inputs are fetched over HTTP, and at most ``cache_bytes`` of them kept in ``cache``. With a ``sandbox``
    it has ``reads``, ``writes``, its state and ``cache`` of all folders, and a child no network. A ``child`` ends
    when its parent does; another worker waits for the node to come back. Raises ConfigError if the node refuses it.
    """
    if child and not _bound_to_parent():
        return 0
    limit(memory)
    home = home or Path(os.environ.get("ARTDAG_HOME", "~/.artdag")).expanduser()
    state = home / "state"
    state.mkdir(parents=True, exist_ok=True)
    catalogue = Catalogue.of(plugins or Plugins.load())
    cache = cache or home / "worker-cache"
    own = [*writes, state]
    if not child:
        cache.mkdir(parents=True, exist_ok=True)
        own.append(cache)
    # Before there are threads: those of the socket and of the jobs have the same bounds.
    confined = enter(sandbox, Folders((*reads,), (*own,)), offline=child)
    link = Link(address, name or f"{socket.gethostname()}-{os.getpid()}", catalogue.digest, confined)
    far = Far(address, cache, cache_bytes, only=apart)
    again = _Worker(link, JobThread(catalogue, state), far).run()
    link.close()
    if again and not child:
        os.execv(sys.executable, sys.orig_argv)  # noqa: S606
    os._exit(1 if again else 0)  # The job thread may be deep in a library: nothing of ours is left to tidy.


class _Worker:
    """The control loop. It never waits for the job thread, and stops the process rather than hold a dead lease."""

    def __init__(self, link: Link, thread: JobThread, far: Far) -> None:
        self._link = link
        self._thread = thread
        self._far = far
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
            case messages.Look():
                self._look(message)
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

    def _look(self, look: messages.Look) -> None:
        """Say how we get files. Not a word where there is no way yet: another hello will ask again."""
        signal.setitimer(signal.ITIMER_REAL, 0)  # Nothing is held, and names may take long to resolve.
        found = self._far.look(look)
        if found is not None:
            self._thread.carrier = self._far.carrier
            self._link.answer(found)
        self._arm()

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
