"""What an edit costs, why it was computed, and whether it comes out again, as the commands say it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from processes import Daemon, ctl, well


def test_an_edit_is_planned_explained_and_verified(node: Daemon, recipe: Path, clip: Path):
    asked = (recipe, "--input", f"clip={clip}", "--param")
    well(node.ctl("run", *asked, "depth=4", "--follow", "--json"))
    planned = well(node.ctl("plan", *asked, "depth=5"))
    assert "to compute  1 of 1 passes" in planned
    assert "s of a worker, 0.4 s of film" in planned
    assert "in one piece: it is shorter than 8 s" in planned
    assert "parameter changed  `sigma` was 4.0, now 5.0" in planned
    run = json.loads(well(node.ctl("run", *asked, "depth=5", "--follow", "--json")))

    said = well(node.ctl("runs", "explain", run["run_id"]))
    assert "parameter changed  `sigma` was 4.0, now 5.0" in said
    assert "of 1 steps 1 ran in " in said
    again = json.loads(well(node.ctl("run", *asked, "depth=5", "--follow", "--json")))
    assert "1 not shown" not in well(node.ctl("runs", "explain", again["run_id"], "--all"))
    assert json.loads(well(node.ctl("runs", "explain", again["run_id"], "--json")))["against"] == run["run_id"]

    assert "in one piece: it is shorter than 8 s" in well(node.ctl("runs", "plan", run["run_id"]))
    nothing = node.ctl("runs", "explain", run["run_id"], "--segments")
    assert "nothing is made in segments" in nothing.stderr

    said = well(node.ctl("verify", run["run_id"]))
    assert "equal: 1 of 1 results are the same to the byte" in said
    assert json.loads(well(node.ctl("verify", run["provenance_cid"], "--json")))["equal"] is True
    said = well(node.ctl("verify", run["run_id"], "--segments", "2", "--seed", "5"))
    assert "soft: all of it, in one piece: it is shorter than 8 s\nthe same segments again: --seed 5\n" in said
    assert node.ctl("verify", run["run_id"], "--seed", "5").returncode == 2


def segment(number: int, why: str, seconds: float | None = None) -> dict[str, Any]:
    return {"number": number, "first": number * 100, "frames": 100, "start": number * 40.0, "duration": 40.0,
            "why": why, "seconds": seconds}  # fmt: skip


def test_neighbours_among_segments_share_a_row(tmp_path: Path, stranger: Callable[..., str]):
    each = [segment(0, "there"), segment(1, "there"), segment(2, "changed", 1.5), segment(3, "changed", 2.0)]
    told = {"total": 5, "changed": 2, "made": 2, "sound": "there", "each": [*each, segment(4, "by content")]}
    steps = [{"step_id": "tint", "segments": None}, {"step_id": "cut", "segments": told}]
    body = json.dumps({"run_id": "run-1", "against": "run-0", "steps": steps}).encode()
    url = stranger(body, media_type="application/json")
    said = well(ctl(tmp_path, "runs", "explain", "run-1", "--segments", ARTDAG_URL=url, ARTDAG_TOKEN="x"))
    assert [line.split(maxsplit=1) for line in said.splitlines()[-5:]] == [
        ["step", "segments  from  to    why         seconds"],
        ["cut", "0 to 1    0:00  1:20  there"],
        ["cut", "2 to 3    1:20  2:40  changed     3.50"],
        ["cut", "4         2:40  3:20  by content"],
        ["cut", "sound                 there"],
    ]


@pytest.mark.slow
def test_a_record_that_does_not_come_out_again_ends_with_1(node: Daemon, recipe: Path, clip: Path):
    from artdagd.cid import cid_of_value, dag_json

    asked = (recipe, "--input", f"clip={clip}", "--param", "depth=6")
    run = json.loads(well(node.ctl("run", *asked, "--follow", "--json")))
    record = json.loads(well(node.ctl("runs", "provenance", run["run_id"], "--json")))
    record["output"]["cid"] = record["steps"][0]["output_cid"] = run["inputs"]["clip"]
    cid = cid_of_value(record)
    place = node.home / "cache" / "blobs" / cid[-2:] / cid
    place.parent.mkdir(exist_ok=True)
    place.write_bytes(dag_json(record))
    done = node.ctl("verify", cid)
    assert done.returncode == 1
    assert "NOT equal: 0 of 1 results" in done.stdout


@pytest.mark.slow
def test_some_segments_of_a_long_result_are_verified(node: Daemon, tmp_path: Path, clip: Path):
    from artdagd.cid import cid_of_value, dag_json

    recipe = tmp_path / "long.yaml"
    recipe.write_text("""
name: long
inputs: {clip: {type: video}}
steps:
  - {id: long, type: LOOP, inputs: [clip], config: {duration: 90}}
output: long
""")
    run = json.loads(well(node.ctl("run", recipe, "--input", f"clip={clip}", "--follow", "--json")))
    record = json.loads(well(node.ctl("runs", "provenance", run["run_id"], "--json")))
    total = len(record["parts"][0]["segments"])
    said = well(node.ctl("verify", run["run_id"], "--segments", "2"))
    assert said.count(" frames ") == 2
    assert f"long: 2 of {total} segments\nthe same segments again: --seed " in said
    assert "equal: 2 of 2 results and parts are the same to the byte" in said
    record["parts"][0]["segments"][3]["cid"] = run["inputs"]["clip"]
    cid = cid_of_value(record)
    place = node.home / "cache" / "blobs" / cid[-2:] / cid
    place.parent.mkdir(exist_ok=True)
    place.write_bytes(dag_json(record))
    done = node.ctl("verify", cid)
    assert done.returncode == 1
    assert f"  {total - 1} parts " in done.stdout
    assert "segment 3: frames " in done.stdout
    assert f"NOT equal: {total} of {total + 1} results and parts" in done.stdout
