"""A node that has no file descriptors left (C7): it says so, loses nothing that it accepted, and goes on by itself."""

from __future__ import annotations

import asyncio
import os
import random
import resource
import signal
from collections import Counter
from collections.abc import Callable
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path

import httpx
import pytest
from clips import numbered_clip
from daemons import daemon, until

AT_ONCE = 12
"""Clients; half of them are connected when the descriptors go."""

FEW = 6
"""Descriptors that are left to the node at most."""


class Crowd:
    """Clients who upload and ask for runs, and remember what the node said that it has."""

    def __init__(self, http: httpx.AsyncClient, cid: str) -> None:
        self.http, self.cid = http, cid
        self.kept: dict[str, bytes] = {}
        self.runs: list[str] = []
        self.said: Counter[str] = Counter()

    async def come(self, turn: int, starved: Callable[[], None]) -> None:
        """Connect, have the node ``starved``, and ask for something."""
        async with AsyncExitStack() as stack:
            clients = [await stack.enter_async_context(self._client()) for _ in range(AT_ONCE)]
            for client in clients[::2]:
                assert (await client.get("/healthz")).status_code == 200
            starved()
            await asyncio.gather(*(self._ask(client, turn * AT_ONCE + n) for n, client in enumerate(clients)))

    def _client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(base_url=self.http.base_url, headers=self.http.headers, timeout=3, trust_env=False)

    async def _ask(self, client: httpx.AsyncClient, number: int) -> None:
        data = b"%020d" % number * 5000
        run = {"effect": "identity", "config": {}, "inputs": [self.cid]}
        try:
            if number % 4 < 2:
                answer = await client.post("/cache/upload", files={"file": data})
            else:
                answer = await client.post("/runs", json=run)
        except httpx.TransportError:
            self.said["nothing"] += 1
            return
        self.said[str(answer.status_code)] += 1
        assert answer.status_code in (201, 202, 503), answer.text
        if answer.status_code == 201:
            self.kept[answer.json()["cid"]] = data
        if answer.status_code == 202:
            self.runs.append(answer.json()["run_id"])

    async def check(self) -> None:
        """Whatever was accepted is there, and ends; what failed said for which reason, and does not again."""
        for cid, data in self.kept.items():
            assert (await self.http.get(f"/cache/{cid}/raw")).content == data
        for run_id in self.runs:
            run = (await self.http.get(f"/runs/{run_id}")).json()
            while run["status"] not in ("completed", "failed"):
                await asyncio.sleep(0.02)
                run = (await self.http.get(f"/runs/{run_id}")).json()
            if run["status"] == "failed":
                assert run["error"]["title"] == "Unavailable", run
                run_id = (await self.http.post(f"/runs/{run_id}/retry")).json()["run_id"]
            await until(self.http, run_id, lambda run: run["status"] == "completed")


def starve(pid: int, left: int, *, kill: bool) -> None:
    """Leave a process so many more descriptors than it has; and, perhaps, none of the processes that it started."""
    before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (len(os.listdir(f"/proc/{pid}/fd")) + left, before[1]))
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split() if kill else ():
        os.kill(int(child), signal.SIGKILL)


async def joined(http: httpx.AsyncClient) -> None:
    """Until the worker is there."""
    async with asyncio.timeout(60):
        while not (await http.get("/workers")).json()["items"]:
            await asyncio.sleep(0.05)


@pytest.mark.parametrize("rounds", [2, pytest.param(50, marks=[pytest.mark.slow, pytest.mark.timeout(1800)])])
async def test_a_node_without_descriptors_loses_nothing(tmp_path: Path, rounds: int):
    """In every second round its worker dies, too, and another can't be started."""
    drawn = random.Random(rounds)
    async with daemon(tmp_path / "home", workers=1) as (process, http):
        clip = numbered_clip(tmp_path / "clip.mp4", 5)
        crowd = Crowd(http, (await http.post("/cache/upload", files={"file": clip.read_bytes()})).json()["cid"])
        for turn in range(rounds):
            await joined(http)
            before = resource.prlimit(process.pid, resource.RLIMIT_NOFILE)
            await crowd.come(turn, partial(starve, process.pid, drawn.randrange(FEW), kill=bool(turn % 2)))
            resource.prlimit(process.pid, resource.RLIMIT_NOFILE, before)
        print(f"{rounds} times without descriptors: {dict(crowd.said)}")
        assert crowd.said["503"] > 0
        await crowd.come(rounds, lambda: None)
        assert crowd.said["201"] >= AT_ONCE / 2
        assert crowd.said["202"] >= AT_ONCE / 2
        await crowd.check()
        assert process.poll() is None
        log = (tmp_path / "home" / "log").read_text()
        assert "out of file descriptors" in log
        assert log.count("Traceback") < rounds, log
