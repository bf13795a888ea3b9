import asyncio

import pytest

from artdagd.runs.shared import Shared


async def test_two_callers_share_one_computation():
    made = []
    gate = asyncio.Event()

    async def make() -> str:
        made.append(1)
        await gate.wait()
        return "result"

    shared: Shared[str] = Shared()
    callers = [asyncio.create_task(shared.get("key", make)) for _ in range(5)]
    await asyncio.sleep(0)
    gate.set()
    assert await asyncio.gather(*callers) == ["result"] * 5
    assert made == [1]


async def test_work_goes_on_while_one_caller_still_waits():
    gate = asyncio.Event()

    async def make() -> str:
        await gate.wait()
        return "result"

    shared: Shared[str] = Shared()
    leaving = asyncio.create_task(shared.get("key", make))
    staying = asyncio.create_task(shared.get("key", make))
    await asyncio.sleep(0)
    leaving.cancel()
    await asyncio.gather(leaving, return_exceptions=True)
    gate.set()
    assert await staying == "result"


async def test_work_is_cancelled_when_all_callers_have_left():
    started, ended = asyncio.Event(), asyncio.Event()

    async def make() -> str:
        started.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()
        return "never"

    shared: Shared[str] = Shared()
    caller = asyncio.create_task(shared.get("key", make))
    await started.wait()
    caller.cancel()
    await asyncio.wait_for(ended.wait(), 30)


async def test_a_failure_reaches_every_caller_and_is_not_remembered():
    answers = iter([ValueError("broken"), "mended"])

    async def make() -> str:
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    shared: Shared[str] = Shared()
    callers = [shared.get("key", make), shared.get("key", make)]
    assert all(isinstance(e, ValueError) for e in await asyncio.gather(*callers, return_exceptions=True))
    assert await shared.get("key", make) == "mended"
    with pytest.raises(StopIteration):
        next(answers)
