"""Who does what: jobs, leases and workers as a state machine. Pure: events and the time come in, actions go out.

Rules. A worker holds at most its credits. A job goes to the worker that holds least. A lease that is not renewed in
time, or whose worker is gone, is fenced: its result is ignored, and the job is done again. A job that has cost
``DEATHS`` workers fails; a failure that may pass is tried ``ATTEMPTS`` times. A job ends once.
"""

from __future__ import annotations

from collections import deque
from typing import TypeAlias

import msgspec

from artdagd.workers.messages import WINDOW, Done, Failed, Job

DEATHS = 3
ATTEMPTS = 3
QUEUE = 100_000


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
    done: Done


class Fail(msgspec.Struct, frozen=True):
    """``code`` and ``detail`` as in StepFailed."""

    job_id: int
    code: str
    detail: str


class Report(msgspec.Struct, frozen=True):
    job_id: int
    fraction: float


class Release(msgspec.Struct, frozen=True):
    """Nothing of the lease ``fence`` is needed any more: its scratch folder can go."""

    fence: int


class Expel(msgspec.Struct, frozen=True):
    """``worker`` was silent too long: end its process if it is ours."""

    worker: bytes


Action: TypeAlias = Assign | Revoke | Fulfil | Fail | Report | Release | Expel


class Waiting(msgspec.Struct):
    job_id: int
    job: Job
    deaths: int = 0
    attempts: int = 0


class Lease(msgspec.Struct):
    fence: int
    worker: bytes
    waiting: Waiting
    expires: float


class Member(msgspec.Struct):
    """A worker as dispatch sees it."""

    used: int
    heard: float
    leases: set[int]


class Dispatch:
    """``lease`` is in seconds; every ``now`` is monotonic."""

    def __init__(self, lease: float = 15.0) -> None:
        self.lease = lease
        self.workers: dict[bytes, Member] = {}
        self.queue: deque[Waiting] = deque()
        self.leases: dict[int, Lease] = {}
        self.late = 0
        self._by_job: dict[int, int] = {}
        self._fence = 0
        self._job_id = 0

    def submit(self, job: Job, now: float) -> tuple[int, list[Action]]:
        """Queue a job; its id and what to do. Raises OverflowError when the queue is full."""
        if len(self.queue) >= QUEUE:
            raise OverflowError(f"{len(self.queue)} jobs wait")
        self._job_id += 1
        self.queue.append(Waiting(self._job_id, job))
        return self._job_id, self._assign(now)

    def cancel(self, job_id: int, now: float) -> list[Action]:
        """Forget a job; nothing happens if it has ended."""
        fence = self._by_job.get(job_id)
        if fence is None:
            self.queue = deque(waiting for waiting in self.queue if waiting.job_id != job_id)
            return []
        lease = self._end(fence)
        return [Revoke(lease.worker, fence), Release(fence), *self._assign(now)]

    def join(self, worker: bytes, now: float) -> list[Action]:
        """A worker says hello. One that was known starts from nothing: what it held is done again."""
        actions = self.leave(worker, now, blame=True) if worker in self.workers else []
        self.workers[worker] = Member(0, now, set())
        return actions + self._assign(now)

    def leave(self, worker: bytes, now: float, *, blame: bool) -> list[Action]:
        """A worker is gone. ``blame``: it died, perhaps of what it did."""
        member = self.workers.pop(worker, None)
        if member is None:
            return []
        actions: list[Action] = []
        for position, fence in enumerate(sorted(member.leases)):
            waiting = self._end(fence).waiting
            actions.append(Release(fence))
            # Jobs are done in the order of their fences: only the first can be to blame.
            waiting.deaths += blame and position == 0
            if waiting.deaths >= DEATHS:
                detail = f"it ended the worker process {waiting.deaths} times; the input or an effect crashes it"
                actions.append(Fail(waiting.job_id, "worker_died", detail))
            else:
                self.queue.appendleft(waiting)
        return actions + self._assign(now)

    def heartbeat(self, worker: bytes, fences: tuple[int, ...], now: float) -> list[Action]:
        """Renew leases; a lease that is not this worker's is to be stopped."""
        member = self.workers.get(worker)
        if member is None:
            return []
        member.heard = now
        actions: list[Action] = []
        for fence in fences:
            if fence in member.leases:
                self.leases[fence].expires = now + self.lease
            else:
                actions.append(Revoke(worker, fence))
        return actions

    def progress(self, worker: bytes, fence: int, fraction: float) -> list[Action]:
        lease = self.leases.get(fence)
        if lease is None or lease.worker != worker:
            return []
        return [Report(lease.waiting.job_id, min(max(fraction, 0.0), 1.0))]

    def result(self, worker: bytes, result: Done | Failed, now: float) -> list[Action]:
        """A result counts only under a valid lease of the worker that sends it."""
        lease = self.leases.get(result.fence)
        if lease is None or lease.worker != worker:
            self.late += 1
            return []
        waiting = self._end(result.fence).waiting
        if isinstance(result, Done):
            return [Fulfil(waiting.job_id, worker, result), *self._assign(now)]
        waiting.attempts += 1
        if result.retryable and waiting.attempts < ATTEMPTS:
            self.queue.appendleft(waiting)
            return [Release(result.fence), *self._assign(now)]
        return [Release(result.fence), Fail(waiting.job_id, result.code, result.detail), *self._assign(now)]

    def tick(self, now: float) -> list[Action]:
        """Fence what was not renewed. A worker that let a lease expire, or was silent as long, is expelled."""
        late = {lease.worker for lease in self.leases.values() if lease.expires <= now}
        late |= {name for name, member in self.workers.items() if member.heard + self.lease <= now}
        actions: list[Action] = []
        for worker in sorted(late):
            actions.append(Expel(worker))
            actions += self.leave(worker, now, blame=True)
        return actions

    def _end(self, fence: int) -> Lease:
        lease = self.leases.pop(fence)
        del self._by_job[lease.waiting.job_id]
        member = self.workers.get(lease.worker)
        if member:
            member.leases.discard(fence)
            member.used -= lease.waiting.job.cost
        return lease

    def _assign(self, now: float) -> list[Action]:
        actions: list[Action] = []
        while self.queue and self.workers:
            worker = min(self.workers, key=lambda name: (self.workers[name].used, name))
            member, job = self.workers[worker], self.queue[0].job
            if member.used + job.cost > WINDOW:
                break
            waiting = self.queue.popleft()
            self._fence += 1
            self.leases[self._fence] = Lease(self._fence, worker, waiting, now + self.lease)
            self._by_job[waiting.job_id] = self._fence
            member.leases.add(self._fence)
            member.used += job.cost
            actions.append(Assign(worker, self._fence, waiting.job_id, job))
        return actions
