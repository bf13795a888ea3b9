"""Bad recipes give line, column, the text, and the nearest valid name."""

from __future__ import annotations

import pytest

from artdagd.errors import Fault, InvalidRecipe
from artdagd.recipes.parse import parse_recipe
from artdagd.steps.catalogue import Catalogue
from tests.recipes.texts import SEED, SHORT


def faults_of(text: str | bytes, catalogue: Catalogue) -> list[Fault]:
    with pytest.raises(InvalidRecipe) as caught:
        parse_recipe(text, catalogue)
    assert caught.value.faults
    assert caught.value.faults[0].msg in caught.value.detail
    return list(caught.value.faults)


@pytest.mark.parametrize(
    ("before", "after", "line", "message"),
    [
        ("HUE", "HUW", "type", "unknown step type 'HUW'; did you mean 'HUE'?"),
        ("HUE", "hue", "type", "unknown step type 'hue'; did you mean 'HUE'?"),
        ("HUE", "RESISE", "type", "unknown step type 'RESISE'; did you mean 'RESIZE'?"),
        ("degrees: 20", "degres: 20", "config.degres", "did you mean 'degrees'?"),
        ("degrees: 20", "effect: hue", "config.effect", "the type names the effect already: 'hue'"),
    ],
)
def test_what_is_wrong_with_an_effect_in_capitals(
    catalogue: Catalogue, before: str, after: str, line: str, message: str
) -> None:
    (fault,) = faults_of(SHORT.replace(before, after), catalogue)
    assert fault.loc == f"steps.one.{line}"
    assert message in fault.msg
    assert fault.line == 4


HEAD = """\
name: bad
inputs:
  video: {type: video}
  audio: {type: audio}
params:
  size: {type: integer, default: 640}
  word: {type: string}
  free: {type: number}
steps:
"""

TAIL = "output: out\n"


