"""What reads the same bytes is not computed again, however they came about (early cutoff), through HTTP."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import av
from clips import numbered_clip
from nodes import Person, running_node


def recipe(*before: dict[str, Any], reads: str = "clip", sigma: float = 2) -> str:
    """``before``, then a kept hue, and behind it another kept step and the output."""
    return json.dumps({
        "name": "cut-off", "inputs": {"clip": {"type": "video"}},
        "steps": [
            *before,
            {"id": "tint", "type": "EFFECT", "inputs": [reads], "config": {"effect": "hue", "degrees": 40},
             "cache": "keep"},
            {"id": "soft", "type": "EFFECT", "inputs": ["tint"], "config": {"effect": "blur", "sigma": sigma},
             "cache": "keep"},
            {"id": "half", "type": "SPEED", "inputs": ["soft"], "config": {"factor": 2}},
        ],
        "output": "half",
    })  # fmt: skip


def titled(source: Path, target: Path, title: str) -> Path:
    """The same packets in another file."""
    with av.open(str(source)) as reading, av.open(str(target), "w") as writing:
        writing.metadata["title"] = title
        stream = writing.add_stream_from_template(reading.streams.video[0])
        for packet in reading.demux(reading.streams.video[0]):
            if packet.dts is not None:
                packet.stream = stream
                writing.mux(packet)
    return target


async def became(person: Person, run: dict[str, Any]) -> dict[str, tuple[str, str]]:
    found = (await person.http.get(f"/api/run/{run['run_id']}/explain")).json()
    return {step["step_id"]: (step["status"], step["reason"]) for step in found["steps"]}


async def test_equal_bytes_are_where_it_ends(tmp_path: Path):
    async with running_node(tmp_path / "home") as (_, person):
        clip = numbered_clip(tmp_path / "clip.mp4", 12)
        cids = [await person.upload(path) for path in (clip, titled(clip, tmp_path / "titled.mp4", "another"))]
        assert cids[0] != cids[1]

        first = await person.run(recipe_yaml=recipe(), inputs={"clip": cids[0]})
        assert first["status"] == "completed", first["error"]
        assert first["passes_run"] == 3

        # Another file with the same pictures: what is made of it at first is made, and is the same.
        again = await person.run(recipe_yaml=recipe(), inputs={"clip": cids[1]})
        assert again["status"] == "completed", again["error"]
        assert [step["cache_id"] for step in again["steps"]] != [step["cache_id"] for step in first["steps"]]
        assert again["passes_run"] == 1
        assert again["output_cid"] == first["output_cid"]
        equal = ("cached", "inputs equal by content")
        assert await became(person, again) == {"tint": ("ran", "input changed"), "soft": equal, "half": equal}
        skipped = {step["step_id"]: step for step in again["steps"]}["half"]
        assert (skipped["cached"], skipped["worker"], skipped["started_at"]) == (True, None, None)

        # A step before it that changes nothing of the pictures.
        whole = {"id": "whole", "type": "SEGMENT", "inputs": ["clip"], "config": {"start": 0.0, "duration": 0.48}}
        through = await person.run(recipe_yaml=recipe(whole, reads="whole"), inputs={"clip": cids[0]})
        assert (through["passes_run"], through["output_cid"]) == (1, first["output_cid"])

        # It is known by its history now, too.
        known = await person.run(recipe_yaml=recipe(), inputs={"clip": cids[1]})
        assert known["passes_run"] == 0
        assert {step["by_content"] for step in known["steps"]} == {False}

        # Equal bytes and another parameter behind them are another computation.
        other = await person.run(recipe_yaml=recipe(sigma=3), inputs={"clip": cids[1]})
        assert (other["passes_run"], other["output_cid"] != first["output_cid"]) == (2, True)


async def test_it_is_found_after_a_restart(tmp_path: Path):
    home = tmp_path / "home"
    clip = numbered_clip(tmp_path / "clip.mp4", 12)
    async with running_node(home) as (_, person):
        first = await person.run(recipe_yaml=recipe(), inputs={"clip": await person.upload(clip)})
        assert first["passes_run"] == 3
    async with running_node(home) as (_, person):
        cid = await person.upload(titled(clip, tmp_path / "titled.mp4", "another"))
        again = await person.run(recipe_yaml=recipe(), inputs={"clip": cid})
        assert (again["passes_run"], again["output_cid"]) == (1, first["output_cid"])
