"""Writes and look-ups that wait at the same time are done in one go, and fail alone."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from artdagd.database import Database
from artdagd.database.actions import ActionRow
from artdagd.database.runs import RunRow, StepRow
from artdagd.database.together import Together


async def test_what_waits_at_the_same_time_is_done_in_one_go():
    groups: list[list[int]] = []

    async def work(items: list[int]) -> list[int]:
        groups.append(items)
        await asyncio.sleep(0)
        return [item * 2 for item in items]

    together = Together(work)
    assert await asyncio.gather(*map(together.do, range(10))) == [item * 2 for item in range(10)]
    assert groups == [list(range(10))]
    assert await together.do(11) == 22


async def test_one_that_fails_fails_alone():
    async def work(items: list[int]) -> list[int]:
        if 3 in items:
            raise ValueError("three")
        return items

    together = Together(work)
    results = await asyncio.gather(*map(together.do, range(5)), return_exceptions=True)
    assert isinstance(results[3], ValueError)
    assert [result for result in results if not isinstance(result, ValueError)] == [0, 1, 2, 4]


async def test_a_caller_that_leaves_takes_nothing_from_the_others():
    begun, go_on = asyncio.Event(), asyncio.Event()
    groups: list[list[int]] = []

    async def work(items: list[int]) -> list[int]:
        groups.append(items)
        begun.set()
        await go_on.wait()
        return items

    together = Together(work)
    leaving, staying = asyncio.create_task(together.do(1)), asyncio.create_task(together.do(2))
    await begun.wait()
    leaving.cancel()
    go_on.set()
    assert await staying == 2
    assert groups == [[1, 2]]
    with pytest.raises(asyncio.CancelledError):
        await leaving


async def test_each_record_is_kept_and_each_look_up_gets_its_own(tmp_path: Path):
    database = await Database.open(f"sqlite:///{tmp_path / 'state.sqlite'}")
    rows = [ActionRow(cache_id=f"c{n}", output_cid=f"o{n}", kind="analysis", identity="") for n in range(40)]
    await asyncio.gather(*(database.actions.put([row]) for row in rows))
    asked = [[f"c{n}", f"missing{n}"] for n in range(40)]
    found = await asyncio.gather(*map(database.actions.outputs, asked))
    assert found == [{f"c{n}": f"o{n}"} for n in range(40)]
    await database.close()


async def test_a_record_that_is_written_is_found_at_once(tmp_path: Path):
    database = await Database.open(f"sqlite:///{tmp_path / 'state.sqlite'}")

    async def put_and_look(name: str) -> dict[str, str]:
        await database.actions.put([ActionRow(cache_id=name, output_cid="o", kind="render", identity="")])
        return await database.actions.outputs([name])

    found = await asyncio.gather(*(put_and_look(f"c{n}") for n in range(20)))
    assert found == [{f"c{n}": "o"} for n in range(20)]
    await database.close()


async def test_runs_looked_up_at_the_same_time_have_their_own_steps_in_order(tmp_path: Path):
    database = await Database.open(f"sqlite:///{tmp_path / 'state.sqlite'}")
    runs = [f"r{n}" for n in range(5)]
    for run_id in runs:
        row = RunRow(run_id=run_id, owner="o", status="running", created_at="t")
        assert await database.runs.insert(row)
        steps = [StepRow(run_id=run_id, step_id=f"{run_id}-{n}", position=n, type="EFFECT", level=n) for n in range(3)]
        await database.runs.put_steps(run_id, steps[::-1])
    rows = await asyncio.gather(*map(database.runs.get, [*runs, "missing"]))
    assert [row.run_id if row else None for row in rows] == [*runs, None]
    found = await asyncio.gather(*map(database.runs.steps, [*runs, "missing"]))
    assert [[step.step_id for step in steps] for steps in found] == [[f"{r}-{n}" for n in range(3)] for r in runs] + [
        []
    ]
    await database.close()
