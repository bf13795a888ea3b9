"""Dispatch against a model of workers that do as they are told, die, fall silent, and answer late."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from artdagd.work import Part, RenderPass
from artdagd.workers import dispatch
from artdagd.workers.dispatch import DEATHS, Assign, Dispatch, Expel, Fail, Fulfil, Limits, Release, Report, Revoke
from artdagd.workers.messages import WINDOW, AnalyzeJob, Done, Failed, ProbeJob, RenderJob, Stopped

NAMES = st.sampled_from([b"a", b"b", b"c"])
USERS = st.sampled_from(["", "ann", "bob"])
LIMITS = Limits(lease=15, stop=3, stalled=60)
LIGHT, HEAVY = ProbeJob("/x"), AnalyzeJob("/x", "beats", ("beats",), "")
PARTS = [RenderJob(RenderPass((), {}, part=Part("picture", first, first + 1))) for first in range(3)]


def done(fence: int) -> Done:
    return Done(fence, msgspec.Raw(b"\xc0"), False, {}, 0.0)


class Jobs(RuleBasedStateMachine):
    """What the broker and its workers know, told by the actions alone."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.dispatch = Dispatch(LIMITS, 1000)
        self.holds: dict[bytes, dict[int, int]] = {}  # worker -> fence -> job, as the worker was told
        self.stopping: set[int] = set()
        self.costs: dict[int, int] = {}
        self.open: set[int] = set()
        self.ended: set[int] = set()
        self.released: set[int] = set()
        self.fences: list[int] = []
        self.blame: dict[int, int] = {}

    def act(self, actions: list[Any]) -> None:
        for action in actions:
            match action:
                case Assign(worker, fence, job_id, job):
                    assert job_id in self.open
                    assert not self.fences or fence > self.fences[-1]
                    holders = [held for held in self.holds.values() if job_id in held.values()]
                    assert not holders, "a job with two workers"
                    self.fences.append(fence)
                    self.holds[worker][fence] = job_id
                    self.costs[fence] = job.cost
                case Revoke(worker, fence):
                    assert worker in self.holds
                    self.stopping.add(fence)
                case Fulfil(job_id) | Fail(job_id):
                    assert job_id in self.open, "a job ended twice, or after it was cancelled"
                    self.open.remove(job_id)
                    self.ended.add(job_id)
                case Release(fence):
                    assert fence not in self.released
                    self.released.add(fence)
                    for held in self.holds.values():
                        held.pop(fence, None)
                case Expel(worker):
                    assert worker in self.holds
                    del self.holds[worker]
                case Report(job_id):
                    assert job_id in self.open

    def gone(self, worker: bytes, *, blame: bool) -> None:
        held = self.holds.pop(worker, {})
        if blame and held and (first := min(held)) not in self.stopping:
            self.blame[held[first]] = self.blame.get(held[first], 0) + 1
        self.act(self.dispatch.leave(worker, self.now, blame=blame))

    @rule(worker=NAMES)
    def join(self, worker: bytes) -> None:
        self.holds[worker] = {}
        self.act(self.dispatch.join(worker, self.now))

    @rule(worker=NAMES, blame=st.booleans())
    def leave(self, worker: bytes, blame: bool) -> None:
        self.gone(worker, blame=blame)

    @rule(
        job=st.sampled_from([LIGHT, LIGHT, HEAVY, *PARTS]),
        count=st.integers(1, 20),
        whose=st.sampled_from(["", "ann", "bob"]),
    )
    def submit(self, job: Any, count: int, whose: str) -> None:
        for _ in range(count):
            try:
                job_id, actions = self.dispatch.submit(job, self.now, whose)
            except OverflowError:
                assert len(self.open) >= dispatch.QUEUE
                return
            self.open.add(job_id)
            self.act(actions)

    @precondition(lambda self: self.open)
    @rule(data=st.data())
    def cancel(self, data: Any) -> None:
        job_id = data.draw(st.sampled_from(sorted(self.open)))
        self.open.remove(job_id)
        self.act(self.dispatch.cancel(job_id, self.now))

    @rule(job_id=st.integers(0, 50))
    def cancel_what_has_ended(self, job_id: int) -> None:
        if job_id not in self.open:
            assert not self.dispatch.cancel(job_id, self.now)

    @precondition(lambda self: any(self.holds.values()))
    @rule(data=st.data(), how=st.sampled_from(["done", "failed", "again", "stopped"]))
    def finish(self, data: Any, how: str) -> None:
        worker = data.draw(st.sampled_from(sorted(name for name, held in self.holds.items() if held)))
        fence = min(self.holds[worker])
        job_id = self.holds[worker].pop(fence)
        result = {
            "done": done(fence), "stopped": Stopped(fence),
            "failed": Failed(fence, "bad_media", "", False), "again": Failed(fence, "disk_full", "", True),
        }[how]  # fmt: skip
        was_open = job_id in self.open
        self.act(self.dispatch.result(worker, result, self.now))
        if how in ("done", "failed"):
            assert job_id not in self.open
            assert (job_id in self.ended) == was_open

    @precondition(lambda self: self.fences)
    @rule(data=st.data(), worker=NAMES)
    def late_or_stolen(self, data: Any, worker: bytes) -> None:
        fence = data.draw(st.sampled_from(self.fences))
        if fence not in self.holds.get(worker, {}):
            assert self.dispatch.result(worker, done(fence), self.now) == []
            assert self.dispatch.progress(worker, fence, 0.5, self.now) == []

    @rule(worker=NAMES, extra=st.lists(st.integers(0, 2000), max_size=3))
    def beat(self, worker: bytes, extra: list[int]) -> None:
        held = self.holds.get(worker, {})
        for action in self.dispatch.heartbeat(worker, (*held, *extra), self.now):
            assert isinstance(action, Revoke)
            assert action.fence not in held

    @rule(worker=NAMES)
    def progress(self, worker: bytes) -> None:
        for fence in self.holds.get(worker, {}):
            self.act(self.dispatch.progress(worker, fence, 0.5, self.now))

    @rule(seconds=st.sampled_from([0.5, 2, 7]))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds
        self.tick()

    def tick(self) -> None:
        before = {worker: dict(held) for worker, held in self.holds.items()}
        timed_out = set(self.open)
        actions = self.dispatch.tick(self.now)
        self.act(actions)
        timed_out -= self.open
        for action in actions:
            held = before.get(action.worker, {}) if isinstance(action, Expel) else {}
            if held and (first := min(held)) not in self.stopping and held[first] not in timed_out:
                self.blame[held[first]] = self.blame.get(held[first], 0) + 1

    @invariant()
    def nothing_is_lost(self) -> None:
        held = {job for worker in self.holds.values() for job in worker.values()} & self.open
        queued = set(self.dispatch.queue)
        assert held | queued == self.open
        assert not held & queued

    @invariant()
    def credits_are_kept(self) -> None:
        assert set(self.holds) == set(self.dispatch.workers)
        for worker, held in self.holds.items():
            assert sum(self.costs[fence] for fence in held) <= self.dispatch.workers[worker].used <= WINDOW

    @invariant()
    def blame_is_bounded(self) -> None:
        assert all(count < DEATHS for job, count in self.blame.items() if job in self.open)

    @invariant()
    def nobody_waits_for_nothing(self) -> None:
        if self.dispatch.queue:
            assert all(member.used for member in self.dispatch.workers.values())

    @invariant()
    def the_queue_is_bounded(self) -> None:
        assert len(self.open) <= dispatch.QUEUE

    def teardown(self) -> None:
        """Whoever is left, one honest worker ends every job."""
        for worker in list(self.holds):
            self.gone(worker, blame=False)
        self.join(b"honest")
        while self.holds[b"honest"]:
            fence = min(self.holds[b"honest"])
            del self.holds[b"honest"][fence]
            self.act(self.dispatch.result(b"honest", done(fence), self.now))
        assert not self.open


