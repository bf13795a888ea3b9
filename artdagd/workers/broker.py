"""The daemon's end of the worker socket: carries out what dispatch decides, and turns results into answers."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import shutil
import stat
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import zmq
import zmq.asyncio

from artdagd.errors import ConfigError, StepFailed, TooBusy
from artdagd.workers import messages
from artdagd.workers.dispatch import (
    Action,
    Assign,
    Dispatch,
    Expel,
    Fail,
    Fulfil,
    Release,
    Report,
    Revoke,
)
from artdagd.workers.roster import Roster, WorkerInfo

log = logging.getLogger(__name__)

OnProgress = Callable[[float], None]
OUTPUTS = ("output.mp4", "output.mkv")
"""The names a result file may have. The daemon looks for them; a worker names nothing."""

STOP_SECONDS = 5.0
"""How long a worker may take to stop a job that was cancelled, before its process is ended."""


class JobResult(msgspec.Struct, frozen=True):
    """``path`` is the result file of a render, in a scratch folder that ``discard()`` removes."""

    value: Any
    path: Path | None
    libraries: dict[str, str]
    worker: str
    seconds: float
    scratch: Path | None

    def discard(self) -> None:
        if self.scratch:
            shutil.rmtree(self.scratch, ignore_errors=True)


class Broker:
    """Jobs in, results out. ``address`` is ``ipc://FILE``; the file's folder is made with mode 0700."""

    def __init__(
        self,
        address: str,
        scratch: Path,
        catalogue_digest: str,
        *,
        clock: Callable[[], float] = time.monotonic,
        lease: float = 15.0,
        heartbeat: float = 3.0,
    ) -> None:
        if not address.startswith("ipc://"):
            raise ConfigError(f"worker address {address}: only ipc:// is served", advice="Use ipc:///some/file.")
        self.address = address
        self.heartbeat = heartbeat
        self.expel: Callable[[int], None] = lambda pid: None
        """Ends the process ``pid`` if it is a worker that we started; set by the supervisor."""
        self._scratch = scratch
        self._digest = catalogue_digest
        self._clock = clock
        self._dispatch = Dispatch(lease)
        self._roster = Roster()
        self._waiting: dict[int, tuple[asyncio.Future[JobResult], OnProgress | None]] = {}
        self._stopping: dict[int, asyncio.TimerHandle] = {}
        self._outbox: dict[bytes, list[messages.Assignment]] = {}
        self._flush: asyncio.Handle | None = None
        self._removals: set[asyncio.Task[None]] = set()
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Listen. Scratch folders of an earlier daemon are removed."""
        folder = Path(self.address.removeprefix("ipc://")).parent
        await asyncio.to_thread(_fresh, folder, self._scratch)
        self._context = zmq.asyncio.Context()
        self._socket = self._context.socket(zmq.ROUTER)
        # A second peer that claims a worker's identity must not get its jobs.
        self._socket.setsockopt(zmq.ROUTER_HANDOVER, 0)
        self._socket.setsockopt(zmq.MAXMSGSIZE, messages.MAX_BYTES)
        self._socket.setsockopt(zmq.LINGER, 0)
        try:
            self._socket.bind(self.address)
        except zmq.ZMQError as error:
            raise ConfigError(f"can't listen for workers at {self.address}: {error}") from None
        self._tasks = [asyncio.create_task(self._receive()), asyncio.create_task(self._watch())]

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, *self._removals, return_exceptions=True)
        for future, _ in self._waiting.values():
            future.cancel()
        self._socket.close()
        self._context.term()

    async def submit(self, job: messages.Job, on_progress: OnProgress | None = None) -> JobResult:
        """Have ``job`` done. Cancelling the caller cancels the job. Raises StepFailed, or TooBusy."""
        try:
            job_id, actions = self._dispatch.submit(job, self._clock())
        except OverflowError as error:
            raise TooBusy(str(error), advice="Try again later.", retry_after=30) from None
        future: asyncio.Future[JobResult] = asyncio.get_running_loop().create_future()
        self._waiting[job_id] = (future, on_progress)
        self._act(actions)
        try:
            return await future
        finally:
            if self._waiting.pop(job_id, None):
                self._act(self._dispatch.cancel(job_id, self._clock()))

    def workers(self) -> list[WorkerInfo]:
        return self._roster.infos()

    def process_died(self, pid: int) -> None:
        """The supervisor saw a worker process end: its jobs are done again at once."""
        name = self._roster.by_pid(pid)
        if name is not None:
            self._leave(name, blame=True)

    async def _receive(self) -> None:
        while True:
            frames = await self._socket.recv_multipart()
            # Drain what has arrived already: one turn of the loop for many messages.
            while frames:
                self._handle(frames)
                try:
                    frames = await self._socket.recv_multipart(zmq.NOBLOCK)
                except zmq.Again:
                    frames = []

    def _handle(self, frames: list[bytes]) -> None:
        if len(frames) != 2:
            return
        worker, data = frames
        try:
            message = messages.decode_from_worker(data)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            log.warning("dropped a message that is not of the worker protocol")
            return
        if isinstance(message, messages.Hello):
            self._hello(worker, message)
        elif worker not in self._dispatch.workers:
            self._send(worker, messages.Again())
        else:
            self._from_member(worker, message)

    def _from_member(self, worker: bytes, message: messages.FromWorker) -> None:
        now = self._clock()
        if isinstance(message, messages.Results):
            self._dispatch.heartbeat(worker, (), now)
            for item in message.items:
                self._stopped(item.fence)
                self._act(self._dispatch.result(worker, item, now))
        elif isinstance(message, messages.Progress):
            self._act(self._dispatch.progress(worker, message.fence, message.fraction))
        elif isinstance(message, messages.Heartbeat):
            self._roster.heard(worker, message.memory)
            self._act(self._dispatch.heartbeat(worker, message.fences, now))
        elif isinstance(message, messages.Bye):
            self._leave(worker, blame=False)

    def _hello(self, worker: bytes, hello: messages.Hello) -> None:
        if hello.version != messages.VERSION or hello.catalogue != self._digest:
            reason = "it has other versions of artdagd or its plugins than the node; install the same, then start it"
            log.error("worker %s refused: %s", hello.name[:64], reason)
            self._send(worker, messages.Refused(reason))
            return
        self._roster.join(worker, hello)
        self._send(worker, messages.Welcome(self.heartbeat, self._dispatch.lease))
        self._act(self._dispatch.join(worker, self._clock()))

    def _leave(self, worker: bytes, *, blame: bool) -> None:
        self._roster.leave(worker)
        self._act(self._dispatch.leave(worker, self._clock(), blame=blame))

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(min(1.0, self._dispatch.lease / 4))
            self._act(self._dispatch.tick(self._clock()))

    def _act(self, actions: list[Action]) -> None:
        for action in actions:
            self._perform(action)

    def _perform(self, action: Action) -> None:
        match action:
            case Assign(worker, fence, _, job):
                self._assign(worker, fence, job)
            case Revoke(worker, fence):
                self._revoke(worker, fence)
            case Fulfil(job_id, worker, done):
                self._fulfil(job_id, worker, done)
            case Fail(job_id, code, detail):
                self._settle(job_id, StepFailed(detail, code=code))
            case Report(job_id, fraction):
                waiting = self._waiting.get(job_id)
                if waiting and waiting[1]:
                    waiting[1](fraction)
            case Release(fence):
                self._roster.ended(fence, "failed")
                self._remove(self._scratch / str(fence))
            case Expel(worker):
                pid = self._roster.pid(worker)
                log.warning("worker %s was silent for %s s; its work is done again", worker.hex(), self._dispatch.lease)
                self._roster.leave(worker)
                if pid:
                    self.expel(pid)

    def _assign(self, worker: bytes, fence: int, job: messages.Job) -> None:
        scratch = self._scratch / str(fence)
        if isinstance(job, messages.RenderJob):
            scratch.mkdir(parents=True, exist_ok=True)
        self._roster.began(worker, fence, _title(job))
        self._outbox.setdefault(worker, []).append(messages.Assignment(fence, job, str(scratch)))
        if self._flush is None:
            self._flush = asyncio.get_running_loop().call_soon(self._send_work)

    def _send_work(self) -> None:
        self._flush = None
        outbox, self._outbox = self._outbox, {}
        for worker, assignments in outbox.items():
            self._send(worker, messages.Work(tuple(assignments)))

    def _revoke(self, worker: bytes, fence: int) -> None:
        self._send(worker, messages.Cancel((fence,)))
        pid = self._roster.pid(worker)
        if pid and fence not in self._stopping:
            loop = asyncio.get_running_loop()
            self._stopping[fence] = loop.call_later(STOP_SECONDS, self._end_process, fence, pid)

    def _stopped(self, fence: int) -> None:
        timer = self._stopping.pop(fence, None)
        if timer:
            timer.cancel()

    def _end_process(self, fence: int, pid: int) -> None:
        self._stopping.pop(fence, None)
        log.warning("worker process %d did not stop a cancelled job in %s s", pid, STOP_SECONDS)
        self.expel(pid)

    def _fulfil(self, job_id: int, worker: bytes, done: messages.Done) -> None:
        name = self._roster.name(worker)
        self._roster.ended(done.fence, "done")
        scratch = self._scratch / str(done.fence)
        path = _result_file(scratch) if done.file else None
        if done.file and path is None:
            self._remove(scratch)
            self._settle(job_id, StepFailed("the worker left no result file", code="refused"))
            return
        result = JobResult(done.value, path, done.libraries, name, done.seconds, scratch if done.file else None)
        if not self._settle(job_id, result) and result.scratch:
            self._remove(scratch)

    def _settle(self, job_id: int, outcome: JobResult | StepFailed) -> bool:
        waiting = self._waiting.pop(job_id, None)
        if waiting is None or waiting[0].done():
            return False
        if isinstance(outcome, StepFailed):
            waiting[0].set_exception(outcome)
        else:
            waiting[0].set_result(outcome)
        return True

    def _remove(self, scratch: Path) -> None:
        if scratch.exists():
            task = asyncio.create_task(asyncio.to_thread(shutil.rmtree, scratch, ignore_errors=True))
            self._removals.add(task)
            task.add_done_callback(self._removals.discard)

    def _send(self, worker: bytes, message: messages.FromDaemon) -> None:
        # A worker that is gone or does not read loses the message; its lease expires and the work is done again.
        with contextlib.suppress(zmq.ZMQError):
            zmq.Socket.send_multipart(self._socket, [worker, messages.encode(message)], zmq.NOBLOCK)


def _fresh(folder: Path, scratch: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    folder.chmod(0o700)
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True, mode=0o700)


def _result_file(scratch: Path) -> Path | None:
    """The regular file that a render left; links and other things are no results."""
    for name in OUTPUTS:
        path = scratch / name
        try:
            if stat.S_ISREG(path.lstat().st_mode):
                return path
        except OSError:
            continue
    return None


def _title(job: messages.Job) -> str:
    if isinstance(job, messages.RenderJob):
        return f"render {job.render.steps[-1].step_id}"
    return f"analyze {', '.join(job.features)}" if isinstance(job, messages.AnalyzeJob) else "probe"
