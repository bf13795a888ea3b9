"""A broker with real worker processes, and a peer on the worker socket that says whatever a test wants."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import msgspec
import zmq
import zmq.asyncio

sys.path.insert(0, str(Path(__file__).parent))

import hostile

from artdagd.hooks.manager import Plugins
from artdagd.steps.catalogue import Catalogue
from artdagd.workers import messages
from artdagd.workers.broker import Broker
from artdagd.workers.dispatch import Limits
from artdagd.workers.supervisor import Supervisor

CATALOGUE = Catalogue.of(Plugins.of(hostile))
QUICK = Limits(lease=2.0, stop=0.5)


async def until(condition: Callable[[], Any], seconds: float = 20) -> Any:
    """What ``condition`` gives, as soon as it is true."""
    async with asyncio.timeout(seconds):
        while not (found := condition()):
            await asyncio.sleep(0.01)
    return found


def alive(pid: int) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):  # the second where it ends between opening and reading
        return False


class Pool:
    """A broker that is open, and where its workers leave their marks."""

    def __init__(self, home: Path, broker: Broker) -> None:
        self.broker = broker
        self.state = home / "state"

    def job(self, *features: str, light: bool = False) -> messages.AnalyzeJob:
        identity = CATALOGUE.identity("analyzer", "hostile").cid
        return messages.AnalyzeJob(path=None, analyzer="hostile", features=features, identity=identity, light=light)

    async def value(self, feature: str, *, light: bool = False) -> Any:
        return (await self.broker.submit(self.job(feature, light=light))).value[feature]

    def begin(self, feature: str, *, light: bool = False) -> asyncio.Task[Any]:
        return asyncio.create_task(self.value(feature, light=light))

    async def began(self, feature: str, count: int = 1) -> list[int]:
        """The processes in which ``feature`` has begun, once there are ``count``."""
        marks = await until(lambda: len(found := list(self.state.glob(f"{feature}.*"))) >= count and found)
        return [int(mark.suffix[1:]) for mark in marks]

    def pids(self) -> set[int]:
        return {worker.pid for worker in self.broker.workers()}

    async def whole(self, count: int) -> set[int]:
        await until(lambda: len(self.pids()) == count)
        return self.pids()


@asynccontextmanager
async def running_pool(
    home: Path,
    workers: int = 1,
    *,
    limits: Limits = QUICK,
    heartbeat: float = 0.2,
    catalogue: Catalogue = CATALOGUE,
    arguments: Sequence[str] = (),
    **options: Any,
) -> AsyncIterator[Pool]:
    broker = Broker(
        f"ipc://{home}/run/w.sock", home / "scratch", catalogue.digest, limits=limits, heartbeat=heartbeat, **options
    )
    await broker.start()
    command = [sys.executable, str(Path(__file__).parent / "worker_main.py"), "--child", "--home", str(home)]
    command += arguments
    supervisor = Supervisor(broker, workers, command)
    await supervisor.start()
    try:
        pool = Pool(home, broker)
        await pool.whole(workers)
        yield pool
    finally:
        await supervisor.close()
        await broker.close()


@contextmanager
def outside_worker(address: str, home: Path, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    """A worker with the hostile plugin that nobody supervises."""
    command = [sys.executable, str(Path(__file__).parent / "worker_main.py"), "--connect", address, "--home", str(home)]
    process = subprocess.Popen(command, env={**os.environ, **environment})
    try:
        yield process
    finally:
        process.kill()
        process.wait()


class Peer:
    """A DEALER that may lie."""

    def __init__(self, address: str, identity: bytes | None = None) -> None:
        self.context = zmq.asyncio.Context()
        self.socket = self.context.socket(zmq.DEALER)
        self.socket.setsockopt(zmq.LINGER, 0)
        if identity:
            self.socket.setsockopt(zmq.IDENTITY, identity)
        self.socket.connect(address)

    async def say(self, message: Any) -> None:
        await self.socket.send(message if isinstance(message, bytes) else messages.encode(message))

    async def heard(self, kind: type[Any]) -> Any:
        """The next message of a kind; others before it are passed over."""
        async with asyncio.timeout(10):
            while not isinstance(message := messages.decode_from_daemon(await self.socket.recv()), kind):
                pass
            return message

    async def join(self, *, apart: bool = False, **changes: Any) -> None:
        mine = hello(**changes)
        await self.say(mine)
        sign = Path((await self.heard(messages.Look)).file)
        await self.say(msgspec.structs.replace(mine, seen="" if apart else sign.read_text()))
        await self.heard(messages.Welcome)

    def close(self) -> None:
        self.context.destroy(linger=0)


def hello(**changes: Any) -> messages.Hello:
    honest = messages.Hello(messages.VERSION, "peer", os.getpid(), "here", CATALOGUE.digest, os.urandom(8).hex())
    return msgspec.structs.replace(honest, **changes)


def done(fence: int, value: Any, *, file: bool = False) -> messages.Results:
    return messages.Results((messages.Done(fence, msgspec.Raw(msgspec.msgpack.encode(value)), file, {}, 0.0),))


@asynccontextmanager
async def joined_peer(pool: Pool, **changes: Any) -> AsyncIterator[Peer]:
    """A peer that is a worker of the pool; ``changes`` are to what it says of itself."""
    peer = Peer(pool.broker.address)
    try:
        await peer.join(**changes)
        yield peer
    finally:
        peer.close()
