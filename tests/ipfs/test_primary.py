"""IPFS first: what the node is given and makes counts once it is there, and the local cache may go at any time."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path
from typing import Any

import pytest

from artdagd.cid import CID, DAG_JSON
from artdagd.node import Node
from artdagd.testing import FaultProxy, Toxic
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


def emptied(cache: Path) -> None:
    """All that is in the folders of a cache is deleted. They stay themselves: confined workers hold on to them."""
    for folder in cache.iterdir():
        for one in folder.iterdir() if folder.name != "scratch" else ():
            if one.is_dir():
                shutil.rmtree(one, ignore_errors=True)
            else:
                one.unlink(missing_ok=True)


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
        emptied(node.settings.cache)
    started = await person.start(recipe_yaml=RECIPE, inputs={"clip": cid})
    if node:
        await step_completed(person, started["run_id"])
        emptied(node.settings.cache)
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
        emptied(node.settings.cache)
        assert CID.parse(run["plan_id"]).codec == DAG_JSON
        plan = await person.http.get(f"/api/run/{run['run_id']}/plan")
        assert plan.json()["plan_id"] == run["plan_id"], "read through, a value as well"
        back = await person.save(run["output_cid"], tmp_path / "back")
        assert back.stat().st_size
        again = await person.run(recipe_yaml=RECIPE, inputs=run["inputs"])
        assert again["output_cid"] == run["output_cid"]
        assert {step["status"] for step in again["steps"]} == {"cached"}, "nothing is made again"


@pytest.mark.slow
async def test_a_run_waits_for_an_ipfs_node_that_is_away(tmp_path: Path, ipfs: Kubo) -> None:
    clip = numbered_clip(tmp_path / "clip.mp4", 40)
    async with FaultProxy("127.0.0.1", ipfs.port) as proxy:
        plugins = primary(ipfs, tmp_path.name)
        plugins["storage_ipfs"]["api"] = f"/ip4/127.0.0.1/tcp/{proxy.port}"
        async with running_node(tmp_path / "home", plugins=plugins) as (_, person):
            started = await person.start(recipe_yaml=RECIPE, inputs={"clip": await person.upload(clip)})
            await step_completed(person, started["run_id"])
            proxy.toxic = Toxic("reset", "up")
            async with asyncio.timeout(60):
                while proxy.injected["reset"] < 4:
                    await asyncio.sleep(0.05)
            during = (await person.http.get(f"/api/run/{started['run_id']}")).json()
            assert during["status"] == "running", "what is not on IPFS does not count"
            proxy.toxic = None
            run = await person.finish(started["run_id"])
            assert run["status"] == "completed", run["error"]
            assert run["output_cid"] in ipfs.pins()


@pytest.mark.slow
@pytest.mark.timeout(900)
async def test_a_run_whose_cache_is_deleted_at_every_step(tmp_path: Path, ipfs: Kubo) -> None:
    clip = numbered_clip(tmp_path / "clip.mp4", 40)
    outputs = set()
    for number in range(5):
        async with running_node(
            tmp_path / f"home-{number}", plugins=primary(ipfs, f"{tmp_path.name}-{number}")
        ) as both:
            node, person = both
            started = await person.start(recipe_yaml=RECIPE, inputs={"clip": await person.upload(clip)})
            seen = -1
            async with asyncio.timeout(120):
                while True:
                    run = (await person.http.get(f"/api/run/{started['run_id']}")).json()
                    if run["status"] in ("completed", "failed"):
                        break
                    done = sum(step["status"] in ("completed", "cached") for step in run["steps"])
                    if done > seen:
                        seen = done
                        emptied(node.settings.cache)
                    await asyncio.sleep(0.01 * (number + 1))
            assert run["status"] == "completed", run["error"]
            outputs.add(run["output_cid"])
    assert len(outputs) == 1
