"""What an edit of a long result costs, what is said of its segments, and that equal bytes are found part by part."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from clips import numbered_clip
from nodes import running_node


def recipe(start: float = 1, angle: float = 0.5, through: bool = False) -> str:
    first = [{"id": "same", "type": "SEGMENT", "inputs": ["clip"], "config": {"start": 0, "duration": 4}}]
    steps: list[dict[str, Any]] = [
        *(first if through else []),
        {"id": "dark", "type": "EFFECT", "inputs": ["same" if through else "clip"], "cache": "keep",
         "config": {"effect": "vignette", "angle": angle}},
        {"id": "long", "type": "LOOP", "inputs": ["dark"], "config": {"duration": 9}},
        {"id": "end", "type": "SEGMENT", "inputs": ["clip"], "config": {"start": start, "end": 4}},
        {"id": "all", "type": "SEQUENCE", "inputs": ["long", "end"]},
    ]  # fmt: skip
    return json.dumps({"name": "long", "inputs": {"clip": {"type": "video"}}, "steps": steps, "output": "all"})


async def test_an_edit_of_a_long_result(tmp_path: Path):
    async with running_node(tmp_path / "home") as (_, person):
        clip = await person.upload(numbered_clip(tmp_path / "clip.mp4", 100))

        async def ran(**edit: Any) -> tuple[dict[str, Any], dict[str, Any]]:
            run = await person.run(recipe_yaml=recipe(**edit), inputs={"clip": clip})
            assert run["status"] == "completed", run["error"]
            explained = (await person.http.get(f"/api/run/{run['run_id']}/explain")).json()
            return run, {step["step_id"]: step for step in explained["steps"]}

        first, steps = await ran()
        parts = steps["all"]["segments"]
        assert parts["total"] == parts["made"] > 3
        assert parts["changed"] is None

        # The edit of the end makes few segments, and that is what it is said to cost.
        body = {"recipe_yaml": recipe(start=1.4), "inputs": {"clip": clip}}
        plan = (await person.http.post("/api/plan", json=body)).json()
        assert (plan["estimate"]["passes"], plan["estimate"]["segments"]) == (1, 1), plan["estimate"]
        assert plan["estimate"]["seconds"] > 0
        _, steps = await ran(start=1.4)
        assert steps["all"]["segments"] == {"total": parts["total"], "changed": 1, "made": 1}
        assert steps["all"]["seconds"] > 0

        # Another way to the same bytes: what reads them is not made again, neither in part nor as a whole.
        again, steps = await ran(through=True)
        assert (again["passes_run"], again["output_cid"]) == (1, first["output_cid"])
        assert steps["all"]["reason"] == "inputs equal by content"
        assert steps["all"]["segments"]["made"] == 0
        assert steps["all"]["segments"]["changed"] > 0
