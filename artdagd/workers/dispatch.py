"""Who does what: jobs, leases and workers as a state machine. Pure: events and the time come in, actions go out.

Rules. Those whose jobs wait take turns; of one's jobs what is urgent comes before renders that are not. A worker holds
at most its credits, and works in the order of its leases. A job goes to the worker that holds least, of several to one
that has the node's files at hand; and where nothing is urgent, of parts that wait and read the same files a worker gets
the one that begins where its last one ended. A lease that is not renewed in time, or whose worker is gone, is fenced:
its result is ignored, and the job is done again. A job that has cost ``DEATHS`` workers fails; a failure that may pass
is tried ``ATTEMPTS`` times. What was with a worker when it died has the next one to itself, so that only the guilty is
blamed again. A cancelled job keeps its credits until the worker has stopped it. A job ends once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeAlias

import msgspec

from artdagd.workers.line import Line
from artdagd.workers.messages import WINDOW, Done, Failed, Job, RenderJob, Result, Stopped

DEATHS = 3
ATTEMPTS = 3
QUEUE = 100_000
WORKERS = 1024

FEW = 64
"""Jobs at the front of a line among which the part is looked for that goes on where another one ended."""

SOME = 1024
"""Jobs at the front of a line among which is looked for what is urgent."""

Urgent: TypeAlias = Callable[[], bool]
"""Whether somebody waits for a job at this moment."""


def never() -> bool:
    """Nobody waits for it."""
    return False


class Limits(msgspec.Struct, frozen=True):
    """Seconds: silence that ends a ``lease``; time to ``stop`` a cancelled job; no progress, and it is ``stalled``."""

    lease: float = 15.0
    stop: float = 3.0
    stalled: float = 1800.0


class Assign(msgspec.Struct, frozen=True):
    """Tell ``worker`` to do ``job`` under the lease ``fence``."""

    worker: bytes
    fence: int
    job_id: int
    job: Job


class Revoke(msgspec.Struct, frozen=True):
    """Tell ``worker`` to stop: the lease ``fence`` is no longer valid."""

    worker: bytes
    fence: int


class Fulfil(msgspec.Struct, frozen=True):
    job_id: int
    worker: bytes
    job: Job
    done: Done


class Fail(msgspec.Struct, frozen=True):
    """``code`` and ``detail`` as in StepFailed."""

    job_id: int
    code: str
    detail: str


class Report(msgspec.Struct, frozen=True):
    job_id: int
    worker: bytes
    fraction: float


class Release(msgspec.Struct, frozen=True):
    """Nothing of the lease ``fence`` is needed any more: its scratch folder can go."""

    fence: int


class Expel(msgspec.Struct, frozen=True):
    """``worker`` can't be relied on any more: end its process if it is ours."""

    worker: bytes
    reason: str


Action: TypeAlias = Assign | Revoke | Fulfil | Fail | Report | Release | Expel


class Waiting(msgspec.Struct):
    """A job that has not ended, and ``whose`` it is. ``alone``: it may be the one that killed a worker."""

    job_id: int
    job: Job
    whose: str
    urgent: Urgent = never
    deaths: int = 0
    attempts: int = 0
    alone: bool = False

    @property
    def cost(self) -> int:
        return WINDOW if self.alone else self.job.cost


class Lease(msgspec.Struct):
    """``stopping``: the job was cancelled, and ``expires`` is when the worker must have stopped it."""

    fence: int
    waiting: Waiting
    cost: int
    expires: float
    stopping: bool = False


class Member(msgspec.Struct):
    """A worker as dispatch sees it: ``leases`` in the order of their fences, ``moved`` when one last got on. ``apart``:
    files have to be sent to it. ``last`` is the job that it did last."""

    used: int
    heard: float
    moved: float
    leases: dict[int, Lease]
    apart: bool = False
    last: Job | None = None


