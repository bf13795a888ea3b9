"""Who asks for the playlist of a run waits for what it lacks."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from artdagd.errors import NotFound, Unavailable
from artdagd.plans.model import Pass, Segment
from artdagd.runs import parts
from artdagd.runs.parts import InParts
from artdagd.runs.wants import Wants
from artdagd.runs.watching import Watching
from artdagd.work import Delivery, Extent

WORKERS = 2
SEGMENTS = tuple(Segment(str(number), number * 150, 150) for number in range(5 * WORKERS))
WHO: Any = SimpleNamespace(name="her")


class Run:
    """Each segment takes two seconds of a worker, and somebody asks for the playlist as players do: once in six."""

    def __init__(self) -> None:
        self.now, self.polled, self.order = 0.0, -10.0, []
        self.there: dict[str, str] = {}
        self.wants = Wants(lambda: self.now)
        self.workers = WORKERS
        self.item = Pass("p", ("s",), Delivery(), segments=SEGMENTS)
        plan = SimpleNamespace(output_pass=self.item, extents={"s": Extent(1500, (25, 1), 64, 64)})
        stage: Any = SimpleNamespace(
            catalogue=None, store=SimpleNamespace(path=self.lost), compute=SimpleNamespace(known=self.known)
        )
        binder: Any = SimpleNamespace(read_plan=self.gives(plan))
        row = SimpleNamespace(run_id="run", plan_id="plan", status="running")
        runs: Any = SimpleNamespace(record=self.gives(row))
        self.here = True
        active: Any = SimpleNamespace(
            get=lambda _: SimpleNamespace(wants=self.wants) if self.here else None,
            elsewhere=lambda row: row.status == "running",
        )
        self.afar = Wants(lambda: self.now)
        afar: Any = SimpleNamespace(of=lambda _: self.afar)
        self.watching = Watching(stage, binder, runs, active, afar)

    @staticmethod
    def gives(it: Any) -> Any:
        async def give(*_: Any) -> Any:
            return it

        return give

    async def lost(self, cid: str) -> Any:
        raise NotFound(f"{cid} is gone")

    async def known(self, names: list[str]) -> dict[str, str]:
        return {name: cid for name, cid in self.there.items() if name in names}

    async def kept(self, cache_ids: list[str]) -> dict[str, str]:
        return {}

    async def poll(self) -> str:
        try:
            return await self.watching.playlist("run", WHO)
        except Unavailable:
            return ""

    async def render(self, cache_id: str, identity: str, make: Any, on_progress: Any, begin: Any) -> Any:
        await begin()
        self.order.append(int(cache_id))
        self.now += 2 / WORKERS
        self.there[cache_id] = cache_id
        if self.now - self.polled >= 6:
            self.polled = self.now
            await self.poll()
        return SimpleNamespace(cid=cache_id)

    async def made(self) -> list[int]:
        """The order in which the segments are rendered."""
        plan: Any = SimpleNamespace(steps=[SimpleNamespace(step_id="s", identity="")])
        store: Any = SimpleNamespace(path=lambda cid: self.gives(cid)())
        made_of: Any = SimpleNamespace(join=lambda paths: None, content_id=lambda work, cids: None)
        work = InParts(plan, self.item, made_of, self, store, None, lambda *_: None, self.wants)  # type: ignore[arg-type]
        await work.made(None, None)  # type: ignore[arg-type]
        return self.order


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setattr(parts, "TURN", 30.0)
    return Run()


async def test_while_a_player_asks_for_the_playlist_the_segments_come_in_order(run: Run):
    assert await run.poll() == "", "nothing is there yet, and somebody waits"
    assert await run.made() == list(range(len(SEGMENTS)))
    text = await run.poll()
    assert text.count("#EXTINF") == len(SEGMENTS)
    assert text.endswith("#EXT-X-ENDLIST\n")
    assert run.wants.turn() is None, "whoever has the complete playlist waits for nothing"


async def test_a_player_who_comes_late_gets_the_first_that_is_lacking(run: Run):
    run.there = {"0": "0", "5": "5"}
    assert (await run.poll()).count("#EXTINF") == 1
    assert run.wants.turn() == 1


async def test_a_player_has_left_when_it_did_not_ask_for_twice_the_target_duration(run: Run):
    await run.poll()
    run.now = 2 * 6
    assert run.wants.turn() == 0
    run.now += 2
    assert run.wants.turn() is None


async def test_a_fetched_segment_does_not_end_the_waiting_for_the_playlist(run: Run):
    run.there = {"0": "0"}
    await run.poll()
    with pytest.raises(Unavailable):  # it was there when it was asked for
        await run.watching.fragment("run", 0, WHO)
    assert run.wants.turn() == 1


async def test_what_is_waited_for_of_a_run_of_another_node_is_told_there(run: Run):
    run.here, run.there = False, {"0": "0", "5": "5"}
    await run.poll()
    assert (run.afar.turn(), run.wants.turn()) == (1, None)
    run.there = {name: name for name in map(str, range(len(SEGMENTS)))}
    await run.poll()
    assert run.afar.turn() is None
