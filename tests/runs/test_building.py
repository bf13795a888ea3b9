"""Parts that are gone while a run is watched, and fragments that many ask for at once."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from artdagd.errors import NotFound, Unavailable
from artdagd.plans.model import Segment
from artdagd.runs import fragments, watching
from artdagd.runs.fragments import Coding
from artdagd.runs.watching import Scene, Watching

WHO: Any = SimpleNamespace(name="somebody")
COUNT = 8


def watched(path: Callable[[dict[str, str], str], Path], status: str = "running") -> tuple[Watching, Any]:
    """A run all of whose parts were there; ``path`` says where one is now."""
    film = watching._Film(Scene(64, 64, True, ""), tuple(Segment(str(n), 50 * n, 50) for n in range(COUNT)), "sound")
    film.fps, film.there = Fraction(25), {name: name for name in film.names}

    async def find(name: str) -> Path:
        return path(film.there, name)

    async def known(names: list[str]) -> dict[str, str]:
        return {}

    async def record(run_id: str, who: object) -> Any:
        return SimpleNamespace(run_id=run_id, plan_id="plan", status=status)

    stage: Any = SimpleNamespace(store=SimpleNamespace(path=find), compute=SimpleNamespace(known=known))
    runs: Any = SimpleNamespace(record=record)
    active: Any = SimpleNamespace(get=lambda run_id: None, elsewhere=lambda row: False)
    made = Watching(stage, None, runs, active, None)  # type: ignore[arg-type]
    made._films["plan"] = film
    return made, film


def gone(there: dict[str, str], name: str) -> Path:
    raise NotFound(f"{name} is gone")


def swept(there: dict[str, str], name: str) -> Path:
    """Somebody else finds that the sound is gone meanwhile."""
    there.pop("sound", None)
    return Path(name)


def nowhere(there: dict[str, str], name: str) -> Path:
    """It is removed before it is opened."""
    return Path("nowhere") / name


@pytest.mark.parametrize("path", [gone, swept, nowhere])
@pytest.mark.parametrize("coding", [None, Coding("video/mp4", 0)])
async def test_what_is_gone_while_a_run_goes_on_is_made_again(path: Any, coding: Coding | None):
    made, film = watched(path)
    film.coding = coding
    with pytest.raises(Unavailable, match="can't be watched yet"):
        await made.beginning("run", WHO)
    made, film = watched(path)
    with pytest.raises(Unavailable, match="can't be watched yet"):
        await made.view("run", WHO)
    made, film = watched(path)
    with pytest.raises(Unavailable, match="segment 1 is not there yet"):
        await made.fragment("run", 1, WHO)


async def test_what_is_gone_when_a_run_has_ended_is_not_there():
    made, film = watched(gone, "completed")
    film.coding = Coding("video/mp4", 0)
    with pytest.raises(NotFound, match="can't be watched as a stream"):
        await made.beginning("run", WHO)


async def test_a_few_fragments_are_built_at_once_and_each_once(monkeypatch: pytest.MonkeyPatch):
    lock, gate, busy = threading.Lock(), threading.Event(), threading.Semaphore(0)
    going, most, numbers = 0, 0, []

    def build(number: int, *rest: object) -> bytes:
        nonlocal going, most
        with lock:
            going += 1
            most = max(most, going)
            numbers.append(number)
        busy.release()
        assert gate.wait(30)
        with lock:
            going -= 1
        return bytes([number])

    monkeypatch.setattr(fragments, "fragment", build)
    made, _ = watched(lambda there, name: Path(name))
    asked = [number for number in range(COUNT) for _ in range(3)]
    answers = [asyncio.create_task(made.fragment("run", number, WHO)) for number in asked]
    impatient = answers.pop(0)
    try:
        for _ in range(watching.AT_ONCE):
            assert await asyncio.to_thread(busy.acquire, timeout=30)
        impatient.cancel()
    finally:
        gate.set()
    assert await asyncio.gather(*answers) == [bytes([number]) for number in asked[1:]]
    assert sorted(numbers) == list(range(COUNT))
    assert most == watching.AT_ONCE
