"""A long result through a whole node: in segments, again after an edit, verified, and made anew from nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from clips import numbered_clip, read_numbers
from nodes import Person, running_node

STEPS = [
    {"id": "long", "type": "LOOP", "inputs": ["clip"], "config": {"duration": 9}},
    {"id": "end", "type": "SEGMENT", "inputs": ["clip"], "config": {"start": 1, "end": 4}},
    {"id": "all", "type": "SEQUENCE", "inputs": ["long", "end"]},
    {"id": "out", "type": "EFFECT", "inputs": ["all"], "config": {"effect": "identity"}},
]


def recipe(start: float = 1) -> str:
    steps = json.loads(json.dumps(STEPS))
    steps[1]["config"]["start"] = start
    return json.dumps({"name": "long", "inputs": {"clip": {"type": "video"}}, "steps": steps, "output": "out"})


async def made(person: Person, clip: str, **edit: float) -> tuple[dict[str, Any], dict[str, Any]]:
    run = await person.run(recipe_yaml=recipe(**edit), inputs={"clip": clip})
    assert run["status"] == "completed", run["error"]
    return run, (await person.http.get(f"/api/run/{run['run_id']}/plan")).json()


async def test_a_long_result_is_made_in_segments_and_an_edit_makes_few_of_them_again(tmp_path: Path):
    clip_file = numbered_clip(tmp_path / "clip.mp4", 100)
    async with running_node(tmp_path / "home") as (_, person):
        clip = await person.upload(clip_file)
        run, plan = await made(person, clip)
        output = plan["passes"][-1]
        assert len(output["segments"]) > 3
        assert not output["whole"]
        saved = await person.save(run["output_cid"], tmp_path / "out.mp4")
        wanted = [number % 100 for number in range(225)] + list(range(25, 100))
        assert [number for _, number in read_numbers(saved)] == wanted
        edited, other = await made(person, clip, start=1.4)
        before = {segment["segment_id"] for segment in output["segments"]}
        after = {segment["segment_id"] for segment in other["passes"][-1]["segments"]}
        assert 0 < len(after - before) <= 2
        answer = await person.http.post("/api/verify", json={"run_id": edited["run_id"]}, timeout=90)
        done = [line for line in answer.text.splitlines() if '"equal"' in line][-1]
        assert json.loads(done.removeprefix("data: "))["equal"], answer.text
    async with running_node(tmp_path / "empty", workers=2) as (_, person):
        again, _ = await made(person, await person.upload(clip_file), start=1.4)
        assert again["output_cid"] == edited["output_cid"]
