"""Why a run's steps were computed, as its owner is told, through HTTP."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from clips import numbered_clip
from nodes import Person, running_node

from artdagd.store import uses


def recipe(angle: float = 0.5, crf: int = 23) -> str:
    return json.dumps({
        "name": "told", "inputs": {"clip": {"type": "video"}},
        "steps": [
            {"id": "part", "type": "SEGMENT", "inputs": ["clip"], "config": {"start": 0.0, "duration": 0.4}},
            {"id": "tint", "type": "EFFECT", "inputs": ["part"], "config": {"effect": "vignette", "angle": angle},
             "cache": "keep"},
            {"id": "soft", "type": "EFFECT", "inputs": ["tint"], "config": {"effect": "blur", "sigma": 2}},
        ],
        "output": {"step": "soft", "format": "mp4", "crf": crf},
    })  # fmt: skip


async def explained(person: Person, run_id: str, **query: str) -> tuple[str | None, dict[str, Any]]:
    answer = await person.http.get(f"/api/run/{run_id}/explain", params=query)
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert found["run_id"] == run_id
    return found["against"], {step["step_id"]: step for step in found["steps"]}


def said(steps: dict[str, Any]) -> dict[str, tuple[str, str]]:
    return {name: (step["status"], step["reason"]) for name, step in steps.items()}


async def planned(person: Person, cid: str, **changes: Any) -> dict[str, Any]:
    answer = await person.http.post("/api/plan", json={"recipe_yaml": recipe(**changes), "inputs": {"clip": cid}})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def cost(seconds: float | None, passes: int, film: float) -> dict[str, Any]:
    """What is foreseen of passes that are made in one piece."""
    return {"seconds": seconds, "passes": passes, "segments": 0, "sounds": 0, "film_seconds": film}


async def test_why_each_step_was_computed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(uses, "GRACE", 0.0)
    async with running_node(tmp_path / "home") as (_, person):
        clip = await person.upload(numbered_clip(tmp_path / "clip.mp4", 12))
        other = await person.upload(numbered_clip(tmp_path / "other.mp4", 14))

        async def ran(cid: str = clip, **changes: Any) -> str:
            run = await person.run(recipe_yaml=recipe(**changes), inputs={"clip": cid})
            assert run["status"] == "completed", run["error"]
            return str(run["run_id"])

        plan = await planned(person, clip)
        assert (plan["against"], plan["estimate"]) == (None, cost(None, 2, 0.8))
        assert {one["reason"] for one in plan["reasons"]} == {"new"}

        first = await ran()
        against, steps = await explained(person, first)
        assert against is None
        assert said(steps) == {"part": ("fused", "new"), "tint": ("ran", "new"), "soft": ("ran", "new")}
        assert steps["tint"]["seconds"] > 0
        assert steps["part"]["seconds"] is None

        turned = await ran(angle=0.9)
        against, steps = await explained(person, turned)
        assert against == first
        assert said(steps)["part"] == ("fused", "nothing changed")
        assert said(steps)["tint"] == ("ran", "parameter changed")
        assert steps["tint"]["changes"] == [{"kind": "parameter", "name": "angle", "from": 0.5, "to": 0.9}]
        assert said(steps)["soft"] == ("ran", "input changed")
        assert steps["soft"]["cause"] == "tint"

        back = await ran()
        _, steps = await explained(person, back)
        assert said(steps)["soft"] == ("cached", "input changed")
        assert steps["soft"]["detail"].endswith("its result was there all the same")
        against, steps = await explained(person, back, against=first)
        assert against == first
        assert set(said(steps).values()) == {("cached", "nothing changed")}

        _, steps = await explained(person, await ran(other))
        assert said(steps)["part"] == ("fused", "input changed")
        assert steps["part"]["changes"] == [{"kind": "input", "name": "clip", "from": clip, "to": other}]
        assert steps["soft"]["cause"] == "part"

        kept = await ran(crf=30)
        _, steps = await explained(person, kept, against=first)
        assert said(steps) == dict.fromkeys(("part", "tint"), ("cached", "nothing changed")) | {
            "soft": ("ran", "parameter changed")
        }

        plan = await planned(person, clip, angle=0.7)
        assert (plan["against"], plan["estimate"]["passes"]) == (kept, 2)
        assert plan["estimate"]["seconds"] > 0
        assert sum(one["seconds"] for one in plan["passes"]) == pytest.approx(plan["estimate"]["seconds"])
        assert {one["step_id"]: (one["reason"], one["cause"]) for one in plan["reasons"]} == {
            "part": ("nothing changed", None),
            "tint": ("parameter changed", None),
            "soft": ("parameter changed", "tint"),
        }
        plan = await planned(person, clip, crf=30)
        assert (plan["estimate"], plan["reasons"]) == (cost(0.0, 0, 0.0), [])

        # The node's disk is emptied of what can be made again.
        answer = await person.http.post("/cache/gc", json={"to_bytes": 0})
        assert answer.status_code == 200
        await person.http.delete(f"/cache/{(await person.http.get(f'/api/run/{kept}')).json()['output_cid']}")
        plan = await planned(person, clip, crf=30)
        assert plan["estimate"]["passes"] == 2
        assert [one["reason"] for one in plan["reasons"]] == ["nothing changed", "evicted", "evicted"]
        _, steps = await explained(person, await ran(crf=30), against=kept)
        assert said(steps)["tint"] == ("ran", "evicted")

        answer = await person.http.get(f"/api/run/{kept}/explain", params={"against": "run-nothing"})
        assert answer.status_code == 404


async def test_another_s_run_is_nothing_to_compare_with(tmp_path: Path):
    async with running_node(tmp_path / "home") as (_, person):
        making = json.dumps({"name": "made", "inputs": {}, "output": "plain", "steps": [
            {"id": "plain", "type": "GENERATE", "config": {"duration": 0.2}}
        ]})  # fmt: skip
        mine = await person.run(recipe_yaml=making)
        assert mine["status"] == "completed", mine["error"]
        token = await person.http.post(
            "/auth/tokens", json={"name": "x", "owner": "bob", "scopes": ["read", "write"], "expires_in": 600}
        )
        admin, person.http.headers["Authorization"] = (
            person.http.headers["Authorization"], f"Bearer {token.json()['token']}",
        )  # fmt: skip
        bobs = await person.run(recipe_yaml=making)
        against, steps = await explained(person, bobs["run_id"])
        assert against is None
        assert said(steps) == {"plain": ("cached", "new")}
        for run_id, query in ((mine["run_id"], {}), (bobs["run_id"], {"against": mine["run_id"]})):
            answer = await person.http.get(f"/api/run/{run_id}/explain", params=query)
            assert answer.status_code == 404, answer.text
        person.http.headers["Authorization"] = admin
        against, _ = await explained(person, bobs["run_id"], against=mine["run_id"])
        assert against == mine["run_id"]
