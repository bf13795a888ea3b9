"""The worker process: the control loop keeps in touch with the node while one thread does the jobs, in order."""

from __future__ import annotations

import contextlib
import ctypes
import logging
import os
import queue
import resource
import secrets
import signal
import socket
import threading
import time
from functools import partial
from pathlib import Path
from typing import Any

import zmq

from artdagd.errors import ConfigError, StepFailed
from artdagd.hooks.manager import Plugins
from artdagd.steps.catalogue import Catalogue
from artdagd.workers import messages
from artdagd.workers.messages import Assignment, Done, Failed

log = logging.getLogger(__name__)

PR_SET_PDEATHSIG = 1
PROGRESS_SECONDS = 0.1
JOIN_SECONDS = 5.0
NICENESS = 5
LARGEST_FILE = 1 << 40


def run_worker(
    address: str,
    *,
    name: str | None = None,
    home: Path | None = None,
    memory: int = 8 << 30,
    child: bool = False,
    plugins: Plugins | None = None,
) -> int:
    """Work for the node at ``address`` until it or a signal says to stop; the process's exit code.

    ``memory`` bounds the address space, in bytes. A ``child`` ends when its parent does, and when the node is silent;
    another worker waits for the node to come back. Raises ConfigError if the node refuses it.
    """
    if child:
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() == 1:
            return 0
    _limit(memory)
    state = (home or Path(os.environ.get("ARTDAG_HOME", "~/.artdag")).expanduser()) / "state"
    state.mkdir(parents=True, exist_ok=True)
    worker = _Worker(address, name or f"{socket.gethostname()}-{os.getpid()}", Catalogue.of(plugins or Plugins.load()))
    signal.signal(signal.SIGTERM, lambda *_: worker.stop())
    signal.signal(signal.SIGINT, signal.SIG_IGN if child else lambda *_: worker.stop())
    return worker.run(state)


