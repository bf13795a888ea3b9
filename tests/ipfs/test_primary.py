"""IPFS first: what the node is given and makes counts once it is there, and the local cache may go at any time."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path
from typing import Any

from artdagd.cid import CID, DAG_JSON
from artdagd.node import Node
from tests.clips import numbered_clip
from tests.kubo import Kubo
from tests.nodes import Person, running_node

RECIPE = """
name: chain
inputs:
  clip: {type: video}
steps:
  - {id: part, type: SEGMENT, inputs: [clip], config: {start: 0.2, duration: 1}, cache: keep}
  - {id: soft, type: EFFECT, inputs: [part], config: {effect: blur, sigma: 3}, cache: keep}
  - {id: tint, type: EFFECT, inputs: [soft], config: {effect: hue, degrees: 60}, cache: keep}
  - {id: slow, type: EFFECT, inputs: [tint], config: {effect: vignette, angle: 0.4}, cache: keep}
output: slow
"""


def primary(ipfs: Kubo, name: str) -> dict[str, Any]:
    return {"storage_ipfs": {"api": ipfs.api, "pin_name": name, "primary": True}}


async def step_completed(person: Person, run_id: str) -> None:
    """Waits until a step of the run is completed."""
    async with asyncio.timeout(60):
        while True:
            run = (await person.http.get(f"/api/run/{run_id}")).json()
            if any(step["status"] in ("completed", "cached") for step in run["steps"]):
                return
            assert run["status"] not in ("failed", "completed"), run
            await asyncio.sleep(0.01)


async def made(person: Person, clip: Path, node: Node | None = None) -> dict[str, Any]:
    """A run of the recipe; the cache of ``node`` is deleted before it, and again in its middle."""
    cid = await person.upload(clip)
    if node:
        shutil.rmtree(node.settings.cache)
    started = await person.start(recipe_yaml=RECIPE, inputs={"clip": cid})
    if node:
        await step_completed(person, started["run_id"])
        shutil.rmtree(node.settings.cache)
    run = await person.finish(started["run_id"])
    assert run["status"] == "completed", run["error"]
    return run


async def test_a_run_whose_cache_is_deleted_gives_the_same(tmp_path: Path, ipfs: Kubo) -> None:
    clip = numbered_clip(tmp_path / "clip.mp4", 40)
    async with running_node(tmp_path / "plain") as (_, person):
        plain = await made(person, clip)
    async with running_node(tmp_path / "home", plugins=primary(ipfs, tmp_path.name)) as (node, person):
        run = await made(person, clip, node)
        assert run["output_cid"] == plain["output_cid"]
        outputs = {step["step_id"]: step["output_cid"] for step in run["steps"] if step["output_cid"]}
        assert outputs == {step["step_id"]: step["output_cid"] for step in plain["steps"] if step["output_cid"]}
        assert {run["plan_id"], run["provenance_cid"], *run["inputs"].values(), *outputs.values()} <= ipfs.pins()
        shutil.rmtree(node.settings.cache)
        assert CID.parse(run["plan_id"]).codec == DAG_JSON
        plan = await person.http.get(f"/api/run/{run['run_id']}/plan")
        assert plan.json()["plan_id"] == run["plan_id"], "read through, a value as well"
        back = await person.save(run["output_cid"], tmp_path / "back")
        assert back.stat().st_size
        again = await person.run(recipe_yaml=RECIPE, inputs=run["inputs"])
        assert again["output_cid"] == run["output_cid"]
        assert {step["status"] for step in again["steps"]} == {"cached"}, "nothing is made again"
