"""The way of a user: recipes in, runs followed, results out."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from pathlib import Path

import click
import pytest
from processes import Daemon, ctl, well

from artdagd.cid import cid_of_file
from artdagd.cli.control import control

CID = r"baf[a-z2-7]{56}"


def leaves(group: click.Group, *path: str) -> list[tuple[tuple[str, ...], click.Command]]:
    found = []
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            found += leaves(command, *path, name)
        else:
            found.append(((*path, name), command))
    return found


def test_every_command_has_json_and_says_what_it_does():
    commands = leaves(control)
    assert len(commands) >= 20
    for path, command in commands:
        assert any("--json" in option.opts for option in command.params), path
        assert command.help, path


def test_a_recipe_on_the_node_is_run_and_its_result_saved(node: Daemon, clip: Path, recipe: Path, tmp_path: Path):
    assert re.fullmatch(rf"Žižkov 1  {CID}", well(node.ctl("recipes", "upload", recipe)))
    target = tmp_path / "out é.mp4"
    target.write_text("an older result")
    said = well(node.ctl("run", "Žižkov", "--input", f"clip={clip}", "--param", "depth=2", "-o", target))
    (output,) = re.findall(rf"^output +({CID})$", said, re.M)
    assert cid_of_file(target) == output
    assert [file.name for file in tmp_path.iterdir()] == [target.name]
    again = node.ctl("run", recipe, "--input", "clip=Žižkov 🎬", "--param", "depth=2", "--follow", "--json")
    view = json.loads(well(again))
    assert (view["output_cid"], view["passes_run"], view["status"]) == (output, 0, "completed")
    assert again.stderr == ""


def test_the_seeds_quick_render(node: Daemon, clip: Path):
    """``render.py dog cat --sync``, and the same without waiting."""
    well(node.ctl("cache", "put", clip))
    done = node.ctl("render", "invert", clip.stem, "--sync")
    assert "status      completed" in well(done)
    started = node.ctl("render", "invert", clip)
    run_id = well(started)
    assert f"artdagctl runs show {run_id} --follow" in started.stderr
    followed = well(node.ctl("runs", "show", run_id, "--follow"))
    assert re.search(r"passes run +0", followed)


def test_a_failed_run_is_exit_code_1_with_its_reason(node: Daemon, tmp_path: Path):
    text = tmp_path / "text.mp4"
    text.write_text("this is no film")
    done = node.ctl("render", "invert", text, "--sync", "-o", tmp_path / "out.mp4")
    assert done.returncode == 1
    assert re.search(r"status +failed", done.stdout)
    assert re.search(r"failed +\S.*video", done.stdout)
    assert not (tmp_path / "out.mp4").exists()
    run_id = re.findall(r"run-\w+", done.stdout)[0]
    retried = node.ctl("runs", "retry", run_id, "--follow", "--json")
    assert (retried.returncode, json.loads(retried.stdout)["status"]) == (1, "failed")


def test_what_a_recipe_may_use_is_listed_with_its_parameters(idle: Daemon):
    listed = well(idle.ctl("steps"))
    assert re.search(r"^blur +effect +\S+ +Blur", listed, re.M)
    assert re.search(r"^SEGMENT +step +artdagd ", listed, re.M)
    shown = well(idle.ctl("steps", "blur"))
    assert re.search(r"^sigma +number 0\.\.200, may move +4\.0 +standard deviation", shown, re.M)
    assert json.loads(well(idle.ctl("steps", "SEGMENT", "--json")))["name"] == "SEGMENT"
    wrong = idle.ctl("steps", "blurr")
    assert wrong.returncode != 0
    assert "did you mean 'blur'?" in wrong.stderr


def test_a_step_that_fails_is_named_once_and_its_advice_stands_apart(node: Daemon, clip: Path, tmp_path: Path):
    look, graded = tmp_path / "look.cube", tmp_path / "graded.yaml"
    look.write_text("0 0 0\n")
    graded.write_text(
        "name: graded\ninputs: {clip: {type: video}, look: {type: data}}\n"
        "steps: [{id: lit, type: LUT, inputs: [clip, look]}]\noutput: lit\n"
    )
    failed = node.ctl("run", graded, "--input", f"clip={clip}", "--input", f"look={look}", "--follow")
    assert failed.returncode == 1
    (line,) = [line for line in failed.stdout.splitlines() if line.startswith("failed ")]
    assert line.startswith("failed      step 'lit' (LUT): its look-up table can't be read: line 1: ")
    assert line.endswith(". Export it as .cube anew.")


def test_a_param_of_type_string_stays_a_string(idle: Daemon, clip: Path, recipe: Path):
    words = ["run", recipe, "--input", f"clip={clip}", "--param", "label=1.0", "--param", "depth=1.5", "--json"]
    assert json.loads(well(idle.ctl(*words)))["params"] == {"label": "1.0", "depth": 1.5}


def test_what_is_piped_is_whole_lines_without_control_characters(node: Daemon, clip: Path, tmp_path: Path):
    named = tmp_path / ("a-rather-long-name-" * 8 + ".mp4")
    named.write_bytes(clip.read_bytes() + b"!")
    cid = well(node.ctl("cache", "put", named)).split()[0]
    run_id = well(node.ctl("render", "invert", clip))
    for words in (["cache", "list"], ["runs", "list"], ["workers"], ["plugins"], ["status"], ["runs", "show", run_id]):
        done = node.ctl(*words, COLUMNS="40", FORCE_COLOR="1", TERM="xterm-256color")
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f]", well(done) + done.stderr), words
    assert re.search(rf" {named.name} +{cid}$", well(node.ctl("cache", "list")), re.M)
    put = node.ctl("render", "invert", clip, "--sync")  # no bar where nobody looks
    assert len(put.stderr.splitlines()) == 1


def test_a_name_can_not_play_the_terminal(idle: Daemon, tmp_path: Path):
    cid = well(idle.ctl("cache", "put", _file(tmp_path / "\x1b[2Jboo\n.bin"))).split()[0]
    odd = _file(Path(os.fsdecode(bytes(tmp_path) + b"/\xff.bin")))
    well(idle.ctl("cache", "put", odd))
    for words in (["cache", "list"], ["cache", "show", cid]):
        said = well(idle.ctl(*words))
        assert "\x1b" not in said
        assert "boo" in said
    assert "\x1b" not in well(idle.ctl("cache", "put", tmp_path / "\x1b[2Jboo\n.bin"))
    assert "\ufffd.bin" in well(idle.ctl("cache", "list"))


def test_a_title_can_not_either(tmp_path: Path, stranger: Callable[..., str]):
    entry = {"kind": "video", "size": 1, "title": "\x1b]0;x\x07\r\u202e\nend", "filename": None, "cid": "b1"}
    page = {"items": [entry], "page": 1, "limit": 20, "total": 1, "has_more": False}
    url = stranger(json.dumps(page).encode(), media_type="application/json")
    said = well(ctl(tmp_path, "cache", "list", ARTDAG_URL=url)).splitlines()
    assert len(said) == 2
    assert re.search(r"\\x1b\]0;x\\x07\\r\\u202e end +b1$", said[1])


def _file(path: Path) -> Path:
    path.write_bytes(os.fsencode(path.name))
    return path


def test_get_replaces_nothing_that_was_not_named(node: Daemon, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    source = tmp_path / "song.bin"
    source.write_bytes(b"la la")
    cid = well(node.ctl("cache", "put", source)).split()[0]
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    assert well(node.ctl("cache", "get", cid)) == "song.bin"
    assert Path("song.bin").read_bytes() == b"la la"
    assert "there already" in node.ctl("cache", "get", cid).stderr
    Path("song.bin").write_text("mine")
    refused = node.ctl("cache", "get", cid)
    assert refused.returncode == 1
    assert "-o FILE" in refused.stderr
    assert Path("song.bin").read_text() == "mine"
    well(node.ctl("cache", "get", cid, "-o", "song.bin"))
    assert Path("song.bin").read_bytes() == b"la la"
    well(node.ctl("cache", "delete", cid))
    assert node.ctl("cache", "show", cid).returncode == 1


def test_lists_say_where_the_rest_is(idle: Daemon, tmp_path: Path):
    files = [_file(tmp_path / f"listed-{n}.bin") for n in range(3)]
    well(idle.ctl("cache", "put", *files))
    first = idle.ctl("cache", "list", "-q", "listed-", "--limit", "2")
    assert "3 in all; more: --page 2" in first.stderr
    assert "listed-0.bin" not in first.stdout
    last = idle.ctl("cache", "list", "-q", "listed-", "--limit", "2", "--page", "2")
    assert "listed-0.bin" in well(last)
    assert last.stderr == ""


def test_runs_are_cancelled_and_deleted(idle: Daemon, clip: Path):
    run_id = well(idle.ctl("render", "invert", clip))
    assert run_id in well(idle.ctl("runs", "list"))
    assert well(idle.ctl("runs", "cancel", run_id)) == f"cancelled {run_id}"
    assert run_id in well(idle.ctl("runs", "list", "--status", "cancelled"))
    refused = idle.ctl("runs", "cancel", run_id)
    assert refused.returncode == 1
    assert "only an active run" in refused.stderr
    well(idle.ctl("runs", "delete", run_id))
    assert run_id not in idle.ctl("runs", "list").stdout


def test_a_recipe_is_checked_shown_and_deleted(idle: Daemon, recipe: Path, tmp_path: Path):
    assert well(idle.ctl("recipes", "check", recipe)) == f"{recipe} is valid"
    well(idle.ctl("recipes", "upload", recipe))
    assert well(idle.ctl("recipes", "show", "Žižkov")) == recipe.read_text().strip()
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text(recipe.read_text().replace("blur", "blr"))
    for words in (["recipes", "check"], ["recipes", "upload"], ["run"]):
        done = idle.ctl(*words, wrong)
        assert done.returncode == 1
        assert f"{wrong}:12:22: unknown effect 'blr'; did you mean 'blur'?" in done.stdout + done.stderr, words
    well(idle.ctl("recipes", "delete", "Žižkov"))
    assert idle.ctl("recipes", "show", "Žižkov").returncode == 1