class _Worker:
    def __init__(self, address: str, name: str, catalogue: Catalogue) -> None:
        self._name = name
        self._catalogue = catalogue
        self._held: dict[int, Assignment] = {}
        self._cancelled: set[int] = set()
        self._jobs: queue.SimpleQueue[Assignment] = queue.SimpleQueue()
        self._stopping = False
        self._welcome: messages.Welcome | None = None
        self._context = zmq.Context()
        self._socket = self._context.socket(zmq.DEALER)
        self._socket.setsockopt(zmq.IDENTITY, f"{name}-".encode()[:64] + secrets.token_hex(8).encode())
        self._socket.setsockopt(zmq.MAXMSGSIZE, messages.MAX_BYTES)
        self._socket.setsockopt(zmq.LINGER, 200)
        self._inbox = self._context.socket(zmq.PULL)
        self._inbox.bind("inproc://results")
        self._socket.connect(address)

    def stop(self) -> None:
        """Take no more, finish nothing: what is held is done again elsewhere."""
        self._stopping = True

    def run(self, state: Path) -> int:
        thread = threading.Thread(target=self._work, args=(state,), name="jobs", daemon=True)
        thread.start()
        poller = zmq.Poller()
        poller.register(self._socket, zmq.POLLIN)
        poller.register(self._inbox, zmq.POLLIN)
        self._hello()
        beat = heard = time.monotonic()
        while not self._stopping:
            wait = self._welcome.heartbeat if self._welcome else JOIN_SECONDS
            ready = dict(poller.poll(max(0, round((beat + wait - time.monotonic()) * 1000))))
            if self._socket in ready:
                heard = time.monotonic()
                self._read()
            if self._inbox in ready:
                self._pass_on()
            if time.monotonic() >= beat + wait:
                beat = time.monotonic()
                self._beat(heard)
        self._send(messages.Bye())
        self._socket.close()
        os._exit(0)  # The job thread may be deep in a library: nothing of ours is left to tidy.

    def _beat(self, heard: float) -> None:
        if self._welcome is None:
            self._hello()
            return
        self._send(messages.Heartbeat(tuple(self._held), _resident()))
        if self._held and time.monotonic() - heard > 60 * self._welcome.lease:
            log.warning("the node has been silent for long; it goes on when it comes back")

    def _hello(self) -> None:
        hello = messages.Hello(messages.VERSION, self._name, os.getpid(), socket.gethostname(), self._catalogue.digest)
        self._send(hello)

    def _read(self) -> None:
        with contextlib.suppress(zmq.Again):
            while True:
                self._handle(messages.decode_from_daemon(self._socket.recv(zmq.NOBLOCK)))

    def _handle(self, message: messages.FromDaemon) -> None:
        match message:
            case messages.Welcome():
                self._welcome = message
            case messages.Refused(reason):
                raise ConfigError(f"the node refused this worker: {reason}")
            case messages.Again():
                # A daemon that was started anew: its leases are new too.
                self._cancelled |= set(self._held)
                self._held.clear()
                self._welcome = None
                self._hello()
            case messages.Work(assignments):
                for assignment in assignments:
                    self._held[assignment.fence] = assignment
                    self._jobs.put(assignment)
            case messages.Cancel(fences):
                self._cancelled |= set(fences)
                for fence in fences:
                    self._held.pop(fence, None)

    def _pass_on(self) -> None:
        """Send what the job thread made: results together, progress as it is."""
        results: list[Done | Failed] = []
        with contextlib.suppress(zmq.Again):
            while True:
                item = _made(self._inbox)
                if isinstance(item, messages.Progress):
                    self._send(item)
                elif self._held.pop(item.fence, None):
                    results.append(item)
        if results:
            self._send(messages.Results(tuple(results)))

    def _send(self, message: messages.FromWorker) -> None:
        data = messages.encode(message)
        if len(data) > messages.MAX_BYTES and isinstance(message, messages.Results):
            for item in message.items:
                too_large = Failed(item.fence, "analyzer_error", f"the result has {len(data)} bytes, too many", False)
                whole = messages.encode(messages.Results((item,)))
                small = messages.encode(messages.Results((too_large,)))
                self._socket.send(whole if len(whole) <= messages.MAX_BYTES else small)
            return
        self._socket.send(data)

    def _work(self, state: Path) -> None:
        """The job thread."""
        from artdagd.workers.tasks import Cancelled, Tasks

        outbox = self._context.socket(zmq.PUSH)
        outbox.connect("inproc://results")
        tasks = Tasks(self._catalogue, state)
        while True:
            assignment = self._jobs.get()
            fence, started, told = assignment.fence, time.monotonic(), [0.0]
            if fence in self._cancelled:
                continue

            def progress(fraction: float, fence: int = fence, told: list[float] = told) -> None:
                if time.monotonic() - told[0] >= PROGRESS_SECONDS:
                    told[0] = time.monotonic()
                    outbox.send(messages.encode(messages.Progress(fence, fraction)))

            try:
                scratch = Path(assignment.scratch)
                outcome = tasks.perform(assignment.job, scratch, progress, partial(self._cancelled.__contains__, fence))
                seconds = time.monotonic() - started
                result: Done | Failed = Done(fence, outcome.value, outcome.file, outcome.libraries, seconds)
            except Cancelled:
                continue
            except StepFailed as error:
                detail = f"{error.detail} {error.advice}".strip()
                result = Failed(fence, error.code, detail, error.retryable)
            outbox.send(messages.encode(messages.Results((result,))))


def _made(inbox: zmq.Socket[bytes]) -> Any:
    message = messages.decode_from_worker(inbox.recv(zmq.NOBLOCK))
    return message.items[0] if isinstance(message, messages.Results) else message


def _limit(memory: int) -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    for kind, wanted in ((resource.RLIMIT_AS, memory), (resource.RLIMIT_FSIZE, LARGEST_FILE)):
        _, hard = resource.getrlimit(kind)
        limit = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(kind, (limit, limit))
    with contextlib.suppress(OSError):
        os.nice(NICENESS)


def _resident() -> int:
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()
    except (OSError, ValueError):
        return 0
