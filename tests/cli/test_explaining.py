"""What an edit costs, why it was computed, and whether it comes out again, as the commands say it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from processes import Daemon, well


def test_an_edit_is_planned_explained_and_verified(node: Daemon, recipe: Path, clip: Path):
    asked = (recipe, "--input", f"clip={clip}", "--param")
    well(node.ctl("run", *asked, "depth=4", "--follow", "--json"))
    planned = well(node.ctl("plan", *asked, "depth=5"))
    assert "to compute  1 of 1 passes" in planned
    assert "s of a worker" in planned
    assert "parameter changed  `sigma` was 4.0, now 5.0" in planned
    run = json.loads(well(node.ctl("run", *asked, "depth=5", "--follow", "--json")))

    said = well(node.ctl("runs", "explain", run["run_id"]))
    assert "parameter changed  `sigma` was 4.0, now 5.0" in said
    assert "of 1 steps 1 ran in " in said
    again = json.loads(well(node.ctl("run", *asked, "depth=5", "--follow", "--json")))
    assert "1 not shown" not in well(node.ctl("runs", "explain", again["run_id"], "--all"))
    assert json.loads(well(node.ctl("runs", "explain", again["run_id"], "--json")))["against"] == run["run_id"]

    said = well(node.ctl("verify", run["run_id"]))
    assert "equal: 1 of 1 results are the same to the byte" in said
    assert json.loads(well(node.ctl("verify", run["provenance_cid"], "--json")))["equal"] is True
    said = well(node.ctl("verify", run["run_id"], "--segments", "2", "--seed", "5"))
    assert "soft: all of it, in one piece: it is shorter than 8 s\nthe same segments again: --seed 5\n" in said
    assert node.ctl("verify", run["run_id"], "--seed", "5").returncode == 2


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
