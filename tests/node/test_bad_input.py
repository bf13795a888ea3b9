"""Bad input gets a clear 4xx or a failed run with a reason, and the node goes on serving."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from clips import click_track, numbered_clip

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture(scope="module")
def node(module_node: Any) -> Any:
    return module_node


SIMPLE = """\
name: simple
version: "1"
inputs:
  clip: {type: video}
steps:
  - id: small
    type: RESIZE
    inputs: [clip]
    config: {width: 64}
output: small
"""


@pytest.mark.parametrize(
    ("change", "line", "said"),
    [
        (("RESIZE", "RESIZ"), 7, "RESIZE"),
        (("inputs: [clip]", "inputs: [klip]"), 8, "clip"),
        (("width", "widht"), 9, "width"),
        (("output: small", "output: smal"), 10, "small"),
        (("[clip]", "[small]"), None, "cycle"),
        (("{width: 64}", "{width: -64}"), 9, ""),
        (("name: simple", "nme: simple"), 1, "name"),
    ],
)
async def test_a_bad_recipe_says_where_and_what(node, change: tuple[str, str], line: int | None, said: str):
    _, person = node
    for path in ("/recipes/upload", "/recipes/check"):
        answer = await person.http.post(
            path, content=SIMPLE.replace(*change), headers={"Content-Type": "application/yaml"}
        )
        assert answer.status_code == (422 if path.endswith("upload") else 200), answer.text
        errors = answer.json()["errors"]
        assert errors
        assert said in " ".join(error["msg"] for error in errors)
        if line:
            assert line in [error.get("line") for error in errors]
            assert all(error["column"] >= 1 for error in errors if error.get("line"))


async def test_unknown_effect_names_the_nearest(node, tmp_path: Path):
    _, person = node
    clip = await person.upload(numbered_clip(tmp_path / "clip.mp4", 10))
    answer = await person.http.post("/runs", json={"effect": "blurr", "inputs": [clip]})
    assert answer.status_code == 422
    assert "blur" in answer.json()["detail"]


async def test_a_wrong_effect_config_is_named_as_it_was_sent(node, tmp_path: Path):
    _, person = node
    clip = await person.upload(numbered_clip(tmp_path / "clip.mp4", 10))
    for config, loc, said in (
        ({"sigme": 2}, "config", "sigma"),
        ({"sigma": "$params.x"}, "config.sigma", "number"),
        ({"sigma": -1}, "config.sigma", "sigma"),
    ):
        answer = await person.http.post("/runs", json={"effect": "blur", "inputs": [clip], "config": config})
        assert answer.status_code == 422, answer.text
        (error,) = answer.json()["errors"]
        assert error["loc"].startswith(loc)
        assert said in error["msg"]
        assert "line" not in error
    answer = await person.http.post("/runs", json={"effect": "blur", "inputs": [clip], "config": {"effect": "hue"}})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["loc"] == "config.effect"


async def test_missing_and_unknown_inputs_are_named(node):
    _, person = node
    answer = await person.http.post("/api/run-recipe", json={"recipe_yaml": SIMPLE, "inputs": {"clop": "bafkqaaa"}})
    assert answer.status_code == 422
    assert {error["loc"] for error in answer.json()["errors"]} >= {"inputs.clip", "inputs.clop"}
    unknown = "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku"
    answer = await person.http.post("/api/run-recipe", json={"recipe_yaml": SIMPLE, "inputs": {"clip": unknown}})
    assert answer.status_code == 422
    assert unknown in answer.text


async def test_a_text_file_as_video_fails_the_run_with_a_reason(node, tmp_path: Path):
    _, person = node
    text = tmp_path / "notes.txt"
    text.write_text("ffconcat version 1.0\nfile other.mp4\n")
    run = await person.run(recipe_yaml=SIMPLE, inputs={"clip": await person.upload(text)})
    assert run["status"] == "failed"
    assert "clip" in run["error"]["detail"]
    assert "video" in run["error"]["detail"]
    assert (await person.http.get("/healthz")).json()["status"] == "ok"


async def test_a_broken_video_fails_its_step_and_others_go_on(node, tmp_path: Path):
    _, person = node
    whole = numbered_clip(tmp_path / "whole.mp4", 100)
    broken = tmp_path / "broken.mp4"
    data = bytearray(whole.read_bytes())
    data[200 : len(data) // 2] = bytes(len(data) // 2 - 200)
    broken.write_bytes(data)
    cids = [await person.upload(broken), await person.upload(whole)]
    bad, good = [await person.run(recipe_yaml=SIMPLE, inputs={"clip": cid}) for cid in cids]
    assert bad["status"] in ("failed", "completed")
    if bad["status"] == "failed":
        assert bad["error"]["detail"]
        assert str(tmp_path) not in bad["error"]["detail"]
    assert good["status"] == "completed"


async def test_sound_where_a_picture_is_needed(node, tmp_path: Path):
    _, person = node
    sound = await person.upload(click_track(tmp_path / "clicks.flac", [1.0], 2.0))
    run = await person.run(recipe_yaml=SIMPLE, inputs={"clip": sound})
    assert run["status"] == "failed"
    assert "clip" in run["error"]["detail"]


async def test_without_a_token_nothing_but_health(node, tmp_path: Path):
    running, person = node
    for method, path in (
        ("GET", "/runs"),
        ("POST", "/runs"),
        ("GET", "/media"),
        ("POST", "/cache/upload"),
        ("GET", "/workers"),
    ):
        answer = await person.http.request(method, path, headers={"Authorization": "Bearer wrong"})
        assert answer.status_code == 401, (method, path)
        assert answer.headers["content-type"].startswith("application/problem+json")
    assert (await person.http.get("/healthz", headers={"Authorization": ""})).status_code == 200
    assert (running.settings.home / "admin-token").stat().st_mode & 0o777 == 0o600
