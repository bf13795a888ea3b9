"""Workers that nobody supervises: they join, leave, lose the node and come back; over tcp with the right key only."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
import zmq
import zmq.asyncio
from pools import Peer, alive, joined_peer, outside_worker, running_pool, until
from ports import free_port

from artdagd.errors import ConfigError
from artdagd.hooks.manager import Plugins
from artdagd.steps.catalogue import Catalogue
from artdagd.workers.broker import Broker
from artdagd.workers.curve import ClusterKeys
from artdagd.workers.dispatch import Limits
from artdagd.workers.messages import Bye, ProbeJob, Progress, Work

KEY = "a key that nobody would guess"


async def test_the_command_joins_works_and_leaves_on_sigterm(tmp_path: Path):
    installed = Catalogue.of(Plugins.load())
    # Neither a heartbeat nor the end of a lease wakes it up in time.
    async with running_pool(tmp_path, 0, catalogue=installed, limits=Limits(lease=1000), heartbeat=100) as pool:
        command = [sys.executable, "-m", "artdagd.cli.daemon", "worker"]
        process = subprocess.Popen([*command, "--connect", pool.broker.address, "--name", "far", "--home", tmp_path])
        try:
            await pool.whole(1)
            assert [(worker.name, worker.pid) for worker in pool.broker.workers()] == [("far", process.pid)]
            assert (await pool.broker.submit(ProbeJob("/dev/null"))).value.kind == "other"
            process.send_signal(signal.SIGTERM)
            # At once: it says goodbye, rather than be missed for a lease.
            await until(lambda: not pool.broker.workers())
            assert await asyncio.to_thread(process.wait, 10) == 0
        finally:
            process.kill()
            process.wait()


async def test_a_worker_that_leaves_hands_back_its_job_without_blame(tmp_path: Path):
    async with running_pool(tmp_path, 0) as pool:
        job = pool.begin("stubborn")
        for turn in range(4):
            with outside_worker(pool.broker.address, tmp_path) as worker:
                await pool.began("stubborn", turn + 1)
                worker.send_signal(signal.SIGTERM)
                assert await asyncio.to_thread(worker.wait, 10) == 0
        (pool.state / "go").touch()
        with outside_worker(pool.broker.address, tmp_path) as worker:
            assert await job == worker.pid


async def test_who_wants_a_job_done_is_told_which_worker_has_it(tmp_path: Path):
    told: asyncio.Queue[tuple[float, str]] = asyncio.Queue()
    async with running_pool(tmp_path, 0, limits=Limits(lease=1000)) as pool, asyncio.timeout(20):
        wanted = pool.broker.submit(pool.job("nothing"), lambda fraction, name: told.put_nowait((fraction, name)))
        job = asyncio.create_task(wanted)
        async with joined_peer(pool, name="first") as worker:
            (work,) = (await worker.heard(Work)).assignments
            assert await told.get() == (0.0, "first")
            await worker.say(Progress(work.fence, 0.5))
            assert await told.get() == (0.5, "first")
            await worker.say(Bye())
            await until(lambda: not pool.broker.workers())
        async with joined_peer(pool, name="second"):
            assert await told.get() == (0.0, "second")
        job.cancel()
        await asyncio.gather(job, return_exceptions=True)


async def test_a_worker_joins_again_after_the_node_was_restarted(tmp_path: Path):
    async with running_pool(tmp_path, 0) as pool:
        with outside_worker(pool.broker.address, tmp_path) as worker:
            lost = pool.begin("obey")
            await pool.began("obey")
            await pool.broker.close()
            with pytest.raises(asyncio.CancelledError):
                await lost
            async with running_pool(tmp_path, 0) as restarted:
                assert await restarted.whole(1) == {worker.pid}
                assert await restarted.value("pid") == worker.pid


async def test_a_worker_whose_lost_job_does_not_stop_starts_anew(tmp_path: Path):
    async with running_pool(tmp_path, 0) as pool:
        with outside_worker(pool.broker.address, tmp_path) as worker:
            stuck = pool.begin("stubborn")
            await pool.began("stubborn")
            stuck.cancel()
            assert await pool.value("pid") == worker.pid
            assert alive(worker.pid)


async def test_over_tcp_only_the_cluster_key_opens(tmp_path: Path):
    port = free_port()
    far = f"tcp://127.0.0.1:{port}"
    async with running_pool(tmp_path, 0, far=far, cluster_key=KEY) as pool:
        for keys in (None, ClusterKeys.of("another key, as long as that"), "unlisted"):
            await refused(far, keys)
        assert pool.broker.workers() == []
        with outside_worker(far, tmp_path, ARTDAG_CLUSTER_KEY=KEY) as worker:
            assert await pool.value("pid") == worker.pid
            # The socket for workers of this machine asks for no key.
            peer = Peer(pool.broker.address)
            await peer.join()
            peer.close()


@pytest.mark.parametrize("key", ["", "short"])
def test_tcp_without_a_good_key_is_no_configuration(tmp_path: Path, key: str):
    with pytest.raises(ConfigError, match="ARTDAG_CLUSTER_KEY"):
        Broker(f"ipc://{tmp_path}/run/w", tmp_path / "scratch", "", far="tcp://127.0.0.1:0", cluster_key=key)


async def test_a_folder_that_others_can_enter_is_refused(tmp_path: Path):
    folder = tmp_path / "run"
    folder.mkdir(mode=0o755)
    folder.chmod(0o755)
    broker = Broker(f"ipc://{folder}/w", tmp_path / "scratch", "")
    with pytest.raises(ConfigError, match="others can enter"):
        await broker.start()
    assert folder.stat().st_mode & 0o777 == 0o755


async def test_the_folder_is_made_for_the_user_alone(tmp_path: Path):
    async with running_pool(tmp_path, 0):
        assert (tmp_path / "run").stat().st_mode & 0o777 == 0o700


async def refused(address: str, keys: ClusterKeys | str | None) -> None:
    """Connect with these keys (or a pair that is on no list), and see the handshake fail."""
    context = zmq.asyncio.Context()
    socket = context.socket(zmq.DEALER)
    if keys == "unlisted":
        socket.curve_serverkey = ClusterKeys.of(KEY).node.public
        socket.curve_publickey, socket.curve_secretkey = zmq.curve_keypair()
    elif isinstance(keys, ClusterKeys):
        socket.curve_serverkey = keys.node.public
        socket.curve_publickey, socket.curve_secretkey = keys.worker.public, keys.worker.secret
    failed = (
        zmq.EVENT_HANDSHAKE_FAILED_AUTH | zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL | zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL
        | zmq.EVENT_DISCONNECTED
    )  # fmt: skip
    monitor = socket.get_monitor_socket(failed | zmq.EVENT_HANDSHAKE_SUCCEEDED)
    socket.connect(address)
    with suppress(zmq.Again):  # it may be refused already, and a socket that leads nowhere waits
        await socket.send(b"hello", zmq.DONTWAIT)
    async with asyncio.timeout(30):
        event, _ = await monitor.recv_multipart()
    assert int.from_bytes(event[:2], "little") & failed
    socket.disable_monitor()
    context.destroy(linger=0)
