"""Two daemons on one database, one of which dies, or is held up, or is asked for what the other makes."""

from __future__ import annotations

import asyncio
import json
import random
import signal
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest
from clips import numbered_clip
from daemons import until
from nodes import Person, running_node

KILLS = 20
STOPS = 5
TOGETHER = 10

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]


def recipe(number: int) -> str:
    """Two passes of about a second each, different for every ``number``."""
    steps = [
        {"id": "first", "type": "EFFECT", "inputs": ["clip"], "config": {"effect": "blur", "sigma": 3 + number / 4},
         "cache": "keep"},
        {"id": "second", "type": "EFFECT", "inputs": ["first"], "config": {"effect": "blur", "sigma": 9}},
    ]  # fmt: skip
    inputs = {"clip": {"type": "video"}}
    return json.dumps({"name": "long", "version": "1", "inputs": inputs, "steps": steps, "output": "second"})


async def upload(http: httpx.AsyncClient, clip: Path) -> str:
    answer = await http.post("/cache/upload", files={"file": (clip.name, clip.read_bytes())})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["cid"])


async def start(http: httpx.AsyncClient, number: int, cid: str) -> dict[str, Any]:
    answer = await http.post("/api/run-recipe", json={"recipe_yaml": recipe(number), "inputs": {"clip": cid}})
    assert answer.status_code == 202, answer.text
    return dict(answer.json())


async def there(folder: Path, *cids: str) -> None:
    """Until storage has them."""
    async with asyncio.timeout(60):
        while not all((folder / cid[-2:] / cid).exists() for cid in cids):
            await asyncio.sleep(0.02)


async def both_up(http: httpx.AsyncClient) -> None:
    async with asyncio.timeout(60):
        nodes: list[Any] = []
        while [(node["state"], node["runs"]) for node in nodes] != [("up", 0)] * 2:
            nodes = (await http.get("/nodes")).json()["items"]
            await asyncio.sleep(0.05)


def completed(run: dict[str, Any]) -> bool:
    return bool(run["status"] == "completed")


def doing(step: str) -> Any:
    return lambda run: {"step_id": step, "status": "running"}.items() <= _steps(run).get(step, {}).items()


def _steps(run: dict[str, Any]) -> dict[str, Any]:
    return {step["step_id"]: step for step in run["steps"]}


async def made_alone(home: Path, clip: Path, number: int) -> str:
    """The output's CID, by a node that has never heard of others."""
    async with running_node(home) as (_, person):
        run = await person.run(recipe_yaml=recipe(number), inputs={"clip": await person.upload(clip)})
        assert run["status"] == "completed", run
        return str(run["output_cid"])


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    return numbered_clip(tmp_path / "clip.mp4", 250, width=384, height=216)


async def test_what_a_killed_node_had_is_finished_by_the_other(started, clip: Path, tmp_path: Path):
    drawn, outputs = random.Random(1), []
    async with started("b") as (_, b):
        for number in range(KILLS):
            async with started("a") as (process, a):
                cid = await upload(a, clip)
                run = await start(a, number, cid)
                await there(tmp_path / "shared", cid, run["recipe"]["recipe_id"])
                await asyncio.sleep(drawn.uniform(0, 2))
                process.send_signal(signal.SIGKILL)
                process.wait()
            run = await until(b, run["run_id"], completed)
            outputs.append(run["output_cid"])
        total = (await b.get("/runs", params={"status": "completed"})).json()["total"]
        assert total == len(set(outputs)) == KILLS
    assert outputs[-1] == await made_alone(tmp_path / "alone", clip, KILLS - 1)


async def test_a_node_that_was_held_up_is_refused(started, clip: Path, tmp_path: Path):
    async with started("a") as (process, a), started("b") as (_, b):
        cid = await upload(a, clip)
        await there(tmp_path / "shared", cid)
        for number in range(STOPS):
            run = await start(a, number, cid)
            await there(tmp_path / "shared", run["recipe"]["recipe_id"])
            await until(a, run["run_id"], doing("first" if number % 2 else "second"))
            process.send_signal(signal.SIGSTOP)
            ended = await until(b, run["run_id"], completed)
            process.send_signal(signal.SIGCONT)
            async with asyncio.timeout(60):
                while f"run {run['run_id']} is no longer this node's" not in (tmp_path / "a" / "log").read_text():
                    await asyncio.sleep(0.05)
            for http in (a, b):
                now = (await http.get(f"/runs/{run['run_id']}")).json()
                assert now == ended, (now, ended)
            await both_up(a)


async def test_two_nodes_asked_at_once_make_it_once(started, clip: Path, tmp_path: Path):
    async with started("a") as (_, a), started("b") as (_, b):
        cid = await upload(a, clip)
        await there(tmp_path / "shared", cid)
        for number in range(TOGETHER):
            first, second = await asyncio.gather(start(a, number, cid), start(b, number, cid))
            runs = [await until(a, first["run_id"], completed), await until(a, second["run_id"], completed)]
            assert sum(run["passes_run"] for run in runs) == 2, runs
            assert runs[0]["output_cid"] == runs[1]["output_cid"]
            assert (await b.get(f"/cache/{runs[0]['output_cid']}/raw")).status_code == 200


async def test_only_nodes_with_the_same_key_share(start, tmp_path: Path):
    clip = numbered_clip(tmp_path / "clip.mp4", 25)
    body = {"recipe_yaml": recipe(0)}

    async def known(person: Person, cid: str) -> bool:
        plan = (await person.http.post("/api/plan", json=body | {"inputs": {"clip": cid}})).json()
        return all(item["cached"] for item in plan["passes"])

    async with AsyncExitStack() as stack:
        nodes = {
            name: (await stack.enter_async_context(start(name, cluster_key=key)))[1]
            for name, key in (("a", "one key of ours"), ("b", "one key of ours"), ("c", "another key"),
                              ("d", ""), ("e", ""))
        }  # fmt: skip
        cid = await nodes["a"].upload(clip)
        sharing = {}
        for maker in ("a", "c", "d", "e"):
            run = await nodes[maker].run(inputs={"clip": cid}, **body)
            assert (run["status"], run["passes_run"]) == ("completed", 2), (maker, run)
            sharing[maker] = [name for name, person in nodes.items() if await known(person, cid)]
        assert sharing == {"a": ["a", "b"], "c": ["a", "b", "c"], "d": ["a", "b", "c", "d"], "e": list("abcde")}
