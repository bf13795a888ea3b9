"""The same recipe again: nothing is rendered, and little is asked of the database."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from clips import numbered_clip
from nodes import running_node

from artdagd.database import Database
from artdagd.runs.library import Library

RECIPE = """\
name: again
version: "1.0"
inputs: {clip: {type: video}}
steps:
  - {id: turned, type: EFFECT, inputs: [clip], config: {effect: hue, degrees: 40}}
  - {id: small, type: RESIZE, inputs: [turned], config: {width: 32}}
output: small
"""


@pytest.mark.database
async def test_a_run_of_which_all_is_known_is_written_down_in_four_transactions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    count: Counter[str] = Counter()
    write = Database.write

    def counted(self: Database, work: Any) -> Any:
        count[work.__qualname__] += 1
        return write(self, work)

    async def no_look(self: Library, cid: str, owner: str) -> None:
        """Of the first run's output, which a worker may look at while the second one runs."""

    monkeypatch.setattr(Database, "write", counted)
    monkeypatch.setattr(Library, "_look", no_look)
    async with running_node(tmp_path / "home", workers=1) as (_, person):
        asked = {"recipe_yaml": RECIPE, "inputs": {"clip": await person.upload(numbered_clip(tmp_path / "c.mp4", 5))}}
        first = await person.run(**asked)
        count.clear()
        run = await person.start(**asked)
        answer = await person.http.get(f"/api/run/{run['run_id']}/events")
        again = (await person.http.get(f"/api/run/{run['run_id']}")).json()
    own = {name: times for name, times in count.items() if name.startswith(("Runs.", "Actions.", "Blobs."))}
    assert own == {"Runs.insert.<locals>.work": 1, "Runs.update.<locals>.work": 2, "Blobs.record.<locals>.work": 1}
    told = [json.loads(line.removeprefix("data: ")) for line in answer.text.splitlines() if line.startswith("data: ")]
    assert [one["status"] for one in told if "run_id" in one] == ["running", "completed"]
    assert {one["step_id"]: one["status"] for one in told if "step_id" in one} == {"turned": "fused", "small": "cached"}
    assert (again["passes_run"], again["output_cid"]) == (0, first["output_cid"])
    assert [step["status"] for step in again["steps"]] == ["fused", "cached"]
