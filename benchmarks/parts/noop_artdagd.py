"""No-op steps through the daemon's own path: a process as the daemon is, with two worker processes.

A step is an analysis by an analyzer that does nothing. It takes the whole way of a result: look up its action record,
broker, worker process, value stored as a blob by its CID, action record committed to SQLite (synchronous=FULL).
Questions: ``steps N`` (N at once), ``others N`` (the same, every result another value and so another blob),
``chain N`` (each after the one before). The answer is seconds.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from contextlib import AsyncExitStack
from itertools import count
from pathlib import Path

from artdagd.database import Database
from artdagd.hooks.manager import Plugins
from artdagd.plans.model import AnalysisRequest
from artdagd.runs.compute import Compute
from artdagd.steps.catalogue import Catalogue
from artdagd.store.blobs import BlobStore
from artdagd.workers.broker import Broker
from artdagd.workers.supervisor import Supervisor

WORKERS = 2
ANALYZER = "nothing"


class Steps:
    """Steps that were never done before, and how to do them."""

    def __init__(self, compute: Compute, catalogue: Catalogue, cid: str) -> None:
        self._compute = compute
        self._catalogue = catalogue
        self._cid = cid
        self._fresh = count()

    async def one(self, feature: str = "nothing") -> None:
        name = f"step-{next(self._fresh)}"
        request = AnalysisRequest(
            name, "input", self._cid, {ANALYZER: (feature,)}, {ANALYZER: f"share-{name}"}, f"whole-{name}"
        )
        await self._compute.analysis(request, self._catalogue)

    async def at_once(self, number: int, feature: str = "nothing") -> None:
        await asyncio.gather(*(self.one(feature) for _ in range(number)))

    async def chain(self, number: int) -> None:
        for _ in range(number):
            await self.one()


async def main(home: Path) -> None:
    loop = asyncio.get_running_loop()
    async with AsyncExitStack() as stack:
        steps = await start(home, stack)
        while line := await loop.run_in_executor(None, sys.stdin.readline):
            kind, number = line.split()
            started = time.perf_counter()
            if kind == "chain":
                await steps.chain(int(number))
            else:
                await steps.at_once(int(number), "nothing" if kind == "steps" else "other")
            print(time.perf_counter() - started, flush=True)


async def start(home: Path, stack: AsyncExitStack) -> Steps:
    """As the composition root does it, without the HTTP listener."""
    catalogue = Catalogue.of(Plugins.load())
    database = await Database.open(f"sqlite:///{home / 'state.sqlite'}")
    stack.push_async_callback(database.close)
    store = BlobStore(home / "cache", reserve_bytes=0)
    await store.open()
    broker = Broker(f"ipc://{home / 'run' / 'workers.sock'}", home / "cache" / "scratch", catalogue.digest)
    await broker.start()
    stack.push_async_callback(broker.close)
    command = [sys.executable, "-m", "artdagd.cli.daemon", "worker", "--child", "--home", str(home)]
    supervisor = Supervisor(broker, WORKERS, command)
    await supervisor.start()
    stack.push_async_callback(supervisor.close)
    while len(broker.workers()) < WORKERS:  # noqa: ASYNC110 - the broker tells nobody
        await asyncio.sleep(0.01)
    blob = await store.put_bytes(os.urandom(32))
    return Steps(Compute(store, database, broker), catalogue, blob.cid)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
