"""Every example of the reference is a recipe that renders, to what planning foretold."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import artdagd_analyzers
import artdagd_effects
import av
import numpy
import pytest

from artdagd.cid import cid_of_bytes, cid_of_value
from artdagd.hooks.manager import Plugins
from artdagd.plans.model import Analysis, Plan
from artdagd.plans.planner import plan
from artdagd.recipes.parse import parse_recipe
from artdagd.render.engine import render_pass
from artdagd.render.reading.probe import probe
from artdagd.steps.catalogue import Catalogue
from artdagd.steps.curves import moves
from artdagd.work import RenderPass, RenderStep
from docs import examples

CATALOGUE = Catalogue.of(Plugins.of(effects=artdagd_effects, analyzers=artdagd_analyzers))
ITEMS = {item["name"]: item for item in CATALOGUE.describe() if item["kind"] != "analyzer"}
SECONDS, FPS, SIZE, RATE = 4, 5, (160, 90), 22050
FEATURES = {"beats": [0.5, 1.0, 1.5, 2.0, 2.5], "energy": {"hop": 0.5, "values": [0.0, 1.0, 0.5, 0.2, 0.9, 0.1]}}


@pytest.fixture(scope="module")
def media(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """What the recipe inputs of the examples are bound to."""
    folder = tmp_path_factory.mktemp("media")
    look = folder / "look.cube"
    corners = [f"{r} {g} {1 - b}" for b in (0, 1) for g in (0, 1) for r in (0, 1)]
    look.write_text("\n".join(["LUT_3D_SIZE 2", *corners, ""]))
    return {
        "clip": _clip(folder / "clip.mp4", 1),
        "other": _clip(folder / "other.mp4", 2),
        "song": _sound(folder / "song.wav"),
        "photo": _photo(folder / "photo.png"),
        "look": look,
    }


def _clip(path: Path, seed: int) -> Path:
    random = numpy.random.default_rng(seed)
    ground = random.integers(0, 255, (SIZE[1] // 10, SIZE[0] // 10, 3), numpy.uint8)
    ground = ground.repeat(10, 0).repeat(10, 1)
    with av.open(str(path), "w") as file:
        video, sound = file.add_stream("libx264", rate=FPS), file.add_stream("aac", rate=RATE)
        video.width, video.height, video.pix_fmt = *SIZE, "yuv420p"
        sound.layout = "stereo"
        for number in range(SECONDS * FPS):
            frame = av.VideoFrame.from_ndarray(numpy.ascontiguousarray(numpy.roll(ground, 4 * number, 1)), "rgb24")
            frame.pts, frame.time_base = number, Fraction(1, FPS)
            file.mux(video.encode(frame))
        file.mux(video.encode())
        _tone(file, sound, "fltp")
    return path


def _sound(path: Path) -> Path:
    with av.open(str(path), "w") as file:
        sound = file.add_stream("pcm_s16le", rate=RATE)
        sound.layout = "stereo"
        _tone(file, sound, "fltp")
    return path


def _tone(file, stream, form: str) -> None:
    wave = 0.4 * numpy.sin(numpy.arange(SECONDS * RATE) * 0.1).astype(numpy.float32)
    frame = av.AudioFrame.from_ndarray(numpy.stack([wave, -wave]), form, "stereo")
    frame.sample_rate, frame.pts, frame.time_base = RATE, 0, Fraction(1, RATE)
    for part in av.AudioResampler(stream.format.name, "stereo", RATE, frame_size=1024).resample(frame):
        file.mux(stream.encode(part))
    file.mux(stream.encode())


def _photo(path: Path) -> Path:
    with av.open(str(path), "w", format="image2") as file:
        stream = file.add_stream("png", rate=1)
        stream.width, stream.height, stream.pix_fmt = 200, 120, "rgb24"
        ramp = numpy.linspace(0, 255, 200).astype(numpy.uint8)[None, :, None].repeat(120, 0).repeat(3, 2)
        file.mux(stream.encode(av.VideoFrame.from_ndarray(numpy.ascontiguousarray(ramp), "rgb24")))
        file.mux(stream.encode())
    return path


@pytest.mark.parametrize("name", ITEMS)
def test_the_example_renders(name: str, media: dict[str, Path], tmp_path: Path) -> None:
    _render(examples.recipe(ITEMS[name]), media, tmp_path)


def _movable(item: dict[str, Any]) -> dict[str, Any]:
    """The numbers of an item that may move, with their value in the example, or where there is none, their default."""
    schema = item["config_schema"]
    fields = schema["$defs"][schema["$ref"].rpartition("/")[2]]["properties"]
    values = {
        name: item["example"].get(name, field.get("default"))
        for name, field in fields.items()
        if {"$ref": "#/$defs/Moving"} in field.get("anyOf", ())
    }
    return {name: value for name, value in values.items() if isinstance(value, int | float)}


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name, item in ITEMS.items() if _movable(item)])
def test_what_may_move_follows_the_music(name: str, media: dict[str, Path], tmp_path: Path) -> None:
    made = examples.steps(ITEMS[name])
    for field, value in _movable(ITEMS[name]).items():
        near = (
            value + (1 if isinstance(value, int) and value < 2 else -1)
            if isinstance(value, int)
            else value * 0.9 or 0.1
        )
        made[-1]["config"][field] = {"energy": "rhythm", "from": value, "to": near}
    made = [examples.RHYTHM, *made]
    declared = {name: {"type": kind} for name, kind in examples.inputs(made).items()}
    lines = ["name: moving", f"inputs: {examples.flow(declared)}", "steps:", *examples.written(made), "output: out"]
    planned = _render("\n".join(lines), media, tmp_path)
    config = next(step.config for step in planned.steps if step.step_id == "out")
    assert any(moves(value) for value in config.values())


def _render(text: str, media: dict[str, Path], folder: Path) -> Plan:
    recipe = parse_recipe(text, CATALOGUE)
    facts = {name: probe(media[name]) for name in recipe.inputs}
    analyses = {step.id: Analysis(cid_of_value(FEATURES), FEATURES) for step in recipe.steps if step.type == "ANALYZE"}
    planned = plan(
        recipe,
        recipe_id=cid_of_bytes(text.encode()),
        inputs={name: cid_of_value(name) for name in recipe.inputs},
        facts=facts,
        params={},
        analyses=analyses,
        catalogue=CATALOGUE,
    )
    made = {name: str(path) for name, path in media.items()}
    steps = {step.step_id: step for step in planned.steps}
    for part in planned.passes:
        inside = tuple(RenderStep(id_, steps[id_].type, steps[id_].config, steps[id_].inputs) for id_ in part.steps)
        made[part.steps[-1]] = str(folder / f"{part.steps[-1]}.{'mp4' if part.delivery else 'mov'}")
        work = RenderPass(inside, made, part.delivery)
        render_pass(work, Path(made[part.steps[-1]]), CATALOGUE.effects, lambda fraction: None, lambda: False)
    assert probe(Path(made[planned.output])).duration
    return planned
