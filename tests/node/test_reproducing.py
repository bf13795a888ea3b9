"""A run rendered again from its provenance record, and compared, through HTTP and with the command."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from clips import numbered_clip
from nodes import Person, running_node

from artdagd.cid import CID, cid_of_value, dag_json

RECIPE = json.dumps({
    "name": "again", "inputs": {"clip": {"type": "video"}},
    "steps": [
        {"id": "dark", "type": "EFFECT", "inputs": ["clip"], "config": {"effect": "vignette"}, "cache": "keep"},
        {"id": "soft", "type": "EFFECT", "inputs": ["dark"], "config": {"effect": "blur", "sigma": 2}},
    ],
    "output": "soft",
})  # fmt: skip


async def verified(person: Person, **body: str) -> tuple[dict[str, Any], dict[str, Any], int]:
    """The steps by id, the verdict, and how often it was told how far it is."""
    steps, done, told, event = {}, {}, 0, ""
    async with person.http.stream("POST", "/api/verify", json=body, timeout=90) as answer:
        assert answer.status_code == 200, await answer.aread()
        async for line in answer.aiter_lines():
            word, _, rest = line.partition(": ")
            if word == "event":
                event = rest
            elif word == "data" and event == "step":
                steps[json.loads(rest)["step_id"]] = json.loads(rest)
            elif word == "data" and event == "done":
                done = json.loads(rest)
            elif word == "data":
                told += 1
    return steps, done, told


def planted(home: Path, record: dict[str, Any]) -> str:
    """A record as if it had been brought here from elsewhere."""
    cid = cid_of_value(record)
    place = home / "cache" / "blobs" / cid[-2:] / cid
    place.parent.mkdir(exist_ok=True)
    place.write_bytes(dag_json(record))
    assert str(CID.parse(cid)) == cid
    return cid


async def test_what_was_rendered_comes_out_again_or_it_is_said(tmp_path: Path):
    home = tmp_path / "home"
    async with running_node(home) as (_, person):
        clip = await person.upload(numbered_clip(tmp_path / "clip.mp4", 12))
        run = await person.run(recipe_yaml=RECIPE, inputs={"clip": clip})
        assert run["status"] == "completed", run["error"]
        steps, done, told = await verified(person, run_id=run["run_id"])
        assert {name: step["equal"] for name, step in steps.items()} == {"dark": True, "soft": True}
        assert steps["soft"]["rendered"] == steps["soft"]["recorded"] == run["output_cid"]
        assert all(step["seconds"] > 0 for step in steps.values()), "rendered, and not looked up"
        assert (done["equal"], done["compared"], done["versions"]) == (True, 2, [])
        assert told

        # A record that says otherwise, made with another library.
        record = (await person.http.get(f"/api/run/{run['run_id']}/provenance")).json()
        other = clip
        record["steps"][0]["output_cid"] = other
        record["libraries"] = dict.fromkeys(record["libraries"], "0.1")
        record["effects"][0]["version"] = "0.1"
        cid = planted(home, record)
        steps, done, _ = await verified(person, provenance_cid=cid)
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
        ):
            answer = await person.http.post("/api/verify", json=body)
            assert answer.status_code == status, (body, answer.text)
            assert answer.json()["detail"]