@pytest.mark.parametrize(
    ("steps", "loc", "message"),
    [
        ("  - {id: out, type: §SPEDE, inputs: [video]}\n", "steps.out.type", "'SPEDE'; did you mean 'SPEED'?"),
        ("  - {id: out, type: §speed, inputs: [video]}\n", "steps.out.type", "'speed'; did you mean 'SPEED'?"),
        ("  - {id: out, type: §hue, inputs: [video]}\n", "steps.out.type", "did you mean 'HUE'?"),
        ("  - §{id: out, inputs: [video]}\n", "steps.out.type", "'type' is missing"),
        ("  - {id: out, type: SPEED, inputs: [§vidoe]}\n", "steps.out.inputs[0]", "'vidoe'; did you mean 'video'?"),
        ("  - {id: out, type: RESIZE, inputs: [§audio]}\n", "steps.out.inputs[0]", "'audio' gives audio"),
        ("  - {id: out, type: SPEED, inputs: §video}\n", "steps.out.inputs", "write [video]"),
        ("  - {id: out, type: SPEED, inputs: [§[video]]}\n", "steps.out.inputs[0]", "got a list"),
        ("  - §{id: out, type: SPEED}\n", "steps.out.inputs", "SPEED takes 1 input (input), got 0"),
        ("  - §{id: out, type: HUE}\n", "steps.out.inputs", "HUE takes 1 input (input), got 0"),
        ("  - {id: out, type: SEQUENCE, inputs: §[]}\n", "steps.out.inputs", "1 or more inputs (clips), got 0"),
        ("  - {id: out, type: MUX, inputs: §[video]}\n", "steps.out.inputs", "2 inputs (video, audio), got 1"),
        ("  - {id: out, type: SPEED, inputs: [video], §conifg: {}}\n", "steps.out.conifg", "did you mean 'config'?"),
        ("  - {id: out, type: SPEED, inputs: [video], config: §3}\n", "steps.out.config", "a mapping, got 3"),
        (
            "  - {id: out, type: SPEED, inputs: [video], cache: §kep}\n",
            "steps.out.cache",
            "'kep'; did you mean 'keep'?",
        ),
        ("  - {id: out, type: SPEED, inputs: [video], config: {§fctor: 2}}\n", "steps.out.config.fctor", "'factor'?"),
        (
            "  - id: out\n    type: SPEED\n    inputs: [video]\n    config:\n      factor: §fast\n",
            "steps.out.config.factor",
            "expected a number, got 'fast'",
        ),
        (
            "  - {id: out, type: RETIME, inputs: [video], config: {fps: [25, 1], pieces: [[0, 1, 0, §a]]}}\n",
            "steps.out.config.pieces[0][3]",
            "expected a number, got 'a'",
        ),
        (
            "  - {id: out, type: EFFECT, inputs: [video], config: {effect: §hu}}\n",
            "steps.out.config.effect",
            "'hu'; did you mean 'hue'?",
        ),
        (
            "  - {id: out, type: RESIZE, inputs: [video], config: {width: §$params.siez}}\n",
            "steps.out.config.width",
            "unknown param 'siez'; did you mean 'size'?",
        ),
        (
            "  - {id: out, type: RESIZE, inputs: [video], config: {width: §$params.word}}\n",
            "steps.out.config.width",
            "expected a whole number, and $params.word is a string",
        ),
        (
            "  - {id: out, type: SPEED, inputs: [video], config: {factor: §$params.size}}\n",
            "steps.out.config.factor",
            "<= 10.0, got 640 (from $params.size)",
        ),
        (
            "  - {id: out, type: SPEED, inputs: [video], config: {factor: §'{{ params.free }}'}}\n",
            "steps.out.config.factor",
            "a param is written $params.NAME",
        ),
        (
            "  - {id: an, type: ANALYZE, inputs: [audio]}\n  - {id: out, type: RESIZE, inputs: [§an]}\n",
            "steps.out.inputs[0]",
            "RESIZE takes media here, and 'an' gives data",
        ),
        (
            "  - {id: out, type: BEAT_SYNC, inputs: [video, §audio]}\n",
            "steps.out.inputs[1]",
            "'audio' gives audio; name an ANALYZE step",
        ),
        (
            "  - {id: out, type: MUX, inputs: [video, §mute]}\n"
            "  - {id: mute, type: RETIME, inputs: [video], config: {fps: [25, 1], pieces: [[0, 1, 0, 1]]}}\n",
            "steps.out.inputs[1]",
            "'mute' gives a picture without sound",
        ),
        (
            "  - {id: part, type: SPEED, inputs: [mute]}\n"
            "  - {id: mute, type: RETIME, inputs: [video], config: {fps: [25, 1], pieces: [[0, 1, 0, 1]]}}\n"
            "  - {id: out, type: MUX, inputs: [video, §part]}\n",
            "steps.out.inputs[1]",
            "'part' gives a picture without sound",
        ),
        (
            "  - {id: part, type: SEGMENT, inputs: [audio], config: {end: 1}}\n"
            "  - {id: out, type: RESIZE, inputs: [§part]}\n",
            "steps.out.inputs[0]",
            "RESIZE takes media here, and 'part' gives audio",
        ),
        (
            "  - {id: an, type: ANALYZE, inputs: [audio], config: {features: [beats, §cust]}}\n"
            "  - {id: out, type: BEAT_SYNC, inputs: [video, an]}\n",
            "steps.an.config.features[1]",
            "'cust'; did you mean 'cuts'?",
        ),
        (
            "  - {id: an, type: ANALYZE, inputs: [§audio], config: {features: [cuts]}}\n"
            "  - {id: out, type: BEAT_SYNC, inputs: [video, an]}\n",
            "steps.an.inputs[0]",
            "found in a picture, and 'audio' gives audio",
        ),
        (
            "  - {id: s, type: SPEED, inputs: [video]}\n"
            "  - {id: an, type: ANALYZE, inputs: [§s]}\n"
            "  - {id: out, type: BEAT_SYNC, inputs: [video, an]}\n",
            "steps.an.inputs[0]",
            "'an' can analyze a recipe input, and 's' is a step",
        ),
        (
            "  - {id: out, type: SPEED, inputs: [video]}\n  - {id: §spare, type: SPEED, inputs: [out]}\n",
            "steps.spare",
            "step 'spare' is not used: nothing leads from it to the output 'out'",
        ),
        (
            "  - {id: out, type: SPEED, inputs: [video]}\n  - {id: §out, type: SPEED, inputs: [video]}\n",
            "steps.out.id",
            "taken by the step in line 10",
        ),
        ("  - {id: out, type: SPEED, inputs: [video]}\n    §{id: b}\n", "", "not YAML"),
        ("  - {id: §out, type: SPEED, inputs: [out]}\n", "steps.out.inputs", "a cycle: out -> out"),
        (
            "  - {id: out, type: SPEED, inputs: [c]}\n"
            "  - {id: §a, type: SPEED, inputs: [b]}\n"
            "  - {id: b, type: SPEED, inputs: [c]}\n"
            "  - {id: c, type: SPEED, inputs: [a]}\n",
            "steps.a.inputs",
            "a cycle: a -> c -> b -> a",
        ),
        (
            "  - {id: §video, type: SPEED, inputs: [video]}\n  - {id: out, type: SPEED, inputs: [video]}\n",
            "steps.video.id",
            "'video' is the name of a recipe input",
        ),
        ("  - {id: §a.b, type: SPEED, inputs: [video]}\n", "steps[0].id", "'a.b' is not an id"),
        ("  - §{type: SPEED, inputs: [video]}\n", "steps[0].id", "'id' is missing"),
        ("  - §out\n", "steps[0]", "expected a step (id, type, inputs, config), got 'out'"),
        ("  §[]\n", "steps", "a list of steps, got an empty list"),
    ],
)
def test_a_fault_in_a_step(catalogue: Catalogue, steps: str, loc: str, message: str) -> None:
    """The § in the text is where the fault has to be."""
    before, _, after = (HEAD + steps).partition("§")
    fault = faults_of(before + after + TAIL, catalogue)[0]
    assert (fault.line, fault.column, fault.loc) == (before.count("\n") + 1, len(before.rpartition("\n")[2]) + 1, loc)
    assert message in fault.msg


