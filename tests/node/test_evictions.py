"""Blobs that vanish under a run, and a cache that is emptied while runs go on (failures.md, C3 and C4)."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from clips import numbered_clip
from nodes import Person, running_node

import artdagd.node
from artdagd.runs.compute import Compute, Computed
from artdagd.runs.execution import Execution
from artdagd.runs.keeping import Keeper
from artdagd.runs.live import LiveRun
from artdagd.store import BlobStore, uses
from artdagd.workers.broker import Broker
from artdagd.workers.messages import RenderJob

RECIPE = """
name: chain
inputs:
  clip: {{type: video}}
steps:
  - {{id: part, type: SEGMENT, inputs: [clip], config: {{start: 0.1, duration: 0.4}}}}
  - {{id: tint, type: EFFECT, inputs: [part], config: {{effect: hue, degrees: {shared}}}, cache: keep}}
  - {{id: soft, type: EFFECT, inputs: [tint], config: {{effect: blur, sigma: 2}}, cache: keep}}
  - {{id: dark, type: EFFECT, inputs: [soft], config: {{effect: vignette, angle: {angle}}}}}
output: dark
"""


@asynccontextmanager
async def kept_node(folder: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[tuple[Person, Keeper, BlobStore]]:
    """A node whose keeper is at hand, and lets go whatever is not in use."""
    found: list[tuple[Keeper, BlobStore]] = []

    class Caught(Keeper):
        def __init__(self, store: BlobStore, *others: Any) -> None:
            super().__init__(store, *others)
            found.append((self, store))

    monkeypatch.setattr(artdagd.node, "Keeper", Caught)
    monkeypatch.setattr(uses, "GRACE", 0.0)
    async with running_node(folder / "home", workers=1) as (_, person):
        yield person, *found[0]


class Vandal:
    """Deletes files of results, each once, when a run has just been told that they are there."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.moment = ""
        self.done = 0

    def at(self, moment: str, *cids: str) -> None:
        if moment != self.moment:
            return
        self.moment = ""
        for cid in cids:
            for path in self.root.glob(f"blobs/*/{cid}"):
                path.unlink()
                self.done += 1


@pytest.fixture
def vandal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Vandal:
    made = Vandal(tmp_path / "home" / "cache")
    kept, render, begin, submit = Compute.kept, Compute.render, LiveRun.begin, Broker.submit

    async def kept_and_lost(self: Compute, cache_ids: list[str]) -> dict[str, str]:
        known = await kept(self, cache_ids)
        if known:
            made.at("looked up", *known.values())
        return known

    async def rendered_and_lost(self: Compute, *arguments: Any) -> Computed:
        result = await render(self, *arguments)
        made.at("rendered", result.cid)
        return result

    async def planned_and_lost(self: LiveRun, plan: Any, known: dict[str, str], *more: Any, **changes: Any) -> bool:
        entered = await begin(self, plan, known, *more, **changes)
        made.at("planned", *known.values())
        return entered

    async def submitted_and_lost(self: Broker, job: Any, *arguments: Any, **named: Any) -> Any:
        sources = job.render.sources if isinstance(job, RenderJob) else {}
        lost = [Path(path).name for name, path in sources.items() if name != "clip"]
        if lost:
            made.at("submitted", *lost)
        return await submit(self, job, *arguments, **named)

    monkeypatch.setattr(Compute, "kept", kept_and_lost)
    monkeypatch.setattr(Compute, "render", rendered_and_lost)
    monkeypatch.setattr(LiveRun, "begin", planned_and_lost)
    monkeypatch.setattr(Broker, "submit", submitted_and_lost)
    return made


MOMENTS = ("planned", "looked up", "submitted", "rendered")


@pytest.mark.parametrize("rounds", [1, pytest.param(50, marks=[pytest.mark.slow, pytest.mark.timeout(1800)])])
async def test_a_run_makes_again_what_vanishes_under_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, vandal: Vandal, rounds: int
):
    async with kept_node(tmp_path, monkeypatch) as (person, _, _):
        inputs = {"clip": await person.upload(numbered_clip(tmp_path / "clip.mp4", 20))}
        first = await person.run(recipe_yaml=RECIPE.format(shared=10, angle=0.1), inputs=inputs)
        assert first["status"] == "completed", first["error"]
        failed, trials = [], 0
        for number in range(rounds):
            for moment in MOMENTS:
                vandal.moment = moment
                trials += 1
                angle = 0.2 + trials / 1000
                run = await person.run(recipe_yaml=RECIPE.format(shared=10, angle=angle), inputs=inputs)
                assert vandal.moment == "", f"nothing was deleted when it was {moment}"
                if run["status"] != "completed":
                    failed.append((number, moment, run["error"]))
        assert failed == [], f"{len(failed)} of {trials}"
        assert vandal.done >= trials
        print(f"C3: {vandal.done} blobs deleted in {trials} runs, {len(failed)} failed")


@pytest.fixture
def touched(monkeypatch: pytest.MonkeyPatch) -> dict[str, set[str]]:
    """The results that each unfinished run was told of, by its id."""
    found: dict[str, set[str]] = {}
    run, tell = Execution.run, Execution._tell

    async def told(self: Execution, item: Any, done: Computed) -> None:
        found[self._live.run_id].add(done.cid)
        await tell(self, item, done)

    async def ran(self: Execution, **entering: Any) -> str | None:
        found[self._live.run_id] = set()
        try:
            return await run(self, **entering)
        finally:
            del found[self._live.run_id]

    monkeypatch.setattr(Execution, "_tell", told)
    monkeypatch.setattr(Execution, "run", ran)
    return found


@pytest.mark.parametrize("runs", [6, pytest.param(200, marks=[pytest.mark.slow, pytest.mark.timeout(1800)])])
async def test_collecting_all_the_time_takes_nothing_from_a_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, touched: dict[str, set[str]], runs: int
):
    async with kept_node(tmp_path, monkeypatch) as (person, keeper, _):
        inputs = {"clip": await person.upload(numbered_clip(tmp_path / "clip.mp4", 20))}
        gone, rounds, wrong = 0, 0, 0

        async def collect() -> None:
            nonlocal gone, rounds, wrong
            while True:
                async for one in keeper.going(1 << 40, unused=True):
                    gone += 1
                    wrong += any(one.cid in cids for cids in touched.values())
                rounds += 1
                await asyncio.sleep(0)

        collecting = asyncio.create_task(collect())
        for start in range(0, runs, 6):
            # In threes that share a step in the middle: each may find it, and none may lose it.
            texts = [RECIPE.format(shared=(start + at) // 3, angle=(start + at) / 1000) for at in range(6)]
            random.shuffle(texts)
            ended = await asyncio.gather(*(person.run(recipe_yaml=text, inputs=inputs) for text in texts))
            assert [run["error"] for run in ended] == [None] * 6
            for run in ended:
                assert (await person.http.get(f"/cache/{run['output_cid']}/raw")).status_code == 200
                assert (await person.http.get(f"/api/run/{run['run_id']}/provenance")).status_code == 200
                assert (await person.http.get(f"/api/run/{run['run_id']}/plan")).status_code == 200
        assert not collecting.done(), collecting
        collecting.cancel()
        assert gone, "what ended runs left goes"
        print(f"C4: {rounds} collections during {runs} runs took {gone} blobs, {wrong} of them live")
        assert wrong == 0