@pytest.fixture(autouse=True)
def short_queue(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dispatch, "QUEUE", 60)


TestJobs = Jobs.TestCase


def started(*jobs: Any, workers: int = 1) -> tuple[Dispatch, list[Assign]]:
    state = Dispatch(LIMITS)
    state.tick(0.0)
    for number in range(workers):
        state.join(bytes([number]), 0.0)
    return state, [action for job in jobs for action in state.submit(job, 0.0)[1]]


def test_a_daemon_that_slept_blames_nobody():
    state, (lease,) = started(HEAVY)
    assert state.tick(1000.0) == []
    assert state.result(lease.worker, done(lease.fence), 1000.0)


@pytest.mark.parametrize("jobs", [(), (HEAVY,)])
def test_silence_ends_membership_in_time(jobs: Any):
    state, _ = started(*jobs)
    for second in range(15):
        assert state.tick(float(second)) == []
    assert any(isinstance(action, Expel) for action in state.tick(15.0))


def test_what_was_with_a_dead_worker_runs_alone_and_in_its_order():
    state, leases = started(LIGHT, LIGHT, LIGHT)
    state.leave(b"\0", 1.0, blame=True)
    assert list(state.queue) == [lease.job_id for lease in leases]
    assert [action.job_id for action in state.join(b"next", 1.0)] == [leases[0].job_id]


