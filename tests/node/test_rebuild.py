"""A database that is lost while the blobs are there: what a rebuild brings back, and what is rendered again."""

from __future__ import annotations

import asyncio
import json
import os
import random
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from cli.processes import ctl
from clips import numbered_clip
from nodes import Person, running_node

TRIALS = int(os.environ.get("ARTDAG_REBUILD_TRIALS", "20"))

INDEXED = (
    "SELECT cid FROM blobs", "SELECT output_cid FROM actions", "SELECT provenance_cid FROM runs",
    "SELECT recipe_id FROM recipes",
)  # fmt: skip

RECIPE = """\
name: twice
version: "1"
inputs: {clip: {type: video}}
params: {depth: {type: number, default: 3}}
steps:
  - {id: first, type: EFFECT, inputs: [clip], cache: keep, config: {effect: blur, sigma: $params.depth}}
  - {id: second, type: EFFECT, inputs: [first], config: {effect: invert}}
output: second
"""


async def look(person: Person, runs: list[str]) -> dict[str, Any]:
    """What a user sees of runs, but for when and by whom steps were done."""
    seen = {}
    for run_id in runs:
        run = (await person.http.get(f"/api/run/{run_id}")).json()
        steps = [(one["step_id"], one["type"], one["output_cid"]) for one in run["steps"]]
        told = (await person.http.get(f"/api/run/{run_id}/provenance")).json()
        names = ("status", "recipe", "recipe_id", "effect", "inputs", "params", "plan_id", "output_cid")
        seen[run_id] = ({name: run.get(name) for name in names}, steps, told)
    return seen


async def lost(home: Path) -> None:
    for file in home.glob("artdagd.sqlite*"):
        await asyncio.to_thread(file.unlink)


async def rebuild(home: Path) -> dict[str, Any]:
    done = await asyncio.to_thread(
        ctl, home, "db", "rebuild", "--json", DATABASE_URL=f"sqlite:///{home}/artdagd.sqlite"
    )
    assert done.returncode == 0, done
    return dict(json.loads(done.stdout))


async def test_runs_results_and_media_come_back_and_nothing_is_rendered_again(tmp_path: Path):
    home, clip = tmp_path / "home", numbered_clip(tmp_path / "clip.mp4", 10)
    url = f"sqlite:///{home / 'artdagd.sqlite'}"
    async with running_node(home, database_url=url) as (_, person):
        cid = await person.upload(clip)
        stray = await person.upload(numbered_clip(tmp_path / "stray.mp4", 3))
        asked = [
            {"recipe_yaml": RECIPE, "inputs": {"clip": cid}, "params": {"depth": 5}},
            {"effect": "invert", "inputs": [cid]},
        ]
        runs = [(await person.run(**one))["run_id"] for one in asked]
        before = await look(person, runs)
        assert {seen[0]["status"] for seen in before.values()} == {"completed"}
    await lost(home)
    done = await rebuild(home)
    assert (done["runs"], done["recipes"], done["unclaimed"], done["damaged"]) == (2, 1, 1, [])
    again = await rebuild(home)
    assert (again["runs"], again["recipes"], again["media"]) == (0, 0, 0)
    async with running_node(home, database_url=url) as (_, person):
        assert await look(person, runs) == before
        assert {item["cid"] for item in (await person.http.get("/media")).json()["items"]} >= {cid, stray}
        for one in asked:
            assert (await person.run(**one))["passes_run"] == 0
        assert (await person.http.get("/recipes")).json()["total"] == 1


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_every_blob_is_indexed_again(tmp_path: Path):
    """B4: blobs of all kinds and sizes, and the database deleted: each is an entry, a result or told of by a run."""
    home, url, seed = tmp_path / "home", f"sqlite:///{tmp_path / 'home' / 'artdagd.sqlite'}", random.Random(1)
    left = 0
    for trial in range(TRIALS):
        async with running_node(home, database_url=url) as (_, person):
            cid = await person.upload(numbered_clip(tmp_path / f"{trial}.mp4", 2 + trial))
            for size in (0, 1, 300_000 + trial):
                file = tmp_path / "data"
                file.write_bytes(seed.randbytes(size))
                await person.upload(file)
            run = await person.run(recipe_yaml=RECIPE, inputs={"clip": cid}, params={"depth": trial + 1})
            assert run["status"] == "completed"
        await lost(home)
        done = await rebuild(home)
        assert done["runs"] == trial + 1
        files = {path.name for path in (home / "cache" / "blobs").glob("*/*")}
        assert done["files"] == len(list((home / "cache").glob("plans/*"))) + len(files)
        with sqlite3.connect(home / "artdagd.sqlite") as state:
            named = {cid for query in INDEXED for (cid,) in state.execute(query)}
        left += len(files - named)
    assert left == 0