STEPS = "steps:\n  - {id: out, type: SPEED, inputs: [v]}\n"


@pytest.mark.parametrize(
    ("text", "line", "column", "loc", "message"),
    [
        ("", 1, 1, "", "the recipe is empty"),
        ("# nothing\n", 1, 1, "", "the recipe is empty"),
        ("hello", 1, 1, "", "a recipe is a mapping"),
        ("- a\n", 1, 1, "", "this is a list"),
        ("nmae: x\n", 1, 1, "nmae", "unknown key 'nmae'; did you mean 'name'?"),
        ("name: [x]\n", 1, 7, "name", "expected a string, got a list"),
        ("name: a/b\n", 1, 7, "name", "without slashes"),
        ("name: ..\n", 1, 7, "name", "'..' is not a name"),
        ("inputs: [v]\n", 1, 9, "inputs", "expected a mapping of names, got a list"),
        ("inputs: {v: video}\n", 1, 13, "inputs.v", "expected a mapping with 'type', got 'video'"),
        ("inputs: {v: {}}\n", 1, 13, "inputs.v.type", "'type' is missing: video, audio, media, image or data"),
        ("inputs: {v: {type: vido}}\n", 1, 20, "inputs.v.type", "unknown type 'vido'; did you mean 'video'?"),
        ("inputs: {v: {type: video, required: yes}}\n", 1, 37, "inputs.v.required", "true or false, got 'yes'"),
        ("inputs: {a b: {type: video}}\n", 1, 10, "inputs.a b", "'a b' is not a name"),
        ("params: {p: {type: int}}\n", 1, 20, "params.p.type", "unknown type 'int'"),
        ("params: {p: {type: number, default: x}}\n", 1, 37, "params.p.default", "expected a number, got 'x'"),
        ("params: {p: {type: number, default: 5, max: 4}}\n", 1, 37, "params.p.default", "more than the maximum 4"),
        ("params: {p: {type: number, min: 5, max: 4}}\n", 1, 10, "params.p.min", "min 5 is more than max 4"),
        ("params: {p: {type: string, min: 5}}\n", 1, 33, "params.p.min", "a string has no min"),
        ("params: {p: {type: string, choices: a}}\n", 1, 37, "params.p.choices", "expected a list of values, got 'a'"),
        ("params: {p: {type: string, choices: [a, 1]}}\n", 1, 41, "params.p.choices", "expected a string, got 1"),
        ("params: {p: {type: string, default: b, choices: [a]}}\n", 1, 37, "params.p.default", "not one of 'a'"),
        ("params: {p: {type: boolean, default: yes}}\n", 1, 38, "params.p.default", "expected a boolean, got 'yes'"),
        ("params: {p: {type: integer, default: 1.5}}\n", 1, 38, "params.p.default", "expected an integer, got 1.5"),
        ("params: {p: {type: number, defualt: 1}}\n", 1, 28, "params.p.defualt", "did you mean 'default'?"),
        ("output: {stp: out}\n", 1, 10, "output.stp", "did you mean 'step'?"),
        ("output: {step: out, crf: 52}\n", 1, 26, "output.crf", "52 is not in 0 to 51"),
        ("output: {step: out, crf: high}\n", 1, 26, "output.crf", "a whole number from 0 to 51, got 'high'"),
        ("output: {step: out, preset: slwo}\n", 1, 29, "output.preset", "did you mean 'slow'?"),
        ("output: {step: out, format: webmm}\n", 1, 29, "output.format", "did you mean 'webm'?"),
        ("output: {step: out, for: wep}\n", 1, 26, "output.for", "did you mean 'web'?"),
        (
            "output: {step: out, video_codec: vp9}\n",
            1,
            34,
            "output.video_codec",
            "mp4 takes h264, h265 or av1; vp9",
        ),
        ("output: {step: out, format: gif, audio_codec: aac}\n", 1, 47, "output.audio_codec", "gif holds no sound"),
        ("output: {step: out, format: flac, width: 64}\n", 1, 42, "output.width", "flac has no picture"),
        ("output: {step: out, format: png, fps: 5}\n", 1, 39, "output.fps", "png has no fps"),
        ("output: {step: out, format: gif, crf: 5}\n", 1, 39, "output.crf", "gif has no crf, only loop"),
        ("output: {step: out, quality: 90}\n", 1, 30, "output.quality", "mp4 of h264 and aac has no quality, only"),
        ("output: {step: out, format: webm, preset: slow}\n", 1, 43, "output.preset", "known: 0, 1, 2"),
        ("output: {step: out, format: gif, loop: 3}\n", 1, 40, "output.loop", "true or false, got 3"),
        ("output: {step: out, width: 641}\n", 1, 28, "output.width", "641 is odd, and sides are even: 640 or 642"),
        ("output: {step: out, height: 20000}\n", 1, 29, "output.height", "20000 is not in 16 to 16384"),
        ("output: {step: out, fit: cover}\n", 1, 26, "output.fit", "there is nothing to fit into"),
        ("output: {step: out, fps: 1/0}\n", 1, 26, "output.fps", "'1/0' is no frame rate"),
        ("output: {step: out, fps: 1000}\n", 1, 26, "output.fps", "at most 240"),
        ("output: {step: out, audio_bitrate: 1k}\n", 1, 36, "output.audio_bitrate", "not in 32k to 512k"),
        ("output: [out]\n", 1, 9, "output", "expected a step's id or a mapping, got a list"),
        ("name: x\ninputs: {v: {type: video}}\n" + STEPS, 1, 1, "output", "'output' is missing"),
        ("name: x\ninputs: {v: {type: video}}\n" + STEPS + "output: ot\n", 5, 9, "output", "did you mean 'out'?"),
        ("name: x\ninputs: {v: {type: video}}\n" + STEPS + "output: v\n", 5, 9, "output", "'v' is a recipe input"),
        ("inputs: {v: {type: video}}\noutput: out\n" + STEPS, 1, 1, "name", "'name' is missing"),
        ("name: x\nname: y\n", 2, 1, "name", "'name' stands here a second time, after line 1"),
    ],
)
def test_a_fault_elsewhere(catalogue: Catalogue, text: str, line: int, column: int, loc: str, message: str) -> None:
    matching = [fault for fault in faults_of(text, catalogue) if fault.loc == loc and message in fault.msg]
    assert [(fault.line, fault.column) for fault in matching] == [(line, column)]


