"""Jobs in, results out: carries out what dispatch decides, and turns what workers send into answers."""

from __future__ import annotations

import asyncio
import logging
import secrets
import shutil
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path

import msgspec

from artdagd.errors import StepFailed, TooBusy
from artdagd.workers import messages
from artdagd.workers.answers import JobResult, result_of, with_features
from artdagd.workers.channel import Channel
from artdagd.workers.curve import ClusterKeys
from artdagd.workers.dispatch import (
    Action,
    Assign,
    Dispatch,
    Expel,
    Fail,
    Fulfil,
    Limits,
    Release,
    Report,
    Revoke,
    Urgent,
    never,
)
from artdagd.workers.exchange import Exchange
from artdagd.workers.roster import Roster, WorkerInfo
from artdagd.workers.sign import Sign

log = logging.getLogger(__name__)

OnProgress = Callable[[float, str], None]
"""Told how far a job is, 0 to 1, and the name of the worker that has it: first when it is given out."""


class Broker:
    """``address`` is ``ipc://FILE``; ``far`` is ``tcp://HOST:PORT`` for workers that have the ``cluster_key``.

    ``scratch`` is a folder of the broker's own, ``exchange`` for workers that don't see it, ``heartbeat`` in seconds.
    """

    def __init__(
        self,
        address: str,
        scratch: Path,
        catalogue_digest: str,
        *,
        far: str = "",
        cluster_key: str = "",
        exchange: Exchange | None = None,
        clock: Callable[[], float] = time.monotonic,
        limits: Limits | None = None,
        heartbeat: float = 3.0,
    ) -> None:
        self.address = address
        self.expel: Callable[[str], None] = lambda instance: None
        """Ends the worker process ``instance`` if it is one that we started; set by the supervisor."""
        self._far = far
        self._keys = ClusterKeys.of(cluster_key) if far else None
        self._scratch = scratch
        self._exchange = exchange or Exchange(scratch)
        self._sign = Sign(scratch)
        self._digest = catalogue_digest
        self._clock = clock
        self._heartbeat = heartbeat
        self._limits = limits or Limits()
        # No fence of this daemon is one of a daemon before it: workers outlive daemons.
        self._dispatch = Dispatch(self._limits, secrets.randbits(30) << 32)
        self._roster = Roster()
        self._ended: deque[str] = deque(maxlen=64)
        self._waiting: dict[int, tuple[asyncio.Future[JobResult], OnProgress | None]] = {}
        self._errands: dict[int, tuple[str, str]] = {}
        """For whom, and for which run, a job that is waited for is done."""
        self._outbox: dict[bytes, list[messages.Assignment]] = {}
        self._flush: asyncio.Handle | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Listen. Scratch folders of an earlier daemon are removed. Raises ConfigError."""
        await asyncio.to_thread(self._sign.put_up)
        self._channel = Channel(self._received)
        try:
            self._channel.listen(self.address)
            if self._keys:
                self._channel.listen_far(self._far, self._keys)
        except BaseException:
            self._channel.close()
            raise
        self._ticking = asyncio.create_task(self._tick())

    async def close(self) -> None:
        self._ticking.cancel()
        if self._flush:
            self._flush.cancel()
        await asyncio.gather(self._ticking, *self._tasks, return_exceptions=True)
        for future, _ in self._waiting.values():
            future.cancel()
        self._channel.close()

    async def submit(
        self,
        job: messages.Job,
        on_progress: OnProgress | None = None,
        *,
        whose: str = "",
        run_id: str = "",
        urgent: Urgent = never,
    ) -> JobResult:
        """Have ``job`` done, in turn with the jobs of others than ``whose``, and while it is ``urgent`` before other
        renders of theirs; ``run_id`` is shown with it.

        Cancelling the caller cancels the job. Raises StepFailed, or TooBusy.
        """
        _refuse_giants(job)
        try:
            job_id, actions = self._dispatch.submit(job, self._clock(), whose, urgent)
        except OverflowError as error:
            raise TooBusy(str(error), advice="Try again later.", retry_after=30) from None
        future: asyncio.Future[JobResult] = asyncio.get_running_loop().create_future()
        self._waiting[job_id] = (future, on_progress)
        self._errands[job_id] = (whose, run_id)
        self._act(actions)
        try:
            result = await future
        except asyncio.CancelledError:
            # The result and the cancellation came in the same turn of the loop.
            if future.done() and not future.cancelled() and not future.exception():
                self._discard(future.result())
            raise
        finally:
            self._errands.pop(job_id, None)
            if self._waiting.pop(job_id, None):
                self._act(self._dispatch.cancel(job_id, self._clock()))
        if isinstance(job, messages.AnalyzeJob) and result.path:
            return await asyncio.to_thread(with_features, job, result, result.path)
        return result

    @property
    def deserted(self) -> float:
        """Seconds since the last worker left, or since the start; 0 while one is there."""
        return time.monotonic() - self._roster.deserted if self._roster.deserted is not None else 0.0

    def workers(self) -> list[WorkerInfo]:
        return self._roster.infos()

    def process_ended(self, instance: str, ending: str) -> None:
        """The supervisor saw a worker process end, by the signal or exit code that ``ending`` names: its jobs are done
        again at once."""
        self._ended.append(instance)
        worker = self._roster.of_instance(instance)
        if worker is not None:
            self._leave(worker, blame=True, ending=ending)

    def _received(self, worker: bytes, data: bytes) -> None:
        try:
            message = messages.decode_from_worker(data)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            log.warning("dropped a message that is not of the worker protocol")
            return
        if isinstance(message, messages.Hello):
            self._hello(worker, message)
        elif worker in self._dispatch.workers:
            self._from_member(worker, message)
        elif not isinstance(message, messages.Bye):
            self._send(worker, messages.Again())

    def _from_member(self, worker: bytes, message: messages.FromWorker) -> None:
        now = self._clock()
        if isinstance(message, messages.Results):
            for item in message.items:
                self._act(self._dispatch.result(worker, item, now))
        elif isinstance(message, messages.Progress):
            self._act(self._dispatch.progress(worker, message.fence, message.fraction, now))
        elif isinstance(message, messages.Heartbeat):
            self._roster.heard(worker, message.memory)
            self._act(self._dispatch.heartbeat(worker, message.fences, now))
            self._send(worker, messages.Alive())
        elif isinstance(message, messages.Bye):
            self._leave(worker, blame=False)

    def _hello(self, worker: bytes, hello: messages.Hello) -> None:
        if hello.instance in self._ended:
            return
        if reason := self._objection(hello):
            log.error("worker %r refused: %s", hello.name, reason)
            self._send(worker, messages.Refused(reason))
            return
        if hello.seen is None:
            self._send(worker, messages.Look(str(self._sign.path), self._exchange.url))
            return
        # The same process from a new socket: it gave up what it held when it lost us.
        before = self._roster.of_instance(hello.instance)
        if before is not None:
            self._leave(before, blame=False)
        apart = hello.seen != self._sign.text
        try:
            actions = self._dispatch.join(worker, self._clock(), apart=apart)
        except OverflowError as error:
            log.error("worker %r refused: %s", hello.name, error)
            return
        self._roster.join(worker, hello, apart=apart)
        self._send(worker, messages.Welcome(self._heartbeat, self._limits.lease, self._limits.stop))
        self._act(actions)

    def _objection(self, hello: messages.Hello) -> str:
        """Why this worker can't join, or nothing."""
        if hello.version != messages.VERSION:
            return (
                f"it speaks version {hello.version} of the worker protocol, and the node version {messages.VERSION}; "
                "install the same versions of artdagd, then start it"
            )
        if hello.catalogue != self._digest:
            return "it has other versions of artdagd or its plugins than the node; install the same, then start it"
        return ""

    def _leave(self, worker: bytes, *, blame: bool, ending: str = "") -> None:
        self._roster.leave(worker)
        self._outbox.pop(worker, None)
        self._act(self._dispatch.leave(worker, self._clock(), blame=blame, ending=ending))

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(min(1.0, self._limits.lease / 4))
            try:
                self._act(self._dispatch.tick(self._clock()))
            except Exception:
                log.exception("the look at the workers failed")

    def _act(self, actions: list[Action]) -> None:
        for action in actions:
            self._perform(action)

    def _perform(self, action: Action) -> None:
        match action:
            case Assign(worker, fence, job_id, job):
                self._assign(worker, fence, job, self._errands.get(job_id, ("", "")))
                # Soon: a fault of the listener's must not keep the actions that follow from being done.
                asyncio.get_running_loop().call_soon(self._report, job_id, self._roster.name(worker), 0.0)
            case Revoke(worker, fence):
                if self._roster.holds(worker, fence):  # It may claim another's.
                    self._exchange.close(fence)
                self._send_work()  # It may be in there: what is cancelled must have been heard of.
                self._send(worker, messages.Cancel((fence,)))
            case Fulfil():
                self._fulfil(action)
            case Fail(job_id, code, detail):
                self._settle(job_id, StepFailed(detail, code=code))
            case Report(job_id, worker, fraction):
                self._report(job_id, self._roster.name(worker), fraction)
            case Release(fence):
                self._exchange.close(fence)
                self._roster.ended(fence, "failed")
                self._remove(self._scratch / str(fence))
            case Expel(worker, reason):
                log.warning("worker %s is given up: %s", self._roster.name(worker), reason)
                instance = self._roster.instance(worker)
                self._roster.leave(worker)
                self.expel(instance)

    def _report(self, job_id: int, name: str, fraction: float) -> None:
        waiting = self._waiting.get(job_id)
        if waiting and waiting[1]:
            waiting[1](fraction, name)

    def _assign(self, worker: bytes, fence: int, job: messages.Job, errand: tuple[str, str]) -> None:
        self._sign.keep_up()
        self._roster.began(worker, fence, job, *errand)
        assignment = messages.Assignment(fence, job, str(self._scratch / str(fence)))
        if self._roster.is_apart(worker):
            renamed, apart = self._exchange.open(fence, job)
            assignment = messages.Assignment(fence, renamed, apart=apart)
        self._outbox.setdefault(worker, []).append(assignment)
        if self._flush is None:
            self._flush = asyncio.get_running_loop().call_soon(self._send_work)

    def _send_work(self) -> None:
        if self._flush:
            self._flush.cancel()
        self._flush = None
        outbox, self._outbox = self._outbox, {}
        for worker, assignments in outbox.items():
            self._send(worker, messages.Work(tuple(assignments)))

    def _fulfil(self, action: Fulfil) -> None:
        done = action.done
        self._roster.ended(done.fence, "done")
        scratch = self._scratch / str(done.fence)
        try:
            self._exchange.settle(done)
            result = result_of(action.job, done, scratch, self._roster.name(action.worker))
        except StepFailed as error:
            self._remove(scratch)
            self._settle(action.job_id, error)
            return
        if not self._settle(action.job_id, result):
            self._discard(result)

    def _settle(self, job_id: int, outcome: JobResult | StepFailed) -> bool:
        waiting = self._waiting.pop(job_id, None)
        if waiting is None or waiting[0].done():
            return False
        if isinstance(outcome, StepFailed):
            waiting[0].set_exception(outcome)
        else:
            waiting[0].set_result(outcome)
        return True

    def _discard(self, result: JobResult) -> None:
        if result.path:
            self._remove(result.path.parent)

    def _remove(self, scratch: Path) -> None:
        if scratch.exists():
            task = asyncio.create_task(asyncio.to_thread(shutil.rmtree, scratch, ignore_errors=True))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def _send(self, worker: bytes, message: messages.FromDaemon) -> None:
        self._channel.send(worker, messages.encode(message))


def _refuse_giants(job: messages.Job) -> None:
    """A job's share of a message is its share of the credits, so that what a worker may hold fits into one."""
    size, most = len(messages.encode(job)), messages.MAX_WORK_BYTES * job.cost // messages.WINDOW - 256
    if size > most:
        raise StepFailed(f"the job has {size} bytes and may have {most}", code="refused", advice="Split the recipe.")
