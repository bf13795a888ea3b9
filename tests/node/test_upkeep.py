"""The local cache of a whole node: how full it is, what goes, and what was found to be wrong."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from clips import numbered_clip
from nodes import Person, running_node

from artdagd.runs.library import Library
from artdagd.store import uses
from artdagd.store.uses import touch

RECIPE = """
name: chain
inputs:
  clip: {type: video}
steps:
  - {id: tint, type: EFFECT, inputs: [clip], config: {effect: hue, degrees: 60}, cache: keep}
  - {id: dark, type: EFFECT, inputs: [tint], config: {effect: vignette, angle: 0.5}}
output: dark
"""


def events(answer: httpx.Response) -> Iterator[tuple[str, Any]]:
    assert answer.status_code == 200, answer.text
    for block in answer.text.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines() if ": " in line)
        if "event" in fields:
            yield fields["event"], json.loads(fields["data"])


async def told(person: Person, path: str, **body: Any) -> tuple[list[Any], dict[str, Any]]:
    """The blobs that were told of, and the last event."""
    found = list(events(await person.http.post(path, json=body)))
    assert found[-1][0] == "done"
    return [data for event, data in found if event == "blob"], found[-1][1]


async def test_what_a_run_left_goes_and_is_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(uses, "GRACE", 0.0)
    async with running_node(tmp_path / "home") as (_, person):
        inputs = {"clip": await person.upload(numbered_clip(tmp_path / "clip.mp4", 10))}
        run = await person.run(recipe_yaml=RECIPE, inputs=inputs)
        tint = next(step["output_cid"] for step in run["steps"] if step["step_id"] == "tint")
        (place,) = tmp_path.rglob(tint)
        touch(place, 10**18)

        planned, done = await told(person, "/cache/gc", plan=True, to_bytes=0)
        assert [one["cid"] for one in planned if one["why"] == "result"] == [tint]
        assert next(one for one in planned if one["cid"] == tint)["used"] == "2001-09-09T01:46:40.000Z"
        assert place.exists()
        before = (await person.http.get("/cache")).json()
        gone, done = await told(person, "/cache/gc", to_bytes=0)
        assert {one["cid"] for one in gone} == {one["cid"] for one in planned}
        assert done["bytes"] == sum(one["size"] for one in gone) == before["bytes"] - done["cache"]["bytes"]
        assert done["cache"]["evicted"] == len(gone)
        assert not place.exists()
        figures = (await person.http.get("/metrics")).text
        assert f"artdag_cache_evicted_total {len(gone)}.0" in figures
        assert f"artdag_cache_bytes {done['cache']['bytes']}.0" in figures

        again = await person.run(recipe_yaml=RECIPE.replace("0.5", "0.6"), inputs=inputs)
        assert again["status"] == "completed", again["error"]
        assert next(step["output_cid"] for step in again["steps"] if step["step_id"] == "tint") == tint
        await person.http.delete(f"/runs/{run['run_id']}")
        garbage, _ = await told(person, "/cache/gc")
        assert {run["plan_id"], run["provenance_cid"]} <= {one["cid"] for one in garbage}
        assert {one["why"] for one in garbage} == {"unused"}


async def test_what_decayed_is_found_and_what_to_do_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    async def no_look(self: Library, cid: str, owner: str) -> None:
        """A worker that reads a file before it is verified finds first that it is wrong."""

    monkeypatch.setattr(Library, "_look", no_look)
    home = tmp_path / "home"
    async with running_node(home) as (_, person):
        inputs = {"clip": await person.upload(numbered_clip(tmp_path / "clip.mp4", 10))}
        run = await person.run(recipe_yaml=RECIPE, inputs=inputs)
        note = tmp_path / "note.txt"
        cids = {}
        for name in ("gone", "spoilt", "whole"):
            note.write_text(name)
            cids[name] = await person.upload(note)
        files = {name: next((home / "cache" / "blobs").rglob(cid)) for name, cid in cids.items()}
        output = next((home / "cache" / "blobs").rglob(run["output_cid"]))
        sound, done = await told(person, "/cache/verify")
        assert (sound, done["checked"], done["corrupt"], done["missing"]) == ([], done["sound"], 0, 0)
        assert done["total"] == (await person.http.get("/cache")).json()["blobs"]

        files["gone"].unlink()
        for file in (files["spoilt"], output):
            file.chmod(0o600)
            file.write_bytes(file.read_bytes()[:-1] + b"\0")
        wrong, done = await told(person, "/cache/verify")
        assert {one["cid"]: (one["state"], one["remedy"].partition(":")[0]) for one in wrong} == {
            cids["gone"]: ("missing", "upload it again"), cids["spoilt"]: ("corrupt", "upload it again"),
            run["output_cid"]: ("corrupt", "render it again"),
        }  # fmt: skip
        assert (done["corrupt"], done["missing"]) == (2, 1)
        assert len(list((home / "cache" / "quarantine").iterdir())) == 2
        named, done = await told(person, "/cache/verify", cids=[cids["whole"]])
        assert (named, done["checked"], done["sound"]) == ([], 1, 1)
        assert (await person.http.post("/cache/verify", json={"cids": ["x"]})).status_code == 400