def test_an_output_that_gives_data_is_refused(catalogue: Catalogue) -> None:
    text = "name: x\ninputs: {a: {type: audio}}\nsteps: [{id: an, type: ANALYZE, inputs: [a]}]\noutput: {step: an}\n"
    (fault,) = faults_of(text, catalogue)
    assert (fault.line, fault.column, fault.loc) == (4, 16, "output.step")
    assert "gives data" in fault.msg


def test_all_faults_are_told_in_the_order_of_the_text(catalogue: Catalogue) -> None:
    text = (
        SEED.replace("ANALYZE", "ANALYSE")
        .replace("mode: stretch", "mode: stretched")
        .replace("type: audio", "type: aduio")
    )
    faults = faults_of(text, catalogue)
    assert [fault.loc for fault in faults] == [
        "inputs.audio.type",
        "steps.analyze_audio.type",
        "steps.sync_video.config.mode",
    ]
    assert [(fault.line, fault.column) for fault in faults] == [(10, 11), (15, 11), (24, 13)]


def test_one_mistake_is_told_once(catalogue: Catalogue) -> None:
    """A wrong param or input type is not told again wherever it is used."""
    text = HEAD.replace("type: integer", "type: int").replace("{type: audio}", "{type: adio}") + (
        "  - {id: an, type: ANALYZE, inputs: [audio]}\n"
        "  - {id: b, type: BEAT_SYNC, inputs: [video, an], config: {width: $params.size}}\n"
        "  - {id: out, type: RESIZE, inputs: [b], config: {width: $params.size}}\n"
    )
    assert [fault.loc for fault in faults_of(text + TAIL, catalogue)] == ["inputs.audio.type", "params.size.type"]


