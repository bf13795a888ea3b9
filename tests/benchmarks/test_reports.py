"""The benchmarks can be run as their README says, and what they print can be read by programs."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

import benchmarks
from artdagd.hooks.manager import Plugins
from artdagd.steps.catalogue import Catalogue
from benchmarks import moving
from benchmarks.report import Line, at_least, at_most, document

ROOT = Path(__file__).parents[2]


def test_the_readme_names_the_benchmarks_that_exist():
    text = (ROOT / "benchmarks" / "README.md").read_text()
    named = re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE)
    assert tuple(named) == benchmarks.NAMES
    for name in benchmarks.NAMES:
        assert "\ndef measure(" in (ROOT / "benchmarks" / f"{name}.py").read_text(), name


def test_json_of_the_quickest_benchmark():
    command = [sys.executable, "-m", "benchmarks", "cid", "--quick", "--json"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=True)
    found = json.loads(done.stdout)
    assert {"cores", "cpu", "python", "commit", "date", "load", "versions"} <= found["machine"].keys()
    assert found["quick"] is True
    assert found["lines"]
    for line in found["lines"]:
        assert line["benchmark"] == "cid"
        assert line["us"]["median"] > 0
        assert line["peer"]["median"] > 0
        assert line["ratio"] == pytest.approx(line["us"]["median"] / line["peer"]["median"])
        assert line["aims"][0]["met"] is line["met"] is (line["ratio"] >= 0.85)


def test_an_unknown_benchmark_is_refused_with_the_names_that_exist():
    command = [sys.executable, "-m", "benchmarks", "nonsense"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert "cid" in done.stderr


def test_a_line_is_judged_by_its_medians():
    line = Line(what="w", unit="s", us=(3.0, 1.0, 2.0), peer_name="p", peer=(4.0, 4.0, 9.0), aims=(at_most(0.5),))
    assert line.ratio == 0.5
    assert line.met is True
    assert Line(what="w", unit="s", us=(2.0,), peer_name="p", peer=(1.0,), aims=(at_most(1.9),)).met is False
    assert Line(what="w", unit="s", us=(2.0,), aims=(at_least(2, "us"),)).met is True


def test_without_its_peer_a_ratio_is_not_judged_and_the_way_to_get_it_is_told():
    line = Line(what="w", unit="s", us=(2.0,), peer_name="p", missing="p is not installed: …", aims=(at_most(1),))
    assert line.met is None
    (plain,) = document({"b": [line]}, {}, False)["lines"]
    assert plain["peer"] == {"name": "p", "median": None, "rounds": [], "missing": "p is not installed: …"}
    assert plain["ratio"] is None


def test_every_number_that_may_move_is_measured():
    catalogue = Catalogue.of(Plugins.load())
    cases = [*moving.of_steps(catalogue), *moving.of_effects(catalogue)]
    assert {(case.type, case.field) for case in cases} >= {
        (kind.name, field) for kind in catalogue.step_types.values() for field in kind.moving
    }
    for case in cases:
        curve = {"keyframes": [[0.0, case.still[case.field], "linear"], [1.0, case.far, "linear"]]}
        catalogue.config(case.type, {**case.still, case.field: curve})  # else it raises InvalidRecipe
