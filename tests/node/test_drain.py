"""Told to stop, a node takes no more, loses nothing that it acknowledged, and ends well and soon (A2)."""

from __future__ import annotations

import asyncio
import signal
import time
from pathlib import Path

import httpx
import pytest
from clips import numbered_clip
from daemons import daemon

from artdagd.hooks import hookimpl
from artdagd.hooks.manager import Plugins
from artdagd.node import Node
from artdagd.settings import Settings

STOPPED_WITHIN = 30


class Asks:
    """A plugin that asks its node something while that stops."""

    url = ""
    answers: list[httpx.Response]

    @hookimpl
    async def artdag_shutdown(self) -> None:
        async with httpx.AsyncClient(base_url=self.url, trust_env=False) as http:
            self.answers = [await http.get("/healthz"), await http.get("/runs"), await http.post("/runs", json={})]


async def test_a_node_that_stops_sends_everybody_away(tmp_path: Path):
    plugin = Asks()
    settings = Settings(home=tmp_path / "home", port=0, workers=0, reserve_bytes=0)
    async with Node(settings, Plugins.of(asks=plugin)) as node:
        plugin.url = node.url
    health, *others = plugin.answers
    assert (health.status_code, health.json()["status"]) == (503, "draining")
    for answer in others:
        assert answer.status_code == 503
        assert int(answer.headers["Retry-After"]) > 0
        assert answer.headers["Content-Type"] == "application/problem+json"


async def stopped_under_load(home: Path, clip: Path) -> None:
    """Requests from four clients, an event stream, and SIGTERM in the middle of it."""
    runs: list[str] = []
    blobs: list[str] = []
    strange: list[object] = []

    async def client(http: httpx.AsyncClient, cid: str, number: int) -> None:
        for turn in range(40):
            sigma = (number * 10_000 + turn) / 1e5
            try:
                if turn % 2:
                    body = {"effect": "blur", "inputs": [cid], "config": {"sigma": sigma}}
                    answer = await http.post("/runs", json=body)
                else:
                    answer = await http.post("/cache/upload", files={"file": f"{number} {turn}".encode()})
            except httpx.TransportError:
                return
            if answer.status_code == 202:
                runs.append(answer.json()["run_id"])
            elif answer.status_code == 201:
                blobs.append(answer.json()["cid"])
            elif answer.status_code == 503 and "Retry-After" in answer.headers:
                return
            else:
                strange.append((answer.status_code, answer.text))

    async def listener(http: httpx.AsyncClient, run_id: str) -> str:
        async with http.stream("GET", f"/api/run/{run_id}/events") as answer:
            return "".join([part async for part in answer.aiter_text()])

    async with daemon(home) as (process, http):
        cid = (await http.post("/cache/upload", files={"file": clip.read_bytes()})).json()["cid"]
        body = {"effect": "blur", "inputs": [cid], "config": {"sigma": 40}}
        first = (await http.post("/runs", json=body)).json()["run_id"]
        listening = asyncio.create_task(listener(http, first))
        clients = [asyncio.create_task(client(http, cid, number)) for number in range(4)]
        async with asyncio.timeout(30):
            while len(runs) < 4:
                await asyncio.sleep(0.02)
        process.send_signal(signal.SIGTERM)
        told = time.monotonic()
        code = await asyncio.to_thread(process.wait, 60)
        assert (code, time.monotonic() - told < STOPPED_WITHIN) == (0, True)
        await asyncio.gather(*clients)
        assert (await listening).startswith("retry:")
        assert strange == []
    async with daemon(home, workers=0) as (_, http):
        lost = [one for one in [first, *runs] if (await http.get(f"/runs/{one}")).status_code != 200]
        lost += [one for one in blobs if (await http.get(f"/cache/{one}/raw")).status_code != 200]
        assert lost == []


async def test_nothing_that_was_acknowledged_is_lost(tmp_path: Path):
    await stopped_under_load(tmp_path / "home", numbered_clip(tmp_path / "clip.mp4", 100, width=768, height=432))


@pytest.mark.slow
@pytest.mark.timeout(3600)
async def test_nothing_is_lost_in_many_stops(tmp_path: Path):
    clip = numbered_clip(tmp_path / "clip.mp4", 300, width=768, height=432)
    for trial in range(100):
        await stopped_under_load(tmp_path / f"home{trial}", clip)
