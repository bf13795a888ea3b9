"""The order in which the parts of a pass are given to workers."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from artdagd.errors import NotFound
from artdagd.plans.model import Pass, Segment
from artdagd.runs import parts
from artdagd.runs.compute import URGENT
from artdagd.runs.parts import InParts
from artdagd.runs.wants import Wants
from artdagd.work import Delivery


class Workers:
    """Do the parts in the order in which they come, two at once, and remember it; ``slow`` ones come late."""

    there: frozenset[str] = frozenset()

    def __init__(self, count: int, slow: frozenset[str] = frozenset()) -> None:
        self.workers, self.order, self._slow = count, [], slow
        self.urgent: dict[str, Any] = {}
        self._free = asyncio.Semaphore(count)

    async def kept(self, cache_ids: list[str]) -> dict[str, str]:
        return {part: part for part in cache_ids if part in self.there}

    async def render(self, cache_id: str, identity: str, make: Any, on_progress: Any, begin: Any) -> Any:
        for _ in range(5 if cache_id in self._slow else 1):  # as a look into the database may take longer
            await asyncio.sleep(0)
        await begin()
        self.urgent[cache_id] = URGENT.get()
        self.order.append(cache_id)
        on_progress(0.0, "worker")
        async with self._free:
            await asyncio.sleep(0)
        return SimpleNamespace(cid=cache_id)


class Stuck(Workers):
    """They have others' work to do."""

    async def render(self, cache_id: str, identity: str, make: Any, on_progress: Any, begin: Any) -> Any:
        await begin()
        self.order.append(cache_id)
        await asyncio.Event().wait()

    async def stand(self, count: int) -> None:
        """Until so many parts are in line, and no more come."""
        async with asyncio.timeout(10):
            while len(self.order) < count:
                await asyncio.sleep(0)
        await asyncio.sleep(3 * parts.LOOK)
        assert len(self.order) == count


def waiting(number: int) -> Wants:
    wants = Wants()
    wants.ask("viewer", number, 60.0)
    return wants


async def order(
    workers: Workers,
    segments: int,
    wants: Wants | None = None,
    sound: str = "",
    tell: Any = lambda *_: None,
    path: Any = None,
) -> list[str]:
    step = SimpleNamespace(step_id="s", identity="")
    made = tuple(Segment(str(number), number * 50, 50) for number in range(segments))
    item = Pass("p", ("s",), Delivery(), segments=made, sound=sound)
    store = SimpleNamespace(path=path or (lambda cid: asyncio.sleep(0, cid)))
    made_of = SimpleNamespace(join=lambda paths: None, content_id=lambda work, cids: None)
    plan: Any = SimpleNamespace(steps=[step])
    await InParts(plan, item, made_of, workers, store, None, tell, wants).made(None, None)
    return workers.order


async def test_while_nobody_watches_they_come_in_order_whatever_is_looked_up_first(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(parts, "TURN", 30.0)
    for slow in ("", "0", "3"):
        assert await order(Workers(2, frozenset({slow})), 6) == ["0", "1", "2", "3", "4", "5"]
    assert await order(Workers(1), 3, sound="heard") == ["heard", "0", "1", "2"]


async def test_of_many_each_worker_has_a_row(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(parts, "TURN", 30.0)
    assert await order(Workers(2), 10) == ["0", "5", "1", "6", "2", "7", "3", "8", "4", "9"]
    assert await order(Workers(2), 8) == ["0", "1", "2", "3", "4", "5", "6", "7"]


async def test_what_somebody_waits_for_comes_first_and_then_what_follows():
    workers = Workers(1)
    assert await order(workers, 6, waiting(3)) == ["3", "4", "5", "0", "1", "2"]
    assert [name for name in workers.order if workers.urgent[name]()] == ["3", "4", "5"]
    workers = Workers(1)
    assert await order(workers, 4, waiting(2), sound="heard") == ["heard", "2", "3", "0", "1"]
    assert [name for name in workers.order if workers.urgent[name]()] == ["heard", "2", "3"]


async def test_what_somebody_waits_for_gets_into_line_when_all_that_is_there_is_stuck(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(parts, "LOOK", 0.01)
    workers, wants = Stuck(2), Wants()
    made = asyncio.create_task(order(workers, 40, wants))
    await workers.stand(4)
    for number, count in ((30, 5), (35, 6), (20, 6), (38, 6)):  # what follows what they wait for is of use, too
        wants.ask("viewer", number)
        await workers.stand(count)
    assert workers.order[4:] == ["30", "35"]
    made.cancel()
    await asyncio.gather(made, return_exceptions=True)


async def test_parts_that_are_there_are_no_progress():
    workers, told = Workers(1), list[float]()
    workers.there = frozenset(map(str, range(27)))
    assert await order(workers, 30, tell=lambda fraction, _: told.append(fraction)) == ["27", "28", "29"]
    share = 0.96 / 30
    assert sorted(set(told)) == pytest.approx([number * share / (3 * share + 0.02) for number in range(4)])


async def test_progress_does_not_go_back_when_parts_have_gone():
    workers, told = Workers(1), list[float]()
    workers.there = frozenset("012")

    async def path(cid: str) -> str:
        if "0" in workers.there:
            workers.there = frozenset("3")
            raise NotFound("gone")
        return cid

    await order(workers, 4, tell=lambda fraction, _: told.append(fraction), path=path)
    assert workers.order == ["3", "0", "1", "2"]
    assert told == sorted(told)
    assert len(set(told)) == 5
    assert told[-1] < 1
