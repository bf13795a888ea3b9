"""The daemon is killed while a long result renders: segments that were made are there, and the result is whole.

``ARTDAG_KILL_TRIALS`` says how often (50); ``ARTDAG_KILL_SEED`` chooses the moments.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sqlite3
from pathlib import Path

import pytest
from clips import numbered_clip, read_numbers
from daemons import daemon, until

TRIALS = int(os.environ.get("ARTDAG_KILL_TRIALS", "50"))
SEED = int(os.environ.get("ARTDAG_KILL_SEED", "1"))
WORKERS = 2
FRAMES = 180 * 25


def recipe(trial: int) -> str:
    """Three minutes that no other trial has."""
    return json.dumps({
        "name": f"long-{trial}", "inputs": {"clip": {"type": "video"}},
        "steps": [
            {"id": "out", "type": "EFFECT", "inputs": ["clip"],
             "config": {"effect": "blur", "sigma": 0.1 + trial / 64}},
        ],
        "output": "out",
    })  # fmt: skip


def made(home: Path, wanted: list[str]) -> dict[str, str]:
    """Those segments that are recorded, and since when."""
    with sqlite3.connect(home / "artdagd.sqlite") as connection:
        rows = connection.execute("select cache_id, created_at from actions where kind = 'segment'")
        return {name: since for name, since in rows if name in wanted}


@pytest.mark.slow
@pytest.mark.timeout(120 + 120 * TRIALS)
async def test_a_kill_costs_the_segments_in_flight(tmp_path: Path):
    moments, home = random.Random(SEED), tmp_path / "home"
    clip = numbered_clip(tmp_path / "clip.mp4", FRAMES, fps=25)
    most = 0.0
    for trial in range(TRIALS):
        async with daemon(home, sqlite=True, workers=WORKERS) as (process, http):
            cid = (await http.post("/cache/upload", files={"file": clip.read_bytes()})).json()["cid"]
            body = {"recipe_yaml": recipe(trial), "inputs": {"clip": cid}}
            run_id = (await http.post("/api/run-recipe", json=body)).json()["run_id"]
            await until(http, run_id, lambda run: run["status"] in ("running", "completed"))
            plan = (await http.get(f"/api/run/{run_id}/plan")).json()
            wanted = [part["segment_id"] for part in plan["passes"][-1]["segments"]]
            target = moments.uniform(0, 1)
            seen = await until(
                http,
                run_id,
                lambda run: run["progress"]["fraction"] >= target or run["status"] == "completed",  # noqa: B023
            )
            process.send_signal(signal.SIGKILL)
            process.wait()
        before = made(home, wanted)
        async with daemon(home, sqlite=True, workers=WORKERS) as (_, http):
            done = await until(http, run_id, lambda run: run["status"] == "completed")
            after = made(home, wanted)
            assert set(after) == set(wanted)
            assert {name: after[name] for name in before} == before, "what was recorded was made again"
            lost = seen["progress"]["fraction"] * len(wanted) - len(before)
            assert lost <= WORKERS + 1, "more than what was rendered just then, and one that was being stored"
            most = max(most, lost)
            out = tmp_path / "out.mp4"
            out.write_bytes((await http.get(f"/cache/{done['output_cid']}/raw")).content)
        assert [number for _, number in read_numbers(out)] == [number % 4096 for number in range(FRAMES)]
    print(f"{TRIALS} kills: at most {most:.1f} segments' work was lost")
