"""A run rendered again from its provenance record, and compared, through HTTP and with the command."""

from __future__ import annotations

import json
from pathlib import Path

from clips import numbered_clip
from nodes import running_node
from verifying import planted, verified

RECIPE = json.dumps({
    "name": "again", "inputs": {"clip": {"type": "video"}},
    "steps": [
        {"id": "dark", "type": "EFFECT", "inputs": ["clip"], "config": {"effect": "vignette"}, "cache": "keep"},
        {"id": "soft", "type": "EFFECT", "inputs": ["dark"], "config": {"effect": "blur", "sigma": 2}},
    ],
    "output": "soft",
})  # fmt: skip


async def test_what_was_rendered_comes_out_again_or_it_is_said(tmp_path: Path):
    home = tmp_path / "home"
    async with running_node(home) as (_, person):
        clip = await person.upload(numbered_clip(tmp_path / "clip.mp4", 12))
        run = await person.run(recipe_yaml=RECIPE, inputs={"clip": clip})
        assert run["status"] == "completed", run["error"]
        found = await verified(person, run_id=run["run_id"], segments=1, seed=3)
        steps, done = found.steps, found.done
        assert {name: step["equal"] for name, step in steps.items()} == {"dark": True, "soft": True}
        assert steps["soft"]["rendered"] == steps["soft"]["recorded"] == run["output_cid"]
        assert all(step["seconds"] > 0 for step in steps.values()), "rendered, and not looked up"
        assert (done["equal"], done["compared"], done["versions"]) == (True, 2, [])
        assert found.told
        assert found.parts == []
        whole = {one["step_id"]: one["whole"] for one in done["results"]}
        assert whole == {"dark": "its result is kept for other passes", "soft": "it is shorter than 8 s"}

        # A record that says otherwise, made with another library.
        record = (await person.http.get(f"/api/run/{run['run_id']}/provenance")).json()
        other = clip
        record["steps"][0]["output_cid"] = other
        record["libraries"] = dict.fromkeys(record["libraries"], "0.1")
        record["effects"][0]["version"] = "0.1"
        cid = planted(home, record)
        found = await verified(person, provenance_cid=cid)
        steps, done = found.steps, found.done
        assert (steps["dark"]["recorded"], steps["dark"]["equal"], steps["soft"]["equal"]) == (other, False, True)
        assert (done["equal"], done["different"], done["failed"]) == (False, 1, 0)
        names = {one["name"] for one in done["versions"]}
        assert {record["effects"][0]["name"], *record["libraries"]} <= names
        assert all(one["recorded"] != one["here"] for one in done["versions"])

        # What was recorded is as it was.
        known = await person.run(recipe_yaml=RECIPE, inputs={"clip": clip})
        assert (known["passes_run"], known["output_cid"]) == (0, run["output_cid"])

        # Another user has neither the run nor the media that the record names.
        token = await person.http.post(
            "/auth/tokens", json={"name": "x", "owner": "bob", "scopes": ["read", "write"], "expires_in": 600}
        )
        person.http.headers["Authorization"] = f"Bearer {token.json()['token']}"
        for body in ({"run_id": run["run_id"]}, {"provenance_cid": cid}, {"provenance_cid": run["provenance_cid"]}):
            answer = await person.http.post("/api/verify", json=body)
            assert answer.status_code == 404, answer.text


async def test_what_is_no_completed_run(tmp_path: Path):
    async with running_node(tmp_path / "home", workers=0) as (_, person):
        clip = await person.upload(numbered_clip(tmp_path / "clip.mp4", 2))
        waiting = await person.start(recipe_yaml=RECIPE, inputs={"clip": clip})
        for body, status in (
            ({"run_id": waiting["run_id"]}, 404),
            ({"run_id": "run-nothing"}, 404),
            ({"provenance_cid": clip}, 400),
            ({"provenance_cid": "x"}, 400),
            ({}, 400),
            ({"run_id": "x", "provenance_cid": clip}, 400),
            ({"run_id": "x", "seed": 1}, 400),
            ({"run_id": "x", "segments": 0}, 400),
        ):
            answer = await person.http.post("/api/verify", json=body)
            assert answer.status_code == status, (body, answer.text)
            assert answer.json()["detail"]
