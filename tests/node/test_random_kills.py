"""kill -9 of the daemon at random moments: no accepted run or upload is lost, no blob is torn, no result differs.

``ARTDAG_KILL_TRIALS`` says how often (30); ``ARTDAG_KILL_SEED`` chooses the moments.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import sqlite3
from contextlib import suppress
from pathlib import Path

import httpx
import pytest
from clips import numbered_clip
from daemons import daemon, until
from nodes import running_node

from artdagd.cid import CID, names_file

TRIALS = int(os.environ.get("ARTDAG_KILL_TRIALS", "30"))
SEED = int(os.environ.get("ARTDAG_KILL_SEED", "1"))
LONGEST = 1.5
"""Seconds of work after which the daemon is killed at the latest."""


def recipe(trial: int) -> str:
    """Two passes that no other trial has; the result of the first is kept."""
    return json.dumps({
        "name": f"tiny-{trial}", "version": "1", "inputs": {"clip": {"type": "video"}},
        "steps": [
            {"id": "first", "type": "EFFECT", "inputs": ["clip"], "cache": "keep",
             "config": {"effect": "blur", "sigma": 1 + trial / 64}},
            {"id": "second", "type": "EFFECT", "inputs": ["first"], "config": {"effect": "blur", "sigma": 2}},
        ],
        "output": "second",
    })  # fmt: skip


class Promises:
    """What the daemon said that it has, across its lives."""

    def __init__(self, clip: bytes) -> None:
        self.clip = clip
        self.runs: dict[str, int] = {}
        self.uploads: dict[str, bytes] = {}

    async def ask(self, http: httpx.AsyncClient, trial: int) -> None:
        """Start the run of ``trial``, then upload one thing after the other, until the daemon dies."""
        with suppress(httpx.TransportError):
            cid = (await http.post("/cache/upload", files={"file": self.clip})).json()["cid"]
            body = {"recipe_yaml": recipe(trial), "inputs": {"clip": cid}}
            self.runs[(await http.post("/api/run-recipe", json=body)).json()["run_id"]] = trial
            while True:
                data = random.randbytes(100_000)
                answer = await http.post("/cache/upload", files={"file": data})
                assert answer.status_code == 201, answer.text
                self.uploads[answer.json()["cid"]] = data


def records_without_blob(home: Path) -> list[str]:
    with sqlite3.connect(home / "artdagd.sqlite") as connection:
        cids = [row[0] for row in connection.execute("select output_cid from actions")]
    return [cid for cid in cids if not list((home / "cache").glob(f"*/**/{cid}*"))]


def torn(home: Path) -> list[str]:
    files = [path for folder in ("blobs", "plans", "analysis") for path in (home / "cache" / folder).rglob("b*")]
    return [str(path) for path in files if path.is_file() and not names_file(CID.parse(path.stem), path)]


@pytest.mark.slow
@pytest.mark.timeout(120 + 10 * TRIALS)
async def test_a_daemon_killed_at_random_keeps_its_promises(tmp_path: Path):
    moments = random.Random(SEED)
    clip = numbered_clip(tmp_path / "clip.mp4", 10)
    home, promises = tmp_path / "home", Promises(clip.read_bytes())
    for trial in range(TRIALS):
        async with daemon(home, sqlite=True) as (process, http):
            asking = asyncio.create_task(promises.ask(http, trial))
            await asyncio.wait({asking}, timeout=moments.uniform(0, LONGEST))
            process.send_signal(signal.SIGKILL)
            process.wait()
            await asking
    assert torn(home) == []
    assert records_without_blob(home) == []
    async with daemon(home, sqlite=True) as (_, http):
        assert list((home / "cache" / "tmp").iterdir()) == []
        ended = {
            run_id: await until(http, run_id, lambda run: run["status"] == "completed") for run_id in promises.runs
        }
        for cid, data in promises.uploads.items():
            assert (await http.get(f"/cache/{cid}/raw")).content == data
        unanswered = (await http.get("/runs?limit=1")).json()["total"] - len(ended)
        assert 0 <= unanswered <= TRIALS
    assert len(ended) >= TRIALS // 2
    assert promises.uploads
    async with running_node(tmp_path / "reference") as (_, person):
        cid = await person.upload(clip)
        for run_id, trial in promises.runs.items():
            wanted = await person.run(recipe_yaml=recipe(trial), inputs={"clip": cid})
            assert ended[run_id]["output_cid"] == wanted["output_cid"]