class Dispatch:
    """Every ``now`` is monotonic. Fences count from ``first``; daemons that follow each other need different ones."""

    def __init__(self, limits: Limits, first: int = 0) -> None:
        self.limits = limits
        self.workers: dict[bytes, Member] = {}
        self.queue: Line[Waiting] = Line()
        self.late = 0
        self._leased: dict[int, tuple[bytes, int]] = {}
        self._fence = first
        self._job_id = 0
        self._ticked: float | None = None

    def submit(self, job: Job, now: float, whose: str = "", urgent: Urgent = never) -> tuple[int, list[Action]]:
        """Queue a job of ``whose``; its id and what to do. Raises OverflowError when too many are under way.

        While it waits it may become ``urgent``, and cease to be.
        """
        if len(self.queue) + len(self._leased) >= QUEUE:
            raise OverflowError(f"{QUEUE} jobs are under way already")
        self._job_id += 1
        self.queue.put(self._job_id, Waiting(self._job_id, job, whose, urgent), whose)
        return self._job_id, self._assign(now)

    def cancel(self, job_id: int, now: float) -> list[Action]:
        """Forget a job; nothing happens if it has ended."""
        self.queue.drop(job_id)
        worker, fence = self._leased.pop(job_id, (b"", 0))
        if not worker:
            return []
        lease = self.workers[worker].leases[fence]
        lease.stopping, lease.expires = True, now + self.limits.stop
        return [Revoke(worker, fence)]

    def join(self, worker: bytes, now: float, *, apart: bool = False) -> list[Action]:
        """A worker says hello. One that was known starts from nothing: what it held is done again.

        Raises OverflowError when there are too many.
        """
        actions = self.leave(worker, now, blame=False)
        if len(self.workers) >= WORKERS:
            raise OverflowError(f"there are {WORKERS} workers already")
        self.workers[worker] = Member(0, now, now, {}, apart)
        return actions + self._assign(now)

    def leave(self, worker: bytes, now: float, *, blame: bool, ending: str = "") -> list[Action]:
        """A worker is gone. ``blame``: it died, perhaps of what it did; ``ending`` says how, if that is known."""
        member = self.workers.pop(worker, None)
        if member is None:
            return []
        actions: list[Action] = []
        again: list[Waiting] = []
        for position, lease in enumerate(member.leases.values()):
            actions.append(Release(lease.fence))
            if lease.stopping:
                continue
            waiting = lease.waiting
            del self._leased[waiting.job_id]
            waiting.alone |= blame
            waiting.deaths += blame and position == 0
            if waiting.deaths >= DEATHS:
                detail = f"it ended the worker process {waiting.deaths} times; the input or an effect crashes it"
                detail += f", the last time with {ending}" if ending else ""
                actions.append(Fail(waiting.job_id, "worker_died", detail))
            else:
                again.append(waiting)
        self._requeue(again)
        return actions + self._assign(now)

    def heartbeat(self, worker: bytes, fences: Iterable[int], now: float) -> list[Action]:
        """Renew leases; a lease that is not this worker's is to be stopped."""
        member = self.workers.get(worker)
        if member is None:
            return []
        member.heard = now
        actions: list[Action] = []
        for fence in fences:
            lease = member.leases.get(fence)
            if lease is None:
                actions.append(Revoke(worker, fence))
            elif not lease.stopping:
                lease.expires = now + self.limits.lease
        return actions

    def progress(self, worker: bytes, fence: int, fraction: float, now: float) -> list[Action]:
        member = self.workers.get(worker)
        lease = member.leases.get(fence) if member else None
        if member is None or lease is None or lease.stopping:
            return []
        member.heard = member.moved = now
        return [Report(lease.waiting.job_id, worker, fraction)]

    def result(self, worker: bytes, result: Result, now: float) -> list[Action]:
        """A result counts only under a valid lease of the worker that sends it."""
        member = self.workers.get(worker)
        lease = member.leases.pop(result.fence, None) if member else None
        if member is None or lease is None:
            self.late += 1
            return []
        member.heard = member.moved = now
        member.used -= lease.cost
        if lease.stopping:
            return [Release(result.fence), *self._assign(now)]
        waiting = lease.waiting
        del self._leased[waiting.job_id]
        if isinstance(result, Done):
            member.last = waiting.job
            return [Fulfil(waiting.job_id, worker, waiting.job, result), *self._assign(now)]
        return [Release(result.fence), *self._failed(waiting, result), *self._assign(now)]

    def tick(self, now: float) -> list[Action]:
        """Expel the workers that are silent, don't stop a cancelled job, or get on with nothing. Call it often."""
        self._allow_for_sleep(now)
        actions: list[Action] = []
        for worker in sorted(self.workers):
            member = self.workers[worker]
            leases = list(member.leases.values())
            if member.heard + self.limits.lease <= now or any(lease.expires <= now for lease in leases):
                reason = "it was silent too long, or did not stop a cancelled job"
            elif leases and member.moved + self.limits.stalled <= now:
                reason = f"its job made no progress for {self.limits.stalled:g} s"
                actions += self._give_up(leases[0], reason)
            else:
                continue
            actions += [Expel(worker, reason), *self.leave(worker, now, blame=True)]
        return actions

    def _allow_for_sleep(self, now: float) -> None:
        # A daemon that was stopped has heard nobody, and nobody is to blame for that.
        slept = now - self._ticked if self._ticked is not None else 0.0
        self._ticked = now
        if slept <= self.limits.lease / 2:
            return
        for member in self.workers.values():
            member.heard += slept
            member.moved += slept
            for lease in member.leases.values():
                lease.expires += slept

    def _give_up(self, lease: Lease, reason: str) -> list[Action]:
        if lease.stopping:
            return []
        del self._leased[lease.waiting.job_id]
        lease.stopping = True
        return [Fail(lease.waiting.job_id, "timeout", reason)]

    def _failed(self, waiting: Waiting, result: Failed | Stopped) -> list[Action]:
        waiting.attempts += 1
        again = result.retryable if isinstance(result, Failed) else True
        if again and waiting.attempts < ATTEMPTS:
            self._requeue([waiting])
            return []
        if isinstance(result, Stopped):
            return [Fail(waiting.job_id, "refused", "workers gave it up unasked")]
        return [Fail(waiting.job_id, result.code, result.detail)]

    def _requeue(self, again: list[Waiting]) -> None:
        """To the front, in their order."""
        for waiting in reversed(again):
            self.queue.put(waiting.job_id, waiting, waiting.whose, first=True)

    def _preference(self, worker: bytes) -> tuple[int, bool, bytes]:
        member = self.workers[worker]
        return member.used, member.apart, worker

    def _assign(self, now: float) -> list[Action]:
        actions: list[Action] = []
        while self.queue and self.workers:
            worker = min(self.workers, key=self._preference)
            member = self.workers[worker]
            waiting = self._first()
            if member.used + waiting.cost > WINDOW:
                break
            waiting = self.queue.take(waiting.job_id if waiting.urgent() else self._next_of(member, waiting))
            self._fence += 1
            if not member.leases:
                member.moved = now
            member.leases[self._fence] = Lease(self._fence, waiting, waiting.cost, now + self.limits.lease)
            member.used += waiting.cost
            self._leased[waiting.job_id] = (worker, self._fence)
            actions.append(Assign(worker, self._fence, waiting.job_id, waiting.job))
        return actions

    def _first(self) -> Waiting:
        """The job that comes next of the one whose turn it is. What is urgent passes renders, and nothing else: a film
        that is watched would keep short work waiting to its end."""
        head = self.queue.peek()
        if not isinstance(head.job, RenderJob) or head.urgent():
            return head
        before = None
        for waiting in self.queue.front(SOME):
            if waiting.urgent():
                return before or waiting
            if before is None and not isinstance(waiting.job, RenderJob):
                before = waiting
        return head

    def _next_of(self, member: Member, head: Waiting) -> int:
        """The number of the job that ``member`` gets: the ``head``, or a part that reads the same files and begins
        where its last one ended, which it has to decode nothing twice for."""
        reads = _reads(head.job)
        last = _reads(member.last)
        if reads is not None and last is not None and last[0] == reads[0]:
            for waiting in self.queue.front(FEW):
                its = _reads(waiting.job)
                if its is not None and its[:2] == (last[0], last[2]):
                    return waiting.job_id
        return head.job_id


def _reads(job: Job | None) -> tuple[frozenset[str], int, int | None] | None:
    return job.reads if isinstance(job, RenderJob) else None
