"""Workers that see nothing of their node's folders: how tests start them, and what is left of them."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

from nodes import STATE, Person, running_node

from artdagd.errors import ConfigError
from artdagd.node import Node

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
        address = f"tcp://127.0.0.1:{_free_port()}"
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


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
