"""What artdagctl does beside running recipes: plans, descriptions, previews, records."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from clips import click_track
from processes import Daemon, well

from artdagd.cid import CID, cid_of_file, names_file


def test_a_plan_is_made_then_executed_by_its_id_and_from_a_file(node: Daemon, clip: Path, recipe: Path, tmp_path: Path):
    words = ("--input", f"clip={clip}", "--param", "depth=6")
    planned = well(node.ctl("plan", recipe, *words))
    assert "to compute  1 of 1 passes" in planned
    plan_id = re.findall(r"^plan +(\S+)$", planned, re.M)[0]
    target = tmp_path / "out.mp4"
    well(node.ctl("execute", plan_id, "-o", target))
    assert "to compute  0 of 1 passes" in well(node.ctl("plan", recipe, *words))
    blobs = (file for file in (node.home / "cache").rglob("*") if file.is_file())
    plan = next(file for file in blobs if names_file(CID.parse(plan_id), file))
    again = json.loads(well(node.ctl("execute", plan, "--follow", "--json")))
    assert (again["output_cid"], again["passes_run"]) == (cid_of_file(target), 0)
    run_id = again["run_id"]
    assert json.loads(well(node.ctl("runs", "plan", run_id, "--json")))["plan_id"] == plan_id
    record = json.loads(well(node.ctl("runs", "provenance", run_id)))
    assert record == json.loads(well(node.ctl("runs", "provenance", run_id, "--json")))
    assert cid_of_file(target) in json.dumps(record)
    followed = well(node.ctl("runs", "follow", run_id))
    assert "status      completed" in followed
    assert node.ctl("runs", "analysis", run_id).stderr == "the run analyzed nothing\n"


def test_a_kept_recipe_is_run_by_its_own_call(node: Daemon, clip: Path, recipe: Path):
    well(node.ctl("recipes", "upload", recipe))
    done = node.ctl("recipes", "run", "Žižkov", "--input", f"clip={clip}", "--follow")
    assert "status      completed" in well(done)
    assert node.ctl("recipes", "run", "Žižkov").returncode == 1


LOUDNESS = """\
name: lit
inputs: {clip: {type: video}, song: {type: audio}}
steps:
  - {id: rhythm, type: ANALYZE, inputs: [song], config: {features: [energy]}}
  - {id: lit, type: EFFECT, inputs: [clip], config: {effect: blur, sigma: {energy: rhythm, from: 0, to: 2}}}
output: lit
"""


def test_a_plan_waits_for_its_analysis_which_is_told(node: Daemon, clip: Path, tmp_path: Path):
    recipe, song = tmp_path / "lit.yaml", click_track(tmp_path / "song.wav", [0.5, 1.0, 1.5], 2.0)
    recipe.write_text(LOUDNESS)
    words = ("--input", f"clip={clip}", "--input", f"song={song}", "--json")
    planned = json.loads(well(node.ctl("plan", recipe, *words)))
    run_id = json.loads(well(node.ctl("execute", planned["plan_id"], "--follow", "--json")))["run_id"]
    assert re.search(r"^rhythm +energy +\d+, one every [\d.]+ s$", well(node.ctl("runs", "analysis", run_id)), re.M)


@pytest.mark.slow
def test_what_an_analysis_found_is_told(node: Daemon, examples: Path):
    media = examples / "media"
    words = ("--input", f"video={media / 'bunny.mp4'}", "--input", f"audio={media / 'music.ogg'}", "--json")
    planned = json.loads(well(node.ctl("plan", examples / "beat-sync.yaml", *words)))  # waits for the analysis
    run_id = well(node.ctl("execute", planned["plan_id"]))
    told = well(node.ctl("runs", "analysis", run_id))
    assert re.search(r"^\w+ +beats +\d+, from [\d.]+ s to [\d.]+ s$", told, re.M)
    found = json.loads(well(node.ctl("runs", "analysis", run_id, "--json")))
    well(node.ctl("runs", "cancel", run_id))
    assert any("beats" in analysis["features"] for analysis in found.values())


def test_a_blob_is_described(idle: Daemon, clip: Path):
    cid = well(idle.ctl("cache", "put", clip)).split()[0]
    changed = well(idle.ctl("cache", "meta", cid, "--title", "A tram", "--tag", "night", "--tag", "Žižkov"))
    assert re.search(r"^title +A tram$", changed, re.M)
    view = json.loads(well(idle.ctl("cache", "meta", cid, "--set", "take=3", "--set", "who=ann", "--json")))
    assert view == {
        "title": "A tram", "description": "", "tags": ["night", "Žižkov"], "metadata": {"take": 3, "who": "ann"},
        "pinned": False,
    }  # fmt: skip
    view = json.loads(well(idle.ctl("cache", "meta", cid, "--no-tags", "--set", "take=4", "--json")))
    assert (view["tags"], view["metadata"]) == ([], {"take": 4, "who": "ann"})
    assert json.loads(well(idle.ctl("cache", "meta", cid, "--json"))) == view


@pytest.mark.parametrize(
    ("kind", "magic"), [("poster", b"\xff\xd8\xff"), ("mp4", b"ftyp"), ("thumbnails", b"\xff\xd8")]
)
def test_previews_are_saved_when_they_are_made(node: Daemon, clip: Path, tmp_path: Path, kind: str, magic: bytes):
    cid = well(node.ctl("cache", "put", clip)).split()[0]
    target = tmp_path / "preview"
    made = json.loads(well(node.ctl("cache", "preview", kind, cid, "-o", target, "--json")))
    assert magic in target.read_bytes()[:12]
    assert made == {"cid": cid_of_file(target), "file": str(target)}


def test_what_ipfs_names_is_got_and_where_a_gateway_has_it(idle: Daemon, clip: Path, tmp_path: Path):
    cid = well(idle.ctl("cache", "put", clip)).split()[0]
    well(idle.ctl("ipfs", "get", cid, "-o", tmp_path / "clip"))
    assert cid_of_file(tmp_path / "clip") == cid
    assert well(idle.ctl("ipfs", "address", cid)).endswith(f"/{cid}")
    other = str(CID.parse("QmUNLLsPACCz1vLxQVkXqqLX5R1X345qqfHbsf67hvA3Nn"))
    assert idle.ctl("ipfs", "get", other, "-o", tmp_path / "other").returncode == 1
    assert [file.name for file in tmp_path.iterdir()] == ["clip"]


def test_without_a_registry_nothing_is_published(idle: Daemon, clip: Path):
    cid = well(idle.ctl("cache", "put", clip)).split()[0]
    for command in ("publish", "publication", "unpublish"):
        done = idle.ctl("cache", command, cid)
        assert (done.returncode, done.stdout) == (1, "")


def test_a_preview_of_another_width_is_refused_with_the_choices(idle: Daemon, clip: Path, tmp_path: Path):
    cid = well(idle.ctl("cache", "put", clip)).split()[0]
    done = idle.ctl("cache", "preview", "poster", cid, "--width", "7", "-o", tmp_path / "x")
    assert (done.returncode, "Choose width from 160, 320, 640, 1280" in done.stderr) == (1, True)
    assert list(tmp_path.iterdir()) == []


def test_the_contract_and_the_client_are_saved(idle: Daemon, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    assert json.loads(well(idle.ctl("api")))["openapi"].startswith("3.1")
    assert well(idle.ctl("client")) == "artdag.py"
    assert f'NODE = "{idle.url}"' in Path("artdag.py").read_text()
