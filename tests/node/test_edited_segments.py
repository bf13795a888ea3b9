"""What an edit of a long result costs, what is said of its segments, and that equal bytes are found part by part."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from clips import numbered_clip
from nodes import running_node

from artdagd.runs.execution import Planner
from artdagd.store import uses


def recipe(start: float = 1, angle: float = 0.5, through: bool = False) -> str:
    first = [{"id": "same", "type": "SEGMENT", "inputs": ["clip"], "config": {"start": 0, "duration": 4}}]
    steps: list[dict[str, Any]] = [
        *(first if through else []),
        {"id": "dark", "type": "EFFECT", "inputs": ["same" if through else "clip"], "cache": "keep",
         "config": {"effect": "vignette", "angle": angle}},
        {"id": "long", "type": "LOOP", "inputs": ["dark"], "config": {"duration": 17}},
        {"id": "end", "type": "SEGMENT", "inputs": ["clip"], "config": {"start": start, "end": 4}},
        {"id": "all", "type": "SEQUENCE", "inputs": ["long", "end"]},
    ]  # fmt: skip
    return json.dumps({"name": "long", "inputs": {"clip": {"type": "video"}}, "steps": steps, "output": "all"})


async def unmeasured(*_: Any) -> None:
    """What a node knows of the work of a plan whose steps it can't look at."""


async def test_an_edit_of_a_long_result(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(uses, "GRACE", 0.0)
    async with running_node(tmp_path / "home") as (_, person):
        clip = await person.upload(numbered_clip(tmp_path / "clip.mp4", 100))

        async def ran(**edit: Any) -> tuple[dict[str, Any], dict[str, Any]]:
            run = await person.run(recipe_yaml=recipe(**edit), inputs={"clip": clip})
            assert run["status"] == "completed", run["error"]
            explained = (await person.http.get(f"/api/run/{run['run_id']}/explain")).json()
            return run, {step["step_id"]: step for step in explained["steps"]}

        first, steps = await ran()
        parts = steps["all"]["segments"]
        assert parts["total"] == parts["made"] == 3
        assert (parts["changed"], parts["sound"]) == (None, None)
        # The rounds of the loop are the same computation.
        each = parts["each"]
        assert len(each) > parts["total"] == sum(one["seconds"] is not None for one in each)
        assert {one["why"] for one in each} == {"new"}
        assert (each[0]["start"], each[-1]["start"] + each[-1]["duration"]) == (0, 20)

        page = (await person.http.get(f"/run/{first['run_id']}/plan", headers={"Accept": "text/html"})).text
        assert f"<td>{len(each)} segments</td>" in page
        assert "<td>in one piece: its result is kept for other passes</td>" in page

        # The edit of the end makes few segments, and that is what it is said to cost.
        body = {"recipe_yaml": recipe(start=1.4), "inputs": {"clip": clip}}
        plan = (await person.http.post("/api/plan", json=body)).json()
        assert (plan["estimate"]["passes"], plan["estimate"]["segments"]) == (1, 1), plan["estimate"]
        assert plan["estimate"]["seconds"] > 0
        assert plan["estimate"]["film_seconds"] == pytest.approx(19.6 - each[-1]["start"])
        with monkeypatch.context() as blind:
            blind.setattr(Planner, "measures", unmeasured)
            _, steps = await ran(start=1.4)
        told = steps["all"]["segments"]
        assert (told["total"], told["changed"], told["made"]) == (parts["total"], 1, 1)
        assert [one["why"] for one in told["each"]] == ["there"] * (len(each) - 1) + ["changed"]
        assert steps["all"]["seconds"] > 0

        # Another way to the same bytes: what reads them is not made again, neither in part nor as a whole.
        again, steps = await ran(through=True)
        assert (again["passes_run"], again["output_cid"]) == (1, first["output_cid"])
        assert steps["all"]["reason"] == "inputs equal by content"
        assert steps["all"]["segments"]["made"] == 0
        assert steps["all"]["segments"]["changed"] > 0
        assert {one["why"] for one in steps["all"]["segments"]["each"]} == {"by content"}

        # The rounds of a loop are rendered once, and so it is foreseen; the kept step before it has 4 s, too.
        body = {"recipe_yaml": recipe(angle=0.9), "inputs": {"clip": clip}}
        cost = (await person.http.post("/api/plan", json=body)).json()["estimate"]
        distinct = sum(one["duration"] for one in each if one["seconds"] is not None)
        assert cost["segments"] == 3
        assert cost["film_seconds"] == pytest.approx(4 + distinct)
        assert distinct < 20

        # What was made anew later is no work of the run before.
        await person.http.post("/cache/gc", json={"to_bytes": 0})
        await person.http.delete(f"/cache/{first['output_cid']}")
        _, steps = await ran(through=True)
        assert {one["why"] for one in steps["all"]["segments"]["each"]} == {"evicted"}
        explained = (await person.http.get(f"/api/run/{again['run_id']}/explain")).json()
        told = explained["steps"][-1]["segments"]
        assert (told["made"], {one["why"] for one in told["each"]}) == (0, {"unknown"})
