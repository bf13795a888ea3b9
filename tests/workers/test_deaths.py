"""Workers that die, hang, are stopped, or do not let go of a job: the work goes on."""

from __future__ import annotations

import asyncio
import os
import signal
import struct
import subprocess
import sys
from pathlib import Path

import pytest
from pools import Pool, alive, outside_worker, running_pool, until

from artdagd.errors import StepFailed
from artdagd.workers import messages
from artdagd.workers.dispatch import Limits


@pytest.mark.parametrize("light", [False, True])
async def test_poison_fails_and_innocents_finish(tmp_path: Path, light: bool):
    async with running_pool(tmp_path, 2) as pool:
        poison = pool.begin("die", light=light)
        innocents = [pool.begin("nothing", light=light) for _ in range(5)]
        assert await asyncio.gather(*innocents) == [0] * 5
        with pytest.raises(StepFailed, match="3 times") as failure:
            await poison
        assert failure.value.code == "worker_died"
        await pool.whole(2)
        assert await pool.value("nothing") == 0


async def test_a_worker_that_exits_with_0_early_has_not_done_its_job(pool: Pool):
    with pytest.raises(StepFailed) as failure:
        await pool.value("leave")
    assert failure.value.code == "worker_died"
    assert await pool.value("nothing") == 0


async def test_what_a_worker_started_ends_with_it(pool: Pool):
    with pytest.raises(StepFailed):
        await pool.value("breed")
    child = int((pool.state / "child").read_text())
    await until(lambda: not alive(child))


async def test_sys_exit_in_a_plugin_fails_the_step_and_nothing_else(pool: Pool):
    before = pool.pids()
    with pytest.raises(StepFailed) as failure:
        await pool.value("quit")
    assert failure.value.code == "analyzer_error"
    assert await pool.value("pid") in before


async def test_a_killed_worker_is_noticed_long_before_its_lease_ends(tmp_path: Path):
    async with running_pool(tmp_path, 1, limits=Limits(lease=1000)) as pool:
        waiting = pool.begin("stubborn")
        (first,) = await pool.began("stubborn")
        os.kill(first, signal.SIGKILL)
        both = await pool.began("stubborn", 2)
        (pool.state / "go").touch()
        assert await waiting in set(both) - {first}


async def test_a_stopped_worker_is_killed_and_its_job_done_by_another(tmp_path: Path):
    async with running_pool(tmp_path, 2) as pool:
        waiting = pool.begin("stubborn")
        (first,) = await pool.began("stubborn")
        os.kill(first, signal.SIGSTOP)
        both = await pool.began("stubborn", 2)
        await until(lambda: not alive(first))
        (pool.state / "go").touch()
        assert await waiting in set(both) - {first}
        assert first not in await pool.whole(2)


async def test_a_worker_that_keeps_the_interpreters_lock_is_killed(pool: Pool):
    waiting = pool.begin("hog")
    (first,) = await pool.began("hog")
    assert await waiting != first
    assert not alive(first)


async def test_a_job_without_progress_fails(tmp_path: Path):
    async with running_pool(tmp_path, 1, limits=Limits(lease=2.0, stop=0.5, stalled=1.0)) as pool:
        with pytest.raises(StepFailed) as failure:
            await pool.value("stubborn")
        assert failure.value.code == "timeout"
        assert await pool.value("nothing") == 0


async def test_a_probe_that_takes_too_much_of_the_processor_is_ended_and_it_is_told_why(tmp_path: Path):
    """20 hours of silence: a file with a hole."""
    head = struct.pack(
        "<4sI4s4sIHHIIHH4sI", b"RIFF", 0, b"WAVE", b"fmt ", 16, 1, 1, 8000, 8000, 1, 8, b"data", 576_000_000
    )
    endless = tmp_path / "endless.wav"
    endless.write_bytes(head)
    os.truncate(endless, 576_000_000 + len(head))
    async with running_pool(tmp_path, 1, limits=Limits(lease=60), arguments=("--probe-seconds", "1")) as pool:
        with pytest.raises(StepFailed, match="CPU time limit") as failure:
            await pool.broker.submit(messages.ProbeJob(str(endless)))
        assert failure.value.code == "worker_died"
        await pool.whole(1)
        assert await pool.value("nothing") == 0


async def test_a_cancelled_job_stops_and_its_worker_lives_on(tmp_path: Path):
    async with running_pool(tmp_path, 1, limits=Limits(lease=2.0, stop=1.0)) as pool:
        before = pool.pids()
        waiting = pool.begin("obey")
        await pool.began("obey")
        waiting.cancel()
        # Longer than a job may take to stop: whoever would end the worker for it has had the time.
        (pool.state / "go").unlink(missing_ok=True)
        second = pool.begin("stubborn")
        await pool.began("stubborn")
        loop = asyncio.get_running_loop()
        patience = loop.time() + 2.5
        await until(lambda: loop.time() > patience)
        (pool.state / "go").touch()
        assert await second in before
        assert pool.broker.workers()[0].doing == []


async def test_a_job_that_does_not_stop_loses_its_process_and_others_take_no_blame(pool: Pool):
    for _ in range(3):
        stuck = pool.begin("stubborn", light=True)
        await until(lambda: any(alive(int(mark.suffix[1:])) for mark in pool.state.glob("stubborn.*")))
        innocent = pool.begin("pid", light=True)
        stuck.cancel()
        assert await innocent
    await pool.whole(1)


async def test_workers_do_not_outlive_a_killed_daemon(tmp_path: Path):
    code = """
import asyncio, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from pools import running_pool
async def main():
    async with running_pool(Path(sys.argv[2]), 2) as pool:
        pool.begin("stubborn")
        print(*pool.pids(), flush=True)
        await asyncio.Event().wait()
asyncio.run(main())
"""
    command = [sys.executable, "-c", code, str(Path(__file__).parent), str(tmp_path)]
    daemon = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert daemon.stdout
    pids = [int(pid) for pid in (await asyncio.to_thread(daemon.stdout.readline)).split()]
    daemon.kill()
    daemon.wait()
    daemon.stdout.close()
    assert len(pids) == 2
    try:
        await until(lambda: not any(alive(pid) for pid in pids))
    finally:
        for pid in filter(alive, pids):
            os.kill(pid, signal.SIGKILL)


async def test_a_worker_that_can_not_come_round_ends_by_itself(tmp_path: Path):
    async with running_pool(tmp_path, 0) as pool:
        with outside_worker(pool.broker.address, tmp_path) as worker:
            job = pool.begin("hog")
            await pool.began("hog")
            assert await asyncio.to_thread(worker.wait, 10) == -signal.SIGALRM
        with outside_worker(pool.broker.address, tmp_path) as worker:
            assert await job == worker.pid


async def test_workers_get_no_secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("ARTDAG_CLUSTER_KEY", "secret")
    monkeypatch.setenv("DATABASE_URL", "postgresql://user:secret@host/db")
    async with running_pool(tmp_path, 1) as pool:
        assert not {"ARTDAG_CLUSTER_KEY", "DATABASE_URL"} & (await pool.value("environment")).keys()
