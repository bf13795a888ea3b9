"""Two nodes on one database: each sees what the other has, and goes on with what the other leaves."""

from __future__ import annotations

import asyncio
import json
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from clips import numbered_clip
from nodes import Person

from artdagd.database.replicas import Replicas

RUN = {"effect": "blur", "config": {"sigma": 2}}


async def until(person: Person, run_id: str, status: str) -> dict[str, Any]:
    async with asyncio.timeout(60):
        while (run := (await person.http.get(f"/runs/{run_id}")).json())["status"] != status:
            await asyncio.sleep(0.05)
    return dict(run)


async def there(folder: Path, *cids: str) -> None:
    """Until storage has them."""
    async with asyncio.timeout(60):
        while not all((folder / cid[-2:] / cid).exists() for cid in cids):
            await asyncio.sleep(0.02)


async def follow(person: Person, run_id: str) -> list[tuple[str, dict[str, Any]]]:
    """The events of a run, to the last."""
    found, name = [], ""
    async with person.http.stream("GET", f"/api/run/{run_id}/events", timeout=90) as answer:
        async for line in answer.aiter_lines():
            word, _, rest = line.partition(": ")
            name = rest if word == "event" else name
            if word == "data":
                found.append((name, json.loads(rest)))
    return found


async def test_two_nodes(start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """``b`` has no workers: what it is asked for waits, but for what ``a`` has made."""
    clip = numbered_clip(tmp_path / "clip.mp4", 25)
    async with start("a") as (_, a), AsyncExitStack() as stack:
        _, b = await stack.enter_async_context(start("b", workers=0))
        cid = await a.upload(clip)
        first = await a.run(inputs=[cid], **RUN)
        assert first["passes_run"] == 1, first["error"]
        again = await b.run(inputs=[cid], **RUN)
        assert (again["status"], again["output_cid"], again["passes_run"]) == ("completed", first["output_cid"], 0)
        assert (await b.http.get(f"/cache/{first['output_cid']}/raw")).status_code == 200

        waiting = (await b.start(inputs=[cid], effect="blur", config={"sigma": 3}))["run_id"]
        await until(a, waiting, "running")
        seen, told = asyncio.create_task(follow(a, waiting)), asyncio.create_task(follow(b, waiting))
        nodes = (await a.http.get("/nodes")).json()["items"]
        assert sorted((node["state"], node["runs"], node["this"]) for node in nodes) == [
            ("up", 0, True),
            ("up", 1, False),
        ]
        assert (await a.http.post(f"/runs/{waiting}/cancel")).status_code == 202
        for events in (await seen, await told):
            assert events[-1][0] == "run", events
            assert events[-1][1]["status"] == "cancelled"
        assert (await b.http.post(f"/runs/{waiting}/cancel")).status_code == 409
        assert {step["status"] for step in (await b.http.get(f"/runs/{waiting}")).json()["steps"]} == {"cancelled"}

        gone = (await b.start(inputs=[cid], effect="blur", config={"sigma": 4}))["run_id"]
        assert (await a.http.delete(f"/runs/{gone}")).status_code == 204
        assert (await b.http.get(f"/runs/{gone}")).status_code == 404

        # As if it were killed between a copy and its note of it.
        monkeypatch.setattr(Replicas, "done", lambda *_: asyncio.Event().wait())
        last = await b.upload(numbered_clip(tmp_path / "last.mp4", 10))
        await there(tmp_path / "shared", last)
        left = (await b.start(inputs=[last], effect="blur", config={"sigma": 5}))["run_id"]
        await stack.aclose()
        assert (await until(a, left, "completed"))["passes_run"] == 1
        nodes = (await a.http.get("/nodes")).json()["items"]
        assert sorted(node["state"] for node in nodes) == ["stopped", "up"]


@pytest.mark.slow
async def test_what_reads_the_same_bytes_is_found_by_the_other_node(start, tmp_path: Path):
    clip = numbered_clip(tmp_path / "clip.mp4", 12)
    recipe = json.dumps({
        "name": "cut-off", "inputs": {"clip": {"type": "video"}}, "output": "soft",
        "steps": [
            {"id": "dark", "type": "EFFECT", "inputs": ["clip"], "config": {"effect": "vignette"}, "cache": "keep"},
            {"id": "soft", "type": "EFFECT", "inputs": ["dark"], "config": {"effect": "blur", "sigma": 2}},
        ],
    })  # fmt: skip
    whole = json.loads(recipe)
    whole["steps"].insert(0, {"id": "all", "type": "SEGMENT", "inputs": ["clip"], "config": {"duration": 0.48}})
    whole["steps"][1]["inputs"] = ["all"]
    async with start("a") as (_, a), start("b") as (_, b):
        cid = await a.upload(clip)
        first = await a.run(recipe_yaml=recipe, inputs={"clip": cid})
        assert first["passes_run"] == 2, first
        again = await b.run(recipe_yaml=json.dumps(whole), inputs={"clip": cid})
        assert (again["status"], again["output_cid"], again["passes_run"]) == ("completed", first["output_cid"], 1)
        assert [step["by_content"] for step in again["steps"]] == [False, False, True]
