"""Some segments of a run's result rendered again, and compared with those that its record names."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

import numpy
import pytest
from clips import numbered_clip
from nodes import Person, running_node
from sounds import write_sound
from verifying import blob, planted, verified

from artdagd.errors import StepFailed
from artdagd.plans.parts import Parts
from artdagd.runs.sampling import Sample

RECIPE = json.dumps({
    "name": "long", "inputs": {"clip": {"type": "video"}, "song": {"type": "audio"}},
    "steps": [
        {"id": "long", "type": "LOOP", "inputs": ["clip"], "config": {"duration": 9}},
        {"id": "soft", "type": "EFFECT", "inputs": ["long"], "config": {"effect": "blur", "sigma": 1}},
        {"id": "out", "type": "MUX", "inputs": ["soft", "song"]},
    ],
    "output": "out",
})  # fmt: skip


async def completed(person: Person, folder: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """A run and its record."""
    clip = await person.upload(numbered_clip(folder / "clip.mp4", 25, fps=10))
    song = await person.upload(write_sound(folder / "song.wav", numpy.linspace(0, 0.5, 9 * 48000)))
    run = await person.run(recipe_yaml=RECIPE, inputs={"clip": clip, "song": song})
    assert run["status"] == "completed", run["error"]
    return run, (await person.http.get(f"/api/run/{run['run_id']}/provenance")).json()


async def test_a_sample_of_segments_is_rendered_and_compared(tmp_path: Path):
    home = tmp_path / "home"
    async with running_node(home, database_url=f"sqlite:///{home / 'artdagd.sqlite'}") as (_, person):
        run, record = await completed(person, tmp_path)
        (parts,) = record["parts"]
        plan = (await person.http.get(f"/api/run/{run['run_id']}/plan")).json()
        cut = plan["passes"][-1]["segments"]
        assert len(cut) > 2
        assert [{key: one[key] for key in cut[0]} for one in parts["segments"]] == cut
        cids = [one["cid"] for one in (*parts["segments"], parts["sound"])]
        assert all(blob(home, cid).exists() for cid in cids)

        # What is cached is not looked at: there the segments are another's, and their bytes are spoiled.
        with sqlite3.connect(home / "artdagd.sqlite") as state:
            state.execute("UPDATE actions SET output_cid = ? WHERE kind = 'segment'", (run["inputs"]["clip"],))
        for cid in cids:
            blob(home, cid).chmod(0o600)
            blob(home, cid).write_bytes(b"spoiled")
        found = await verified(person, run_id=run["run_id"], segments=2, seed=7)
        assert found.done["equal"], found
        assert (len(found.numbers), len(found.parts), found.steps, found.done["compared"]) == (2, 3, {}, 3)
        assert all(part["rendered"] == part["recorded"] and part["seconds"] > 0 for part in found.parts)
        (covered,) = found.done["results"]
        assert covered == {"step_id": "out", "segments": len(cut), "numbers": found.numbers, "whole": ""}
        assert (found.done["seed"], found.done["versions"]) == (7, [])
        assert found.numbers == Sample(2, 7).of("out", len(cut))

        # All of them, and what they are put together.
        everything = await verified(person, run_id=run["run_id"], segments=1000)
        assert everything.numbers == list(range(len(cut)))
        assert everything.steps["out"]["rendered"] == run["output_cid"]
        assert everything.done["equal"]
        assert everything.done["seed"] is not None
        # The rounds of the loop are the same computation: each is done once.
        names = [segment["segment_id"] for segment in cut]
        spent = {(names[part["number"]], part["seconds"]) for part in everything.parts if part["part"] == "segment"}
        assert len(spent) == len(set(names)) < len(names)

        # A record that names no segments, or others than this node makes.
        for change, why in (
            ({}, "before records named"),
            ({"parts": []}, "evicted"),
            ({"parts": [{**record["parts"][0], "sound": None}]}, "other segments"),
        ):
            other = planted(home, {**{key: record[key] for key in record if key != "parts"}, **change})
            answer = await person.http.post("/api/verify", json={"provenance_cid": other, "segments": 1})
            assert (answer.status_code, why in answer.json()["detail"]) == (400, True), answer.text
            assert "without" in answer.text

        # A record that says otherwise of one of the segments.
        number = found.numbers[1]
        parts["segments"][number]["cid"] = run["inputs"]["clip"]
        found = await verified(person, provenance_cid=planted(home, record), segments=2, seed=7)
        assert [part["number"] for part in found.parts if not part["equal"]] == [number]
        assert (found.done["equal"], found.done["different"], found.done["failed"]) == (False, 1, 0)


@pytest.mark.slow
async def test_what_has_no_parts_is_made_in_one_piece(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    home = tmp_path / "home"
    async with running_node(home) as (_, person):
        run, record = await completed(person, tmp_path)
        # It names others than this node makes.
        other = planted(home, {**record, "parts": [{**record["parts"][0], "sound": None}]})
        found = await verified(person, provenance_cid=other)
        assert (found.done["equal"], found.parts, list(found.steps)) == (True, [], ["out"])

        # A part can't be made: what was made in parts is made in one piece, here and in a run.
        def segment(*_: Any) -> None:
            raise StepFailed("no such part", code="refused")

        monkeypatch.setattr(Parts, "segment", segment)
        found = await verified(person, run_id=run["run_id"])
        assert {part["part"]: part["error"] for part in found.parts} == {"segment": "no such part.", "sound": None}
        assert len(found.parts) == 2, "after the first that can't be made no other is tried"
        assert found.steps["out"]["rendered"]
        assert not found.done["equal"]
        assert "no such part" in found.done["results"][0]["whole"]
        edited = RECIPE.replace('"sigma": 1', '"sigma": 2')
        run = await person.run(recipe_yaml=edited, inputs=run["inputs"])
        record = (await person.http.get(f"/api/run/{run['run_id']}/provenance")).json()
        assert record["parts"][0]["whole"]
        found = await verified(person, run_id=run["run_id"], segments=1)
        assert found.done["equal"]
        assert found.done["results"][0]["whole"] == record["parts"][0]["whole"]
