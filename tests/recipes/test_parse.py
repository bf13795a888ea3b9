"""Good recipes give what they say."""

from __future__ import annotations

import pytest

from artdagd.delivery import problems
from artdagd.recipes.model import RecipeInput, RecipeParam, RecipeStep
from artdagd.recipes.parse import parse_recipe
from artdagd.steps.catalogue import Catalogue
from artdagd.work import Delivery
from tests.recipes.texts import SEED, SHORT


def test_the_original_format_is_valid_unchanged(catalogue: Catalogue) -> None:
    recipe = parse_recipe(SEED, catalogue)
    assert (recipe.name, recipe.version, recipe.output) == ("beat-sync", "1.0", "sync_video")
    assert recipe.inputs["video"] == RecipeInput("video", "Source video")
    assert recipe.steps == (
        RecipeStep("analyze_audio", "ANALYZE", ("audio",), {"features": ["beats", "energy"]}),
        RecipeStep("sync_video", "BEAT_SYNC", ("video", "analyze_audio"), {"mode": "stretch"}),
    )
    assert recipe.delivery == Delivery()
    assert parse_recipe(SEED.encode(), catalogue) == parse_recipe(b"\xef\xbb\xbf" + SEED.encode(), catalogue) == recipe
    assert parse_recipe(SEED.replace("\n", "\r\n"), catalogue) == recipe


def test_the_name_of_an_effect_in_capitals_is_a_step_type(catalogue: Catalogue) -> None:
    long = SHORT.replace("type: HUE", "type: EFFECT").replace("{degrees", "{effect: hue, degrees")
    assert parse_recipe(SHORT, catalogue).steps == parse_recipe(long, catalogue).steps
    assert parse_recipe(SHORT.replace(", config: {degrees: 20}", ""), catalogue).steps[0].config == {"effect": "hue"}
    assert parse_recipe(SHORT, catalogue).steps[0].type == "EFFECT"


def test_extensions(catalogue: Catalogue) -> None:
    text = """\
name: more
version: 1.10
inputs:
  v: {type: media, required: false, description: a clip}
params:
  turn: {type: number, default: 90, min: -360, max: 360, description: degrees}
  fit: {type: string, choices: [cover, contain]}
  wide: {type: integer, default: 640}
  slow: {type: boolean, default: false}
steps:
  - {id: tint, type: EFFECT, inputs: [v], config: {effect: hue, degrees: $params.turn}, cache: keep}
  - {id: size, type: RESIZE, inputs: [tint], config: {width: $params.wide, height: 360, fit: $params.fit}, cache: auto}
  - {id: speed, type: SPEED, inputs: [size], config: {keep_pitch: $params.slow}}
output: {step: speed, format: mp4, crf: 18, preset: slow, audio_bitrate: 256k}
"""
    recipe = parse_recipe(text, catalogue)
    assert recipe.version == "1.10"
    assert recipe.inputs == {"v": RecipeInput("media", "a clip", required=False)}
    assert recipe.params["turn"] == RecipeParam("number", 90, "degrees", -360, 360)
    assert recipe.params["fit"] == RecipeParam("string", choices=("cover", "contain"))
    assert recipe.steps[0].keep
    assert not recipe.steps[1].keep
    assert recipe.steps[0].config == {"effect": "hue", "degrees": "$params.turn"}
    assert recipe.delivery == Delivery(crf=18, preset="slow", audio_bitrate=256_000)


def test_steps_come_in_topological_order_and_else_in_that_of_the_text(catalogue: Catalogue) -> None:
    text = """\
name: order
inputs: {v: {type: video}}
steps:
  - {id: last, type: SEQUENCE, inputs: [z, m, a]}
  - {id: z, type: SPEED, inputs: [m]}
  - {id: m, type: SPEED, inputs: [v]}
  - {id: a, type: SPEED, inputs: [v]}
output: last
"""
    assert [step.id for step in parse_recipe(text, catalogue).steps] == ["m", "z", "a", "last"]


def test_json_is_a_recipe_too(catalogue: Catalogue) -> None:
    text = (
        b'{"name":"effect-hue","version":"1","inputs":{"input":{"type":"video"}},"steps":[{"id":"effect","type":"EFFECT"'
        b',"inputs":["input"],"config":{"effect":"hue","degrees":9.5e1,"label":"a\\u00e9\\"b"}}],"output":"effect"}'
    )
    assert parse_recipe(text, catalogue).steps[0].config == {"effect": "hue", "degrees": 95.0, "label": 'aé"b'}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("out", "{step: out, format: mp4, video_codec: h264, crf: 20, preset: veryfast, audio_bitrate: 192k}"),
        ("{step: out, for: gif}", "{step: out, format: gif, width: 480, fit: shrink, fps: 15.0, loop: true}"),
        ("{step: out, for: audio, format: mp3}", "{step: out, format: mp3, audio_bitrate: 256000}"),
        ("{step: out, for: web, format: webm}", "{step: out, format: webm, crf: 23, audio_bitrate: 160k}"),
        ("{step: out, width: 640, fit: cover}", "{step: out, width: 640}"),
        ("{step: out, width: 64, height: 36}", "{step: out, height: 36, width: 64, fit: contain}"),
        ("{step: out, fps: 60000/2002}", "{step: out, fps: 30000/1001}"),
    ],
)  # fmt: skip
def test_one_delivery_has_one_form(catalogue: Catalogue, one: str, other: str) -> None:
    head = "name: x\ninputs: {v: {type: video}}\nsteps: [{id: out, type: SPEED, inputs: [v]}]\noutput: "
    first, second = (parse_recipe(head + output, catalogue).delivery for output in (one, other))
    assert first == second
    assert problems(first) == []


def test_a_step_that_takes_anything_gives_what_it_took(catalogue: Catalogue) -> None:
    recipe = parse_recipe(
        "name: n\ninputs: {song: {type: audio}, clip: {type: video}}\nsteps:\n"
        "  - {id: verse, type: SEGMENT, inputs: [song], config: {end: 1}}\n"
        "  - {id: part, type: SPEED, inputs: [clip]}\n"
        "  - {id: own, type: MUX, inputs: [clip, part]}\n"
        "  - {id: out, type: MUX, inputs: [own, verse]}\n"
        "output: out\n",
        catalogue,
    )
    assert recipe.output == "out"
