"""A plan's passes, carried out: the same bytes however it is cut into passes, and the lengths that were predicted."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import pytest

from artdagd.cid import cid_of_value
from artdagd.hooks.manager import Plugins
from artdagd.plans.draft import Draft
from artdagd.plans.model import ConcreteStep
from artdagd.plans.planner import plan
from artdagd.recipes.model import Recipe, RecipeInput, RecipeStep
from artdagd.render.engine import render_pass
from artdagd.render.reading.probe import probe
from artdagd.steps.catalogue import Catalogue
from artdagd.work import Delivery, RenderPass, RenderStep

CATALOGUE = Catalogue.of(Plugins.load())
RETIMED = {"pieces": [[0.0, 0.4, 0.8, 0.1], [0.4, 1.1, 0.3, 1.0]], "fps": [60000, 1001]}
SWELL = {"keyframes": [[0.0, 0.2, "linear"], [1.0, 1.0, "in"]]}
RECIPES = {
    "a chain": [
        ("hue", "EFFECT", "late", {"effect": "hue"}),
        ("part", "SEGMENT", "hue", {"start": 0.33}),
        ("slow", "SPEED", "part", {"factor": 0.9, "keep_pitch": False}),
        ("small", "RESIZE", "slow", {"height": 121}),
    ],
    "a rate that Matroska can't write": [
        ("map", "RETIME", "clip", RETIMED),
        ("trail", "EFFECT", "map", {"effect": "echo"}),
        ("again", "RETIME", "trail", RETIMED),
        ("out", "MUX", "again song", {"length": "video"}),
    ],
    "branches": [
        ("wide", "RESIZE", "clip", {"width": 200, "height": 100, "fit": "cover"}),
        ("join", "SEQUENCE", "wide late clip", {"fps": 25}),
        ("fast", "SPEED", "join", {"factor": 3.1}),
        ("tail", "SEGMENT", "late", {"start": 1.5}),
        ("out", "SEQUENCE", "fast tail", {}),
    ],
    "the sound of an input, from its first sample": [
        ("part", "SEGMENT", "clip", {"start": 0.2}),
        ("out", "MUX", "part late", {"length": "audio"}),
    ],
    "a picture that is cut out, turned and laid askew": [
        ("cut", "CROP", "late", {"w": 131, "h": 61, "x": 3, "y": 2.5}),
        ("flip", "TRANSFORM", "cut", {"flip": "both", "rotate": 90, "expand": True}),
        ("slant", "TRANSFORM", "flip", {"rotate": 33.3, "scale": 0.77, "expand": True, "background": "#446688"}),
    ],
    "what is made, moves and comes back": [
        ("field", "GENERATE", "", {"pattern": "noise", "width": 62, "height": 40, "duration": 0.4, "sound": "tone"}),
        ("test", "GENERATE", "", {"pattern": "test", "width": 62, "height": 40, "duration": 1, "sound": "silence"}),
        ("tail", "SEGMENT", "test", {"start": 0.7}),
        ("pan", "IMAGE", "clip", {"duration": 0.5, "fps": 25, "width": 62, "height": 40, "to": {"zoom": 2, "x": 0}}),
        ("all", "SEQUENCE", "field tail pan", {}),
        ("back", "REVERSE", "all", {}),
    ],
    "what lets through what is under it": [
        ("card", "GENERATE", "", {"pattern": "gradient", "width": 80, "height": 40, "duration": 1.5, "fps": 25}),
        ("words", "TEXT", "card", {"text": "Card", "size": "40%", "position": "center", "opacity": 0.8}),
        ("turned", "TRANSFORM", "words", {"rotate": 15, "scale": 0.8, "background": "transparent"}),
        ("cut", "CROP", "turned", {"w": 71, "h": 36, "x": 5, "y": 1}),
        ("looped", "LOOP", "cut", {"duration": 1.9}),
        ("again", "TEXT", "looped", {"text": "over", "size": "20%"}),
        ("out", "LAYER", "clip again", {}),
    ],
    "what is painted and then made smaller": [
        ("bars", "GENERATE", "", {"pattern": "bars", "width": 96, "height": 64, "duration": 0.5}),
        ("small", "RESIZE", "bars", {"width": 50, "height": 30}),
        ("turned", "TRANSFORM", "clip", {"rotate": 10}),
        ("less", "RESIZE", "turned", {"width": 50, "height": 30, "fit": "cover"}),
        ("out", "SEQUENCE", "small less", {}),
    ],
    "words, cut and turned": [
        ("words", "TEXT", "late", {"text": "A word\nor two", "fade": 0.3, "x": 3.3, "box": "#204060", "shadow": 2}),
        ("part", "SEGMENT", "words", {"start": 0.2}),
        ("turn", "TRANSFORM", "part", {"rotate": 4}),
    ],
    "backwards and in rounds": [
        ("all", "SOURCE", "late", {"streams": "both"}),
        ("back", "REVERSE", "all", {}),
        ("part", "SEGMENT", "back", {"start": 0.1, "duration": 0.7}),
        ("round", "LOOP", "part", {"duration": 2.45}),
    ],
    "a mix": [
        ("part", "SEGMENT", "song", {"start": 0.3}),
        ("soft", "AUDIO_FADE", "part", {"fade_in": 0.2, "fade_out": 0.1}),
        ("loud", "LOUDNESS", "clip", {"target": -30}),
        ("under", "AUDIO_MIX", "late soft loud", {"gain": [0.0, -3.0], "pan": 0.3, "duck": {"by": 0}}),
        ("out", "AUDIO_FADE", "under", {"fade_out": 0.3}),
    ],
    "a mix as long as a sound from its first sample": [
        ("short", "SEGMENT", "song", {"duration": 0.3}),
        ("out", "AUDIO_MIX", "short late", {"length": "longest"}),
    ],
    "pictures of sound": [
        ("wave", "WAVEFORM", "late", {"width": 100, "height": 50, "fps": "30000/1001"}),
        ("lines", "SPECTRUM", "wave", {"width": 100, "height": 50, "mode": "cqt"}),
        ("scroll", "SPECTRUM", "song", {"width": 100, "height": 50}),
        ("out", "SEQUENCE", "lines scroll", {}),
    ],
    "sound alone": [
        ("fast", "SPEED", "song", {"factor": 1.3}),
        ("both", "SEQUENCE", "fast", {}),
        (
            "out",
            "AUDIO_MIX",
            "both song",
            {"gain": {"keyframes": [[0.2, -9.0], [0.9, 0.0]]}, "delay": [0.0, 0.25], "length": "longest"},
        ),
    ],
    "pictures over each other": [
        ("keyed", "CHROMA_KEY", "late", {"color": "#ffffff", "method": "rgb", "similarity": 0.3, "despill": SWELL}),
        ("soft", "MASK", "keyed clip", {"feather": 2, "invert": True, "after": "loop"}),
        ("part", "SEGMENT", "soft", {"start": 0.2, "end": 1.4}),
        ("both", "LAYER", "part clip", {"anchor": "left", "scale": SWELL, "start": 0.2, "opacity": 0.7}),
        ("base", "BLEND", "clip late", {"mode": "screen", "opacity": SWELL, "fit": "contain", "after": "hide"}),
        ("over", "LAYER", "base both", {"x": SWELL, "width": 50, "height": 90, "unit": "percent", "after": "loop"}),
        ("again", "RETIME", "over", RETIMED),
        ("out", "SEQUENCE", "again over", {"transition": {"type": "wipe", "duration": 0.3}}),
    ],
    "transitions": [
        ("bright", "EFFECT", "late", {"effect": "hue", "brightness": 2}),
        ("trail", "EFFECT", "clip", {"effect": "echo"}),
        (
            "join",
            "SEQUENCE",
            "bright trail late",
            {
                "fps": 25,
                "transitions": [
                    {"type": "slide", "direction": "up", "duration": 0.31},
                    {"type": "fade", "duration": 0.5},
                ],
            },
        ),
        ("map", "RETIME", "join", {**RETIMED, "pieces": [[0.0, 0.4, 1.4, 2.4], [0.4, 1.1, 2.8, 3.3]]}),
        ("tail", "SEGMENT", "bright", {"start": 1.2}),
        ("sound", "MUX", "map song", {"length": "video"}),
        ("out", "SEQUENCE", "sound tail", {"transition": {"duration": 0.2}}),
    ],
    "the sound of a step": [
        ("blurred", "EFFECT", "late", {"effect": "blur"}),
        ("out", "MUX", "clip blurred", {"length": "audio"}),
    ],
}


@pytest.fixture
def sources(clip, tmp_path: Path) -> dict[str, Path]:
    """``late``: an odd size, and sound that begins 0.4 s after the picture and ends before it."""
    plain, late = clip("plain.mp4", 50, 25, (260, 70), samples=40_000), tmp_path / "late.mkv"
    with av.open(str(plain)) as source, av.open(str(late), "w") as target:
        tracks = [target.add_stream_from_template(stream) for stream in source.streams]
        for packet in source.demux():
            if packet.size:
                shift = 0 if packet.stream.type == "video" else round(Fraction("0.4") / packet.time_base)
                packet.pts, packet.dts = packet.pts + shift, packet.dts + shift
                packet.stream = tracks[packet.stream_index]
                target.mux(packet)
    song = clip("song.wav", samples=60_000, rate=44100, audio_codec="pcm_s16le")
    return {"clip": clip("clip.mp4", 45, Fraction(30000, 1001), samples=70_000), "late": late, "song": song}


def carry_out(steps: list, sources: dict[str, Path], folder: Path, *, keep: bool) -> tuple[bytes, int]:
    """The output's bytes and the number of passes; every pass's result has the shape that planning predicted."""
    made = {name: path for name, path in sources.items() if any(name in step[2].split() for step in steps)}
    facts = {name: probe(path) for name, path in made.items()}
    recipe = Recipe(
        name="test",
        version="1",
        description="",
        inputs={name: RecipeInput("audio" if name == "song" else "video") for name in made},
        params={},
        steps=tuple(
            RecipeStep(name, kind, tuple(inputs.split()), config, keep) for name, kind, inputs, config in steps
        ),
        output=steps[-1][0],
        delivery=Delivery(),
    )
    planned = plan(
        recipe,
        recipe_id=cid_of_value("recipe"),
        inputs={name: cid_of_value(name) for name in made},
        facts=facts,
        params={},
        analyses={},
        catalogue=CATALOGUE,
    )
    draft = Draft(CATALOGUE, facts)
    by_id = {step.step_id: step for step in planned.steps}
    for step in planned.steps:
        draft.add(ConcreteStep(step.step_id, step.recipe_step, step.type, step.config, step.inputs))
    for part in planned.passes:
        result = folder / f"{part.steps[-1]}-{keep}.{'mp4' if part.delivery else 'mov'}"
        inside = tuple(
            RenderStep(name, by_id[name].type, by_id[name].config, by_id[name].inputs) for name in part.steps
        )
        paths = {name: str(path) for name, path in made.items()}
        work = RenderPass(inside, paths, part.delivery)
        render_pass(work, result, CATALOGUE.effects, lambda fraction: None, lambda: False)
        made[part.steps[-1]] = result
        said, found = draft.shape("test", part.steps[-1]), probe(result)
        if said.has_picture:
            assert (found.video.duration, found.video.fps) == (said.duration, said.fps)
            assert (found.video.width, found.video.height) == (said.width, said.height)
        assert (found.audio and found.audio.duration) == (said.audio and pytest.approx(said.audio, abs=1e-4))
    return made[planned.output].read_bytes(), len(planned.passes)


@pytest.mark.parametrize("steps", RECIPES.values(), ids=RECIPES.keys())
def test_passes_change_no_byte_and_last_as_predicted(steps, sources, tmp_path):
    fused, few = carry_out(steps, sources, tmp_path, keep=False)
    kept, many = carry_out(steps, sources, tmp_path, keep=True)
    assert few < many == len(steps)
    assert fused == kept