def test_users_take_turns_and_each_ones_jobs_keep_their_order():
    state = Dispatch(LIMITS)
    whose = {}
    for user in ["ann"] * 4 + ["bob"] * 2 + ["eve"]:
        whose[state.submit(HEAVY, 0.0, user)[0]] = user
    order = []
    (lease,) = state.join(b"w", 0.0)
    while lease:
        order.append(lease.job_id)
        _, *leases = state.result(b"w", done(lease.fence), 0.0)
        lease = leases[0] if leases else None
    assert "".join(whose[job_id][0] for job_id in order) == "abeabaa"
    assert all([job for job in order if whose[job] == user] == [j for j in whose if whose[j] == user] for user in "ab")


def part(first: int, last: int | None, path: str = "/x") -> RenderJob:
    return RenderJob(RenderPass((), {"video": path}, part=Part("picture", first, last)))


def test_a_worker_gets_the_part_that_goes_on_where_its_last_one_ended():
    state = Dispatch(LIMITS)
    parts = [part(0, 50), part(150, 200), part(50, 100), part(200, 250), part(100, 150), part(250, None)]
    for job in parts:
        state.submit(job, 0.0)
    first, *_ = state.join(b"a", 0.0)
    second, *_ = state.join(b"b", 0.0)
    done_by: dict[bytes, list[int]] = {b"a": [], b"b": []}
    leases = [second, first]  # the one that began later is the faster one
    while leases:
        lease = leases.pop(0)
        done_by[lease.worker].append(lease.job.render.part.first)
        leases += [
            action for action in state.result(lease.worker, done(lease.fence), 0.0) if isinstance(action, Assign)
        ]
    assert done_by == {b"a": [0, 50, 100], b"b": [150, 200, 250]}


def test_what_waits_of_other_kinds_is_not_passed_over_for_a_part():
    state = Dispatch(LIMITS)
    for job in (part(0, 50), HEAVY, part(0, 50, "/other"), part(50, 100)):
        state.submit(job, 0.0)
    order = []
    (lease,) = state.join(b"w", 0.0)
    while lease:
        order.append(lease.job_id)
        _, *leases = state.result(b"w", done(lease.fence), 0.0)
        lease = leases[0] if leases else None
    assert order == [1, 2, 3, 4]


def served(state: Dispatch) -> list[int]:
    """The order in which one worker does what waits."""
    order = []
    leases = [action for action in state.join(b"w", 0.0) if isinstance(action, Assign)]
    while leases:
        lease = leases.pop(0)
        order.append(lease.job_id)
        leases += [one for one in state.result(b"w", done(lease.fence), 0.0) if isinstance(one, Assign)]
    return order


def test_what_somebody_waits_for_comes_before_the_users_other_renders():
    state, waits = Dispatch(LIMITS), set[int]()
    jobs = [(part(0, 50), "ann"), (part(50, 100), "ann"), (part(0, 50, "/x"), "ann"), (part(50, 100), "bob"),
            (part(100, 150), "ann"), (part(300, 350), "ann"), (part(200, 250), "bob")]  # fmt: skip
    for number, (job, user) in enumerate(jobs, 1):
        state.submit(job, 0.0, user, lambda number=number: number in waits)
    waits |= {3, 6}
    assert served(state) == [3, 4, 6, 7, 1, 2, 5], "users take turns, and the worker's last part counts for less"


def test_short_work_does_not_wait_until_a_film_is_watched_to_its_end():
    state = Dispatch(LIMITS)
    whole = RenderJob(RenderPass((), {}))
    for job, urgent in ((whole, False), (LIGHT, False), (HEAVY, False), (whole, False), (part(0, 50), True)):
        state.submit(job, 0.0, "", lambda urgent=urgent: urgent)
    assert served(state) == [2, 3, 5, 1, 4]


@pytest.mark.parametrize("job", [LIGHT, HEAVY])
def test_a_job_that_ends_three_workers_fails(job: Any):
    state, _ = started(job)
    for name in (b"\0", b"second"):
        assert not [action for action in state.leave(name, 0.0, blame=True) if isinstance(action, Fail)]
        state.join(b"second" if name == b"\0" else b"third", 0.0)
    (failed,) = (action for action in state.leave(b"third", 0.0, blame=True) if isinstance(action, Fail))
    assert failed.code == "worker_died"
    assert not state.join(b"fourth", 0.0)


def test_a_cancelled_job_keeps_its_credits_until_it_has_stopped():
    state, (lease,) = started(HEAVY)
    state.cancel(lease.job_id, 0.0)
    assert state.submit(HEAVY, 0.0)[1] == []
    released, assigned = state.result(lease.worker, Stopped(lease.fence), 1.0)
    assert isinstance(released, Release)
    assert isinstance(assigned, Assign)


def test_there_is_a_most_of_workers(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(dispatch, "WORKERS", 2)
    state, _ = started(workers=2)
    with pytest.raises(OverflowError):
        state.join(b"one more", 0.0)
    state.join(b"\0", 0.0)  # One of the two says hello again.
    assert len(state.workers) == 2
