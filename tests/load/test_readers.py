"""Clients that ask for much and take nothing (E2)."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Any

import pytest
from attacks import Socket, head, memory, until
from daemons import daemon

from artdagd.runs.events import RING, Events

SIZE = 16 << 20


@pytest.mark.parametrize("readers", [50, pytest.param(200, marks=pytest.mark.slow)])
async def test_readers_who_stall_take_little_memory(tmp_path: Path, readers: int):
    async with daemon(tmp_path / "home", workers=0) as (process, http):
        cid = (await http.post("/cache/upload", files={"file": os.urandom(SIZE)})).json()["cid"]
        assert len((await http.get(f"/cache/{cid}/raw")).content) == SIZE
        token = http.headers["Authorization"].split()[1]
        before = memory(process.pid)
        stuck = [Socket(str(http.base_url), window=1 << 16) for _ in range(readers)]
        for one in stuck:
            await one.open()
            await one.send(head("GET", f"/cache/{cid}/raw", token))
            assert b" 200 " in await one.read(100)
        # Each of them was sent all that their window and the kernel take: now others are served as before.
        assert len((await http.get(f"/cache/{cid}/raw")).content) == SIZE
        more = memory(process.pid) - before
        print(f"{more / (1 << 20):.1f} MiB more for {readers} stalled readers")
        assert more < (64 << 20) * max(readers, 100) / 200
        for one in stuck:
            one.reset()


@pytest.mark.slow
async def test_stalled_listeners_are_told_to_resync_and_cut_off(watched: Any, events: Events, blur: Any):
    """20 MiB of events for 20 listeners who take none: what waits for them is the run's one ring."""
    app, node, http = watched
    cid = (await http.post("/cache/upload", files={"file": b"x"})).json()["cid"]
    run_id = (await http.post("/runs", json=blur(cid))).json()["run_id"]
    token = http.headers["Authorization"].split()[1]
    stuck = [Socket(node.url, window=1 << 16) for _ in range(20)]
    for one in stuck:
        await one.open()
        await one.send(head("GET", f"/api/run/{run_id}/events", token))
        assert b" 200 " in await one.read(100)
    before = memory(os.getpid())
    for _ in range(10 * RING):
        events.publish(run_id, "log", {"message": "x" * 4000})
        await asyncio.sleep(0)
    more = memory(os.getpid()) - before
    print(f"{more / (1 << 20):.1f} MiB more")
    assert more < 64 << 20
    for one in stuck:
        text = await one.rest()
        assert b"event: resync" in text[-300:]
        one.close()
    await until(lambda: len(app.streams) == 0)
