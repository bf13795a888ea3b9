"""Workers that see nothing of their node's folders: how tests start them, and what is left of them."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import httpx
from nodes import STATE, Person, running_node
from pools import Peer, Pool, running_pool
from ports import free_port

from artdagd.api.app import create_app
from artdagd.api.server import Listener
from artdagd.api.services import Services
from artdagd.cid import cid_of_bytes
from artdagd.errors import ConfigError
from artdagd.node import Node
from artdagd.settings import Settings
from artdagd.work import RenderPass, RenderStep
from artdagd.workers import messages
from artdagd.workers.answers import JobResult
from artdagd.workers.dispatch import Limits
from artdagd.workers.exchange import Exchange

KEY = "a key that nobody would guess"
WORKER = (sys.executable, "-m", "artdagd.cli.daemon", "worker")


async def until(condition: Callable[[], Any], seconds: float = 60) -> Any:
    """What ``condition`` gives, as soon as it is true."""
    async with asyncio.timeout(seconds):
        while not (found := condition()):
            await asyncio.sleep(0.02)
    return found


@asynccontextmanager
async def open_node(home: Path, **settings: Any) -> AsyncIterator[tuple[Node, Person, str]]:
    """A node that workers may join over tcp, and where."""
    for attempt in range(5):
        address = f"tcp://127.0.0.1:{free_port()}"
        try:
            async with running_node(home, worker_address=address, cluster_key=KEY, **settings) as (node, person):
                yield node, person, address
                return
        except ConfigError:
            if attempt == 4:
                raise


@contextmanager
def far_worker(
    address: str, home: Path, *options: str, before: tuple[str, ...] = (), key: str = KEY
) -> Iterator[subprocess.Popen[bytes]]:
    """A worker with a home of its own; ``before`` it stands what starts it elsewhere. Its log is ``home/log``."""
    home.mkdir(exist_ok=True)
    if not (home / "state").exists():
        (home / "state").symlink_to(os.environ[STATE])
    command = [*before, *WORKER, "--connect", address, "--home", str(home), *options]
    with (home / "log").open("ab") as log:
        process = subprocess.Popen(
            command, env={**os.environ, "ARTDAG_CLUSTER_KEY": key}, stdout=log, stderr=log, start_new_session=True
        )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def left_over(home: Path) -> list[str]:
    """What a worker has left half done."""
    cache = home / "worker-cache"
    return [str(path) for path in (*cache.glob("tmp/*"), *cache.glob("work/*/*"))]


class Desk:
    """Both doors for far workers, the socket and HTTP, without a node behind them."""

    def __init__(self, home: Path, pool: Pool, exchange: Exchange, url: str) -> None:
        self.home = home
        self.pool = pool
        self.exchange = exchange
        self.url = url
        self.scratch = home / "scratch"

    def blob(self, data: bytes) -> Path:
        """A file as it lies in the store."""
        path = self.home / "blobs" / cid_of_bytes(data)
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(data)
        return path

    def render(self, *sources: Path) -> messages.RenderJob:
        names = {f"s{number}": str(path) for number, path in enumerate(sources)}
        return messages.RenderJob(RenderPass((RenderStep("s", "EFFECT", {}, tuple(names)),), names))

    async def leased(self, job: messages.Job) -> tuple[Peer, asyncio.Task[JobResult], messages.Assignment]:
        """A worker that sees no folder, and what it was given to do."""
        peer = Peer(self.pool.broker.address)
        await peer.join(apart=True)
        waiting = asyncio.create_task(self.pool.broker.submit(job))
        (assignment,) = (await peer.heard(messages.Work)).assignments
        return peer, waiting, assignment

    def results(self) -> list[str]:
        """The files that came from workers, whole or in parts."""
        return sorted(path.name for path in self.scratch.glob("*/*"))


@asynccontextmanager
async def desk(home: Path, limits: Limits | None = None) -> AsyncIterator[Desk]:
    exchange = Exchange(home / "scratch")
    given: dict[str, Any] = dict.fromkeys(Services.__dataclass_fields__)  # No route of others is asked.
    given |= {"settings": Settings(home=home), "version": "1", "ready": lambda: True, "exchange": exchange}
    services = Services(**given)
    listener = Listener(create_app(services), "127.0.0.1", 0)
    exchange.url = await listener.start()
    try:
        async with running_pool(home, 0, limits=limits or Limits(lease=60.0), exchange=exchange) as pool:
            yield Desk(home, pool, exchange, exchange.url)
    finally:
        await listener.close()


def client(url: str) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=url, trust_env=False, timeout=30)
