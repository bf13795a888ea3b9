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

from artdagd.database import Database
from artdagd.database.replicas import Replicas
from artdagd.runs.compute import Compute

RUN = {"effect": "blur", "config": {"sigma": 2}}
FILM = json.dumps({
    "name": "film", "inputs": {"clip": {"type": "video"}}, "output": "soft",
    "steps": [{"id": "soft", "type": "EFFECT", "inputs": ["clip"], "config": RUN["config"] | {"effect": "blur"}}],
})  # fmt: skip


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
async def test_what_is_watched_through_another_node_is_rendered_first(
    start, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """``a`` makes the film, of six segments; whoever watches is at ``b``."""
    render, begun, going = Compute.render, list[str](), asyncio.Event()

    async def held(self: Compute, name: str, *args: Any) -> Any:
        begun.append(name)
        if name in names and name != names[4]:
            await going.wait()
        return await render(self, name, *args)

    monkeypatch.setattr(Compute, "render", held)
    clip = numbered_clip(tmp_path / "clip.mp4", 25 * 12)
    async with start("a", workers=1) as (_, a), start("b", workers=0) as (_, b):
        cid = await a.upload(clip)
        film = {"recipe_yaml": FILM, "inputs": {"clip": cid}}
        plan = (await a.http.post("/api/plan", json=film)).json()
        names = [part["segment_id"] for part in plan["passes"][-1]["segments"]]
        assert len(names) == 6
        run_id = (await a.start(**film))["run_id"]
        live = f"/api/run/{run_id}/live"
        async with asyncio.timeout(60):
            while len([name for name in begun if name in names]) < 2:
                await asyncio.sleep(0.02)
            while (view := (await b.http.get(live, params={"wanted": 4})).json())["there"] != [[4, 5]]:
                await asyncio.sleep(0.1)
        assert [names.index(name) for name in begun if name in names][:3] == [0, 1, 4]
        for name in ("init.mp4", "4.m4s"):
            assert (await b.http.get(f"{live}/{name}")).status_code == 200
        assert view["status"] == "running"

        # Who goes away is forgotten; who watches where the run is made tells the database nothing.
        async with asyncio.timeout(30):
            while await wanted(url, run_id):
                await asyncio.sleep(0.1)
        assert (await a.http.get(live, params={"wanted": 1})).json()["there"] == [[4, 5]]
        assert (await b.http.get(live)).json()["there"] == [[4, 5]]
        assert not await wanted(url, run_id)
        going.set()
        assert (await until(b, run_id, "completed"))["output_cid"]
        listed = (await b.http.get(f"{live}.m3u8")).text.splitlines()
        assert (listed.count("#EXT-X-ENDLIST"), sum(line.endswith(".m4s") for line in listed)) == (1, 6)


async def wanted(url: str, run_id: str) -> Any:
    """What the database is told that viewers of a run wait for."""
    database = await Database.open(url)
    try:
        return await database.wants.of([run_id])
    finally:
        await database.close()


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
