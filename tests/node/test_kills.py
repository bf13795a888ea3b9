"""kill -9 of a worker and of the daemon in the middle of a run: it completes, and nothing finished is redone."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest
from clips import numbered_clip
from daemons import daemon, until
from nodes import running_node

RECIPE = json.dumps({
    "name": "long", "version": "1", "inputs": {"clip": {"type": "video"}},
    "steps": [
        {"id": "first", "type": "EFFECT", "inputs": ["clip"], "config": {"effect": "blur", "sigma": 3},
         "cache": "keep"},
        {"id": "second", "type": "EFFECT", "inputs": ["first"], "config": {"effect": "blur", "sigma": 9}},
    ],
    "output": "second",
})  # fmt: skip


def status(run: dict[str, Any], step: str) -> str:
    return next((s["status"] for s in run["steps"] if s["step_id"] == step), "none")


async def reference(home: Path, clip: Path) -> str:
    async with running_node(home) as (_, person):
        run = await person.run(recipe_yaml=RECIPE, inputs={"clip": await person.upload(clip)})
        assert run["status"] == "completed", run
        return str(run["output_cid"])


@pytest.mark.database
async def test_killed_daemon_finishes_after_restart(tmp_path: Path):
    clip = numbered_clip(tmp_path / "clip.mp4", 150, width=512, height=288)
    wanted = await reference(tmp_path / "reference", clip)
    home = tmp_path / "home"
    async with daemon(home) as (process, http):
        cid = (await http.post("/cache/upload", files={"file": clip.read_bytes()})).json()["cid"]
        run_id = (await http.post("/api/run-recipe", json={"recipe_yaml": RECIPE, "inputs": {"clip": cid}})).json()[
            "run_id"
        ]
        before = await until(http, run_id, lambda run: status(run, "second") == "running")
        first = next(s for s in before["steps"] if s["step_id"] == "first")
        assert first["status"] == "completed"
        process.send_signal(signal.SIGKILL)
        process.wait()
    async with daemon(home) as (_, http):
        run = await until(http, run_id, lambda run: run["status"] == "completed")
        assert run["output_cid"] == wanted
        assert status(run, "first") == "cached"
        assert run["passes_run"] == 1


@pytest.mark.slow
async def test_killed_worker_is_replaced(tmp_path: Path):
    clip = numbered_clip(tmp_path / "clip.mp4", 300, width=512, height=288)
    wanted = await reference(tmp_path / "reference", clip)
    async with daemon(tmp_path / "home") as (_, http):
        cid = (await http.post("/cache/upload", files={"file": clip.read_bytes()})).json()["cid"]
        run_id = (await http.post("/api/run-recipe", json={"recipe_yaml": RECIPE, "inputs": {"clip": cid}})).json()[
            "run_id"
        ]
        await until(http, run_id, lambda run: status(run, "second") == "running")
        worker = (await http.get("/workers")).json()["items"][0]
        os.kill(worker["pid"], signal.SIGKILL)
        run = await until(http, run_id, lambda run: run["status"] == "completed")
        assert run["output_cid"] == wanted
        assert run["passes_run"] == 2
        workers = (await http.get("/workers")).json()["items"]
        assert [w["pid"] for w in workers if w["pid"] == worker["pid"]] == []
