"""The main job through the public door: media in, recipe in, video out; and again for nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import av
import pytest
from clips import click_track, excerpt, numbered_clip, read_numbers
from nodes import running_node

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture(scope="module")
def node(module_node: Any) -> Any:
    return module_node


FPS = 25


def beat_sync_recipe(examples: Path, mode: str) -> str:
    return (examples / "beat-sync.yaml").read_text().replace("mode: stretch", f"mode: {mode}")


def expected_source_time(t: float, beats: list[float], total: float, length: float, mode: str) -> float:
    """The rule of the guide, written a second time: boundaries are 0, the beats inside (0, T), and T."""
    edges = [0.0, *[b for b in beats if 0 < b < total], total]
    count = len(edges) - 1
    k = max(i for i in range(count) if edges[i] <= t)
    if mode == "stretch":
        return (k + (t - edges[k]) / (edges[k + 1] - edges[k])) * length / count
    return (k * length / count + (t - edges[k])) % length


@pytest.mark.parametrize("mode", [pytest.param("stretch", marks=pytest.mark.slow), "cut"])
async def test_beat_sync_shows_what_the_formula_says(node, examples: Path, tmp_path: Path, mode: str):
    _, person = node
    frames = 150
    video = await person.upload(numbered_clip(tmp_path / "numbers.mp4", frames, fps=FPS))
    times = [0.37 + 0.5 * k for k in range(15)]
    audio = await person.upload(click_track(tmp_path / "clicks.flac", times, 8.0))

    run = await person.run(recipe_yaml=beat_sync_recipe(examples, mode), inputs={"video": video, "audio": audio})
    assert run["status"] == "completed", run["error"]

    analysis = (await person.http.get(f"/api/run/{run['run_id']}/analysis")).json()
    assert "analyze_audio" in analysis, analysis
    beats = analysis["analyze_audio"]["features"]["beats"]
    assert len(beats) >= 10
    shown = read_numbers(await person.save(run["output_cid"], tmp_path / "out.mp4"))
    length = frames / FPS
    assert abs(len(shown) / FPS - 8.0) <= 1 / FPS
    for t, number in shown:
        wanted = expected_source_time(t, beats, 8.0, length, mode)
        error = abs(number / FPS - wanted)
        # At the very end of the source the last frame stands for all that follows it.
        if wanted > length - 1 / FPS:
            error = min(error, abs(number - (frames - 1)) / FPS)
        assert error <= 0.5 / FPS + 1e-6, (t, number, wanted)


async def test_the_seed_recipe_on_real_media_and_again_for_nothing(node, examples: Path, tmp_path: Path):
    _, person = node
    video = await person.upload(examples / "media" / "bunny.mp4")
    audio = await person.upload(excerpt(examples / "media" / "music.ogg", tmp_path / "song.ogg", seconds=6))
    body = {"recipe_yaml": (examples / "beat-sync.yaml").read_text(), "inputs": {"video": video, "audio": audio}}

    first = await person.run(**body)
    assert first["status"] == "completed", first["error"]
    assert first["passes_run"] >= 1

    with av.open(str(await person.save(first["output_cid"], tmp_path / "out.mp4"))) as result:
        picture, sound = result.streams.video[0], result.streams.audio[0]
        assert (picture.codec.canonical_name, sound.codec.canonical_name) == ("h264", "aac")
        heard = float(sound.duration * sound.time_base)
        seen = float(picture.duration * picture.time_base)
        assert abs(heard - seen) <= 1 / float(picture.average_rate) + 1024 / sound.rate

    second = await person.run(**body)
    assert second["output_cid"] == first["output_cid"]
    assert second["passes_run"] == 0
    assert all(step["cached"] for step in second["steps"])

    provenance = (await person.http.get(f"/api/run/{first['run_id']}/provenance")).json()
    assert provenance["task_id"] == first["run_id"]
    assert provenance["rendered_by"] == "admin"
    assert provenance["output"]["cid"] == first["output_cid"]
    assert {item["cid"] for item in provenance["inputs"]} == {video, audio}
    assert all(item["cid"] for item in provenance["effects"])
    named = {item["name"] for item in provenance["effects"]}
    assert {"ANALYZE", "RETIME", "MUX", "rhythm", "energy"} <= named
    assert provenance["infrastructure"]["software"]["cid"]
    assert provenance["infrastructure"]["hardware"]["cid"]


@pytest.mark.slow
async def test_two_nodes_with_different_worker_counts_agree(examples: Path, tmp_path: Path):
    song = excerpt(examples / "media" / "music.ogg", tmp_path / "song.ogg", seconds=8)
    outputs = []
    for workers in (1, 2):
        async with running_node(tmp_path / f"home{workers}", workers=workers) as (_, person):
            video = await person.upload(examples / "media" / "bunny.mp4")
            audio = await person.upload(song)
            recipe = (examples / "beat-cut.yaml").read_text()
            run = await person.run(recipe_yaml=recipe, inputs={"video": video, "audio": audio})
            assert run["status"] == "completed", run["error"]
            outputs.append((run["plan_id"], run["output_cid"]))
    assert outputs[0] == outputs[1]


async def test_effect_mode(node, tmp_path: Path):
    _, person = node
    clip = await person.upload(numbered_clip(tmp_path / "clip.mp4", 25))
    run = await person.run(effect="blur", inputs=[clip], config={"sigma": 3})
    assert run["status"] == "completed", run["error"]
    assert run["effect"] == "blur"
    assert len(read_numbers(await person.save(run["output_cid"], tmp_path / "out.mp4"))) == 25


async def test_plan_then_execute(node, examples: Path, tmp_path: Path):
    _, person = node
    clip = await person.upload(numbered_clip(tmp_path / "clip.mp4", 50))
    recipe = json.dumps({
        "name": "two", "version": "1", "inputs": {"clip": {"type": "video"}},
        "steps": [
            {"id": "part", "type": "SEGMENT", "inputs": ["clip"], "config": {"start": 0.4, "duration": 1.0}},
            {"id": "grey", "type": "EFFECT", "inputs": ["part"], "config": {"effect": "grayscale"}},
        ],
        "output": "grey",
    })  # fmt: skip
    plan = (await person.http.post("/api/plan", json={"recipe_yaml": recipe, "inputs": {"clip": clip}})).json()
    assert [step["cached"] for step in plan["steps"]] == [False, False]
    assert len(plan["passes"]) == 1

    answer = await person.http.post("/api/execute", json={"plan_id": plan["plan_id"]})
    assert answer.status_code == 202, answer.text
    run = await person.finish(answer.json()["run_id"])
    assert run["status"] == "completed", run["error"]
    assert [step["status"] for step in run["steps"]] == ["fused", "completed"]
    numbers = read_numbers(await person.save(run["output_cid"], tmp_path / "out.mp4"))
    assert [number for _, number in numbers] == list(range(10, 35))

    again = (await person.http.post("/api/plan", json={"recipe_yaml": recipe, "inputs": {"clip": clip}})).json()
    assert again["plan_id"] == plan["plan_id"]
    assert again["passes"][0]["cached"] is True


async def test_a_retagged_song_renders_nothing_again(node, examples: Path, tmp_path: Path):
    _, person = node
    clip = await person.upload(numbered_clip(tmp_path / "clip.mp4", 50))
    song = click_track(tmp_path / "song.flac", [0.5 * k for k in range(1, 8)], 4.0)
    tagged = excerpt(song, tmp_path / "tagged.flac", title="Another name")
    assert song.read_bytes() != tagged.read_bytes()
    recipe = (examples / "beat-sync.yaml").read_text()
    runs = [
        await person.run(recipe_yaml=recipe, inputs={"video": clip, "audio": await person.upload(path)})
        for path in (song, tagged)
    ]
    assert runs[0]["status"] == runs[1]["status"] == "completed", runs
    assert runs[1]["passes_run"] == 0
    assert runs[1]["output_cid"] == runs[0]["output_cid"]
