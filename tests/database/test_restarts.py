"""PostgreSQL that crashes and comes back under load (failures.md B5): what was answered is there, and nobody hangs.

``ARTDAG_RESTARTS`` says how often it crashes in the slow test (50).
"""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import postgres
import pytest
from clips import numbered_clip
from needs import missing
from nodes import running_node

from artdagd.database import Database, opening
from artdagd.database.actions import ActionRow
from artdagd.database.runs import RunRow
from artdagd.database.trouble import Away
from artdagd.errors import Unavailable

RESTARTS = int(os.environ.get("ARTDAG_RESTARTS", "50"))
CLIENTS = 200
HUNG = 10.0
"""Seconds after which a caller counts as hung; on a busy machine what is measured is the machine."""


@pytest.fixture(scope="module")
def server() -> Iterator[postgres.Server]:
    """One of its own, for it crashes: durable as far as a crash of processes goes."""
    programs = postgres.binaries()
    if programs is None:
        missing("postgresql", "apt-get install postgresql")
    with postgres.running(programs, ("fsync=off",)) as made:
        yield made


@pytest.fixture
async def url(server: postgres.Server) -> str:
    import asyncpg

    name = f"restarts_{time.monotonic_ns()}"
    connection = await asyncpg.connect(f"{server.url}/postgres")
    await connection.execute(f"CREATE DATABASE {name}")
    await connection.close()
    return f"{server.url}/{name}"


async def crash(server: postgres.Server) -> None:
    """As ``pg_ctl restart -m immediate`` does."""
    await asyncio.to_thread(server.stop, signal.SIGQUIT)
    await asyncio.to_thread(server.start)


class Load:
    """Clients that write and read without a pause."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.kept: set[str] = set()
        self.doubled = 0
        self.told: list[Unavailable] = []
        self.longest = 0.0
        self.calls = 0

    async def client(self, number: int, until: asyncio.Event) -> None:
        count = 0
        while not until.is_set():
            count += 1
            name, began = f"{number}-{count}", time.monotonic()
            try:
                if number % 4 == 3:
                    await self.database.runs.count()
                elif number % 4 == 2:
                    row = RunRow(run_id=name, owner="ann", status="pending", created_at="t")
                    # A run that was kept, whose answer was lost, must not be refused as known.
                    self.doubled += not await self.database.runs.insert(row)
                    self.kept.add(name)
                else:
                    action = ActionRow(cache_id=name, output_cid="b", kind="render", identity="i")
                    await self.database.actions.put([action])
                    self.kept.add(name)
            except Unavailable as error:
                self.told.append(error)
            self.calls += 1
            self.longest = max(self.longest, time.monotonic() - began)


async def under_load(url: str, server: postgres.Server, restarts: int) -> Load:
    database = await Database.open(url)
    load, over = Load(database), asyncio.Event()
    clients = [asyncio.create_task(load.client(number, over)) for number in range(CLIENTS)]
    for _ in range(restarts):
        before = len(load.kept)
        async with asyncio.timeout(60):
            while len(load.kept) < before + 50:
                await asyncio.sleep(0.02)
        await crash(server)
    before = len(load.kept)
    async with asyncio.timeout(60):
        while len(load.kept) < before + 50:
            await asyncio.sleep(0.02)
    over.set()
    await asyncio.gather(*clients)
    await database.close()
    return load


async def lost(url: str, load: Load) -> set[str]:
    database = await Database.open(url)
    found = set(await database.actions.outputs([name for name in load.kept if int(name.split("-")[0]) % 4 < 2]))
    for name in load.kept:
        if int(name.split("-")[0]) % 4 == 2 and await database.runs.get(name):
            found.add(name)
    await database.close()
    return load.kept - found


@pytest.mark.parametrize("restarts", [1, pytest.param(RESTARTS, marks=[pytest.mark.slow, pytest.mark.timeout(3000)])])
async def test_nothing_that_was_answered_is_lost_and_nobody_hangs(
    url: str, server: postgres.Server, restarts: int, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setitem(opening._POOL, "pool_size", 5)
    load = await under_load(url, server, restarts)
    print(
        f"{restarts} crashes, {CLIENTS} clients, 5 connections: {load.calls} calls, {len(load.kept)} kept, "
        f"{len(load.told)} told to come back, longest {load.longest:.1f} s"
    )
    assert {(type(error), error.retry_after) for error in load.told} <= {(Away, 2)}
    assert await lost(url, load) == set()
    assert load.doubled == 0
    assert load.longest < HUNG


async def test_a_node_says_503_while_the_server_is_away_and_goes_on_when_it_is_back(
    url: str, server: postgres.Server, tmp_path: Path
):
    async with running_node(tmp_path / "home", workers=0, database_url=url) as (_, person):
        assert (await person.http.get("/runs")).status_code == 200
        await asyncio.to_thread(server.stop, signal.SIGQUIT)
        answers = await asyncio.gather(
            person.http.get("/runs"), person.http.post("/cache/upload", files={"file": b"x"})
        )
        assert [answer.status_code for answer in answers] == [503, 503]
        assert all(int(answer.headers["retry-after"]) > 0 for answer in answers)
        assert all(answer.json()["title"] == "Unavailable" for answer in answers)
        await asyncio.to_thread(server.start)
        assert (await person.http.get("/runs")).status_code == 200
        assert (await person.http.post("/cache/upload", files={"file": b"x"})).status_code == 201


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_runs_outlast_crashes_of_the_server(url: str, server: postgres.Server, tmp_path: Path):
    """The server crashes again and again while runs go through their phases: every one of them completes."""
    async with running_node(tmp_path / "home", database_url=url) as (_, person):
        cid = await person.upload(numbered_clip(tmp_path / "clip.mp4", 30))
        over = asyncio.Event()

        async def crashes() -> int:
            count = 0
            while not over.is_set():
                await asyncio.sleep(1)
                await crash(server)
                count += 1
            return count

        crashing = asyncio.create_task(crashes())
        ids = [await started(person.http, cid, sigma) for sigma in range(1, 11)]
        ended = [await end(person.http, run_id) for run_id in ids]
        over.set()
        print(f"{await crashing} crashes, {len(ended)} runs")
        assert [run["status"] for run in ended] == ["completed"] * len(ids)


async def asked(http: httpx.AsyncClient, method: str, path: str, **more: Any) -> dict[str, Any]:
    """The answer, when there is another than 503."""
    async with asyncio.timeout(120):
        while True:
            answer = await http.request(method, path, **more)
            if answer.status_code != 503:
                assert answer.is_success, answer.text
                return dict(answer.json())
            await asyncio.sleep(int(answer.headers["retry-after"]) / 4)


async def started(http: httpx.AsyncClient, cid: str, sigma: int) -> str:
    body = {"effect": "blur", "inputs": [cid], "config": {"sigma": sigma}}
    return str((await asked(http, "POST", "/runs", json=body, headers={"Idempotency-Key": f"k{sigma}"}))["run_id"])


async def end(http: httpx.AsyncClient, run_id: str) -> dict[str, Any]:
    async with asyncio.timeout(300):
        while True:
            run = await asked(http, "GET", f"/api/run/{run_id}")
            if run["status"] in ("completed", "failed", "cancelled"):
                return run
            await asyncio.sleep(0.1)
