"""One user's flood, and what others notice of it (E5)."""

from __future__ import annotations

import asyncio
import heapq
import random
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from artdagd.workers.dispatch import Assign, Dispatch, Fulfil, Limits
from artdagd.workers.messages import AnalyzeJob, Done

JOB = AnalyzeJob("/x", "beats", ("beats",), "")
SECONDS = 600.0
WORKERS = 4


class Afternoon:
    """Four workers whose jobs take a second or so. Ann sends ``flood`` times what they can do, bob a job now and then;
    ``taken`` are the seconds from bob's jobs to their results. Time is made up."""

    def __init__(self, flood: float) -> None:
        self.taken: list[float] = []
        self._flood = flood
        self._rng = random.Random(7)
        self._dispatch = Dispatch(Limits())
        self._calendar: list[tuple[float, int, Callable[[float], list[Any]]]] = []
        self._bobs: dict[int, float] = {}
        for worker in range(WORKERS):
            self._dispatch.join(b"%d" % worker, 0.0)
        self._at(0.0, self._beat)
        self._at(1.0, self._bob)
        if flood:
            self._at(0.0, self._ann)

    def run(self) -> list[float]:
        while self._calendar[0][0] < SECONDS:
            now, _, happens = heapq.heappop(self._calendar)
            for action in happens(now):
                if isinstance(action, Assign):
                    self._at(now + self._rng.uniform(0.8, 1.2), partial(self._done, action.worker, action.fence))
                elif isinstance(action, Fulfil) and action.job_id in self._bobs:
                    self.taken.append(now - self._bobs[action.job_id])
        return sorted(self.taken)

    def _at(self, when: float, happens: Callable[[float], list[Any]]) -> None:
        heapq.heappush(self._calendar, (when, len(self._calendar) + self._rng.getrandbits(40), happens))

    def _beat(self, now: float) -> list[Any]:
        self._at(now + 1.0, self._beat)
        workers = self._dispatch.workers.items()
        renewed = [action for name, member in workers for action in self._dispatch.heartbeat(name, member.leases, now)]
        return renewed + self._dispatch.tick(now)

    def _ann(self, now: float) -> list[Any]:
        self._at(now + 1.0 / (self._flood * WORKERS), self._ann)
        return self._dispatch.submit(JOB, now, "ann")[1]

    def _bob(self, now: float) -> list[Any]:
        self._at(now + self._rng.uniform(2.0, 6.0), self._bob)
        job_id, actions = self._dispatch.submit(JOB, now, "bob")
        self._bobs[job_id] = now
        return actions

    def _done(self, worker: bytes, fence: int, now: float) -> list[Any]:
        return self._dispatch.result(worker, Done(fence, msgspec.Raw(b"\xc0"), False, {}, 0.0), now)


def test_a_flood_of_five_times_what_is_possible_for_ten_minutes_doubles_nobodys_p95():
    alone, beside = (Afternoon(flood).run() for flood in (0.0, 5.0))
    p95 = [taken[len(taken) * 95 // 100] for taken in (alone, beside)]
    print(f"p95 {p95[0]:.2f} s alone, {p95[1]:.2f} s beside the flood, of {len(alone)} and {len(beside)} jobs")
    assert len(beside) > 140
    assert p95[1] < 2 * p95[0]


@pytest.mark.slow
async def test_a_nodes_users_take_turns(crowded: Any, tmp_path: Path, examples: Path):
    """Twelve runs of ann's wait for a worker when bob's comes: it doesn't wait for all of them."""
    recipe = """\
name: r
version: "1"
params: {seconds: {type: number, default: 1}}
steps: [{id: s, type: GENERATE, config: {pattern: gradient, width: 96, height: 64, duration: $params.seconds}}]
output: s
"""

    async def start(http: httpx.AsyncClient, seconds: float) -> str:
        body = {"recipe_yaml": recipe, "params": {"seconds": seconds}}
        answer = await http.post("/api/run-recipe", json=body)
        assert answer.status_code == 202, answer.text
        return str(answer.json()["run_id"])

    async def in_line(http: httpx.AsyncClient, run: str) -> None:
        """Until the run's job waits for a worker: one that comes earlier takes what is there."""
        async with asyncio.timeout(60):
            while [step["status"] for step in (await http.get(f"/runs/{run}")).json()["steps"]] != ["running"]:
                await asyncio.sleep(0.05)

    async with crowded(tmp_path / "home", ["ann", "bob"], workers=0) as (node, people):
        anns = [await start(people["ann"], 4 + number / 100) for number in range(12)]
        bobs = await start(people["bob"], 4.5)
        runs = [(people["bob"], bobs), *((people["ann"], run) for run in anns)]
        await asyncio.gather(*(in_line(http, run) for http, run in runs))
        socket = f"ipc://{node.settings.home / 'run' / 'workers.sock'}"
        command = [sys.executable, "-m", "artdagd.cli.daemon", "worker", "--connect", socket]
        worker = await asyncio.create_subprocess_exec(*command, stderr=asyncio.subprocess.DEVNULL)
        try:
            await asyncio.gather(*(http.get(f"/api/run/{run}/events", timeout=90) for http, run in runs))
        finally:
            worker.kill()
            await worker.wait()
        views = [(await http.get(f"/runs/{run}")).json() for http, run in runs]
        assert {view["status"] for view in views} == {"completed"}
        finished = sorted(view["finished_at"] for view in views)
        assert finished.index(views[0]["finished_at"]) < 6