@pytest.mark.parametrize("inputs", ["video", "[[video]]", "[vidoe]", "3"])
def test_an_unreadable_input_is_not_counted_as_a_missing_one(catalogue: Catalogue, inputs: str) -> None:
    text = HEAD + f"  - {{id: out, type: SPEED, inputs: {inputs}}}\n" + TAIL
    assert len(faults_of(text, catalogue)) == 1


def test_a_param_without_a_default_is_checked_by_its_type_alone(catalogue: Catalogue) -> None:
    text = HEAD + (
        "  - {id: a, type: SEGMENT, inputs: [video], config: {start: 5, end: $params.free}}\n"
        "  - {id: b, type: RESIZE, inputs: [a], config: {fit: $params.word}}\n"
        "  - {id: out, type: EFFECT, inputs: [b], config: {effect: $params.word, degrees: 3}}\n"
    )
    assert parse_recipe(text + TAIL, catalogue).steps[0].config == {"start": 5, "end": "$params.free"}


def test_an_answer_to_a_hostile_text_is_bounded(catalogue: Catalogue) -> None:
    keys = "".join(f"k{index}: 1\n" for index in range(4000))
    faults = faults_of(f"name: {'x/' * 5000}\n{keys}", catalogue)
    assert len(faults) == 100
    assert all(len(fault.msg) < 400 for fault in faults)
