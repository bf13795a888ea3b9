"""Peers that talk nonsense, and workers that lie: nothing changes, and the honest go on."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Any

import msgspec
import pytest
import zmq
from pools import Peer, Pool, done, hello, joined_peer, running_pool, until

from artdagd.errors import StepFailed
from artdagd.work import RenderPass, RenderStep
from artdagd.workers import messages
from artdagd.workers.dispatch import Limits

NONSENSE = [
    b"",
    b"\xc1" * 100,
    b"\x91" * 100_000,
    msgspec.msgpack.encode({"type": "results", "items": [["done", "one", 0, False, {}, 0.0]]}),
    msgspec.msgpack.encode({"type": "results", "items": [["done", 1, 0, False, {"a": "b" * 200}, 0.0]]}),
    msgspec.msgpack.encode({"type": "results", "items": [["failed", 1, "x", "y" * 3000, False]]}),
    msgspec.msgpack.encode({"type": "progress", "fence": 1, "fraction": float("nan")}),
    msgspec.msgpack.encode({"type": "heartbeat", "fences": list(range(1000)), "memory": 0}),
    msgspec.msgpack.encode({"type": "heartbeat", "fences": [2**64 - 1], "memory": -1}),
    msgspec.msgpack.encode({"type": "hello", "version": 1, "name": "n" * 1000}),
    msgspec.msgpack.encode({"type": "work", "assignments": []}),
    messages.encode(messages.Results((messages.Failed(-1, "x", "y", False),))),
]


async def test_nonsense_changes_nothing(pool: Pool):
    before = pool.pids()
    peer = Peer(pool.broker.address)
    for data in NONSENSE:
        await peer.say(data)
    await peer.socket.send_multipart([b"two", b"frames"])
    # The answer shows that all before it was read.
    await peer.say(messages.Heartbeat((), 0))
    assert isinstance(await peer.heard(messages.Again), messages.Again)
    peer.close()
    assert pool.pids() == before
    assert await pool.value("nothing") == 0


async def test_a_giant_message_ends_the_connection_and_nothing_else(pool: Pool):
    peer = Peer(pool.broker.address)
    monitor = peer.socket.get_monitor_socket(zmq.EVENT_DISCONNECTED)
    await peer.say(bytes(messages.MAX_BYTES + 1))
    async with asyncio.timeout(10):
        await monitor.recv_multipart()
    peer.socket.disable_monitor()
    peer.close()
    assert await pool.value("nothing") == 0


@pytest.mark.parametrize("changes", [{"version": 99}, {"catalogue": "another"}])
async def test_a_worker_of_another_version_is_told_why_it_is_refused(pool: Pool, changes: dict[str, Any]):
    peer = Peer(pool.broker.address)
    await peer.say(hello(**changes))
    assert "versions" in (await peer.heard(messages.Refused)).reason
    peer.close()
    assert len(pool.pids()) == 1


async def test_who_takes_a_workers_identity_gets_none_of_its_jobs(tmp_path: Path):
    async with running_pool(tmp_path, 0) as pool:
        identity = b"the-worker"
        worker = Peer(pool.broker.address, identity)
        await worker.join()
        thief = Peer(pool.broker.address, identity)
        monitor = thief.socket.get_monitor_socket(zmq.EVENT_HANDSHAKE_SUCCEEDED)
        await thief.say(hello())
        async with asyncio.timeout(10):
            await monitor.recv_multipart()
        thief.socket.disable_monitor()
        async with joined_peer(pool) as witness:  # The broker has read what came before.
            await witness.say(messages.Bye())
            await until(lambda: len(pool.broker.workers()) == 1)
        job = pool.begin("nothing")
        (assignment,) = (await worker.heard(messages.Work)).assignments
        await thief.say(done(assignment.fence, {"nothing": "stolen"}))
        await worker.say(done(assignment.fence, {"nothing": "honest"}))
        assert await job == "honest"
        assert not await thief.socket.poll(0)
        worker.close()
        thief.close()


async def test_who_claims_a_workers_process_can_not_have_it_killed(pool: Pool):
    (pid,) = pool.pids()
    peer = Peer(pool.broker.address)
    await peer.join(pid=pid)
    await until(lambda: len(pool.broker.workers()) == 1)  # It said nothing for a lease and was given up.
    peer.close()
    assert await pool.value("pid") == pid


async def test_only_the_holder_of_a_lease_ends_a_job(tmp_path: Path):
    async with running_pool(tmp_path, 0) as pool, joined_peer(pool) as worker, joined_peer(pool) as liar:
        jobs = [pool.begin("nothing"), pool.begin("pid")]
        works = [(await peer.heard(messages.Work)).assignments[0] for peer in (worker, liar)]
        held = {name: work for work in works for name in work.job.features}
        mine, yours = works
        for fence in (mine.fence, mine.fence + 100, 0):
            await liar.say(done(fence, {"nothing": "lie"}))
            await liar.say(messages.Results((messages.Failed(fence, "bad_media", "lie", False),)))
            await liar.say(messages.Results((messages.Stopped(fence),)))
            await liar.say(messages.Progress(fence, 1.0))
        await liar.say(messages.Heartbeat((mine.fence, yours.fence), 0))
        assert (await liar.heard(messages.Cancel)).fences == (mine.fence,)
        assert not any(job.done() for job in jobs)
        for peer, work in ((worker, mine), (liar, yours)):
            await peer.say(done(work.fence, dict.fromkeys(work.job.features, "truth")))
        assert await asyncio.gather(*jobs) == ["truth"] * 2
        assert len(held) == 2


async def test_a_result_that_comes_after_the_lease_is_refused(tmp_path: Path):
    async with running_pool(tmp_path, 0) as pool, joined_peer(pool) as slow:
        job = pool.begin("nothing")
        (first,) = (await slow.heard(messages.Work)).assignments
        # It hears nothing until the job is with another, like a process that was stopped and goes on.
        await until(lambda: not pool.broker.workers())
        async with joined_peer(pool) as other:
            (second,) = (await other.heard(messages.Work)).assignments
            await slow.say(done(first.fence, {"nothing": "late"}))
            await slow.heard(messages.Again)
            await slow.say(done(second.fence, {"nothing": "late"}))
            await slow.heard(messages.Again)
            assert not job.done()
            await other.say(done(second.fence, {"nothing": "in time"}))
            assert await job == "in time"
            await other.say(done(second.fence, {"nothing": "twice"}))
            await other.say(messages.Heartbeat((), 0))
            await other.heard(messages.Alive)


@pytest.mark.parametrize(
    "value", [None, 7, {}, {"other": 1}, {"nothing": {1: 2}}, {"nothing": float("nan")}, {"nothing": b"bytes"}]
)
async def test_features_that_are_not_what_was_asked_for_are_refused(tmp_path: Path, value: Any):
    async with running_pool(tmp_path, 0) as pool, joined_peer(pool) as liar:
        job = pool.begin("nothing")
        (work,) = (await liar.heard(messages.Work)).assignments
        await liar.say(done(work.fence, value))
        with pytest.raises(StepFailed) as failure:
            await job
        assert failure.value.code == "refused"


async def test_facts_that_are_none_are_refused(tmp_path: Path):
    async with running_pool(tmp_path, 0) as pool, joined_peer(pool) as liar:
        job = asyncio.create_task(pool.broker.submit(messages.ProbeJob("/dev/null")))
        (work,) = (await liar.heard(messages.Work)).assignments
        await liar.say(done(work.fence, {"kind": "poem", "media_type": "text/plain"}))
        with pytest.raises(StepFailed) as failure:
            await job
        assert failure.value.code == "refused"


@pytest.mark.parametrize("left", ["nothing", "link", "folder", "pipe", "file"])
async def test_only_a_regular_file_is_a_result(tmp_path: Path, left: str):
    async with running_pool(tmp_path, 0) as pool, joined_peer(pool) as liar:
        render = RenderPass((RenderStep("s", "EFFECT", {}, ()),), {})
        job = asyncio.create_task(pool.broker.submit(messages.RenderJob(render)))
        (work,) = (await liar.heard(messages.Work)).assignments
        scratch = Path(work.scratch)
        scratch.mkdir()
        (tmp_path / "secret").write_text("secret")
        place = scratch / "output.mov"
        {
            "nothing": lambda: None,
            "link": lambda: place.symlink_to(tmp_path / "secret"),
            "folder": place.mkdir,
            "pipe": lambda: os.mkfifo(place),
            "file": lambda: place.write_text("film"),
        }[left]()
        await liar.say(done(work.fence, None, file=left != "nothing"))
        if left == "file":
            assert (await job).path == place
            return
        with pytest.raises(StepFailed, match="no result file"):
            await job
        await until(lambda: not scratch.exists())


async def test_large_features_come_whole(pool: Pool):
    assert await pool.value("large") == list(range(300_000))
    assert [path.name[:5] for path in (pool.state.parent / "scratch").iterdir()] == ["sign-"]


async def test_keys_are_texts_as_in_json(pool: Pool):
    assert await pool.value("keys") == {"1": 2}


async def test_a_job_that_no_message_can_carry_is_refused(pool: Pool):
    with pytest.raises(StepFailed) as failure:
        await pool.broker.submit(pool.job("x" * messages.MAX_WORK_BYTES))
    assert failure.value.code == "refused"
    assert await pool.value("nothing") == 0


async def test_an_error_over_one_message_stops_no_other(tmp_path: Path):
    def fail(fraction: float, worker: str) -> None:
        raise RuntimeError("a listener's own fault")

    async with running_pool(tmp_path, 0, limits=Limits(lease=1000)) as pool, joined_peer(pool) as worker:
        job = asyncio.create_task(pool.broker.submit(pool.job("nothing"), fail))
        (work,) = (await worker.heard(messages.Work)).assignments
        for _ in range(50):
            await worker.say(messages.Progress(work.fence, 0.5))
        await worker.say(done(work.fence, {"nothing": 1}))
        async with asyncio.timeout(10):
            assert (await job).value == {"nothing": 1}
