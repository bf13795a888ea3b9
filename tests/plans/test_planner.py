"""Plans: what they hold, and what changes their names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from artdagd.cid import cid_of_value
from artdagd.errors import InvalidRecipe, StepFailed
from artdagd.plans.document import plan_bytes
from artdagd.plans.model import Analysis, Plan
from artdagd.plans.planner import analysis_requests, plan
from artdagd.recipes.model import Recipe, RecipeInput, RecipeParam, RecipeStep
from artdagd.steps.catalogue import Catalogue
from artdagd.work import Delivery

Binding = Callable[..., dict[str, Any]]
Make = Callable[..., Recipe]


def cache_ids(made: Plan) -> dict[str, str]:
    return {step.step_id: step.cache_id for step in made.steps}


def test_the_seed_s_recipe(beat_recipe: Recipe, binding: Binding, catalogue: Catalogue) -> None:
    made = plan(beat_recipe, **binding(beat_recipe), catalogue=catalogue)
    analyze, retime, mux = made.steps
    assert [analyze.step_id, retime.step_id, mux.step_id] == ["analyze_audio", "sync_video.retime", "sync_video"]
    assert made.levels == (("analyze_audio",), ("sync_video.retime",), ("sync_video",))
    assert retime.config == {
        "pieces": [[0.0, 2.5, 0.0, 1.25], [2.5, 5.0, 1.25, 2.5], [5.0, 7.25, 2.5, 3.75], [7.25, 10.0, 3.75, 5.0]],
        "fps": [25, 1],
    }
    assert mux.inputs == ("sync_video.retime", "audio")
    assert (retime.recipe_step, mux.recipe_step) == ("sync_video", "sync_video")
    assert [each.steps for each in made.passes] == [("sync_video.retime", "sync_video")]
    assert made.passes[0].pass_id == mux.pass_id == retime.pass_id == mux.cache_id
    assert made.passes[0].delivery == Delivery()
    assert analyze.pass_id is None
    assert made.analyses == {"analyze_audio": cid_of_value(["analysis", "analyze_audio"])}
    assert made.audio == {"audio": "a5" * 32}
    assert plan_bytes(made) == plan_bytes(plan(beat_recipe, **binding(beat_recipe), catalogue=catalogue))


def test_a_retagged_song_renders_nothing_again(beat_recipe: Recipe, binding: Binding, catalogue: Catalogue) -> None:
    first = plan(beat_recipe, **binding(beat_recipe), catalogue=catalogue)
    arguments = binding(beat_recipe)
    arguments["inputs"]["audio"] = cid_of_value("retagged")
    again = plan(beat_recipe, **arguments, catalogue=catalogue)
    assert [each.pass_id for each in again.passes] == [each.pass_id for each in first.passes]
    assert cache_ids(again)["analyze_audio"] != cache_ids(first)["analyze_audio"]
    arguments["inputs"]["video"] = cid_of_value("other video")
    assert plan(beat_recipe, **arguments, catalogue=catalogue).passes != first.passes


def test_other_sound_or_other_beats_render_again(beat_recipe: Recipe, binding: Binding, catalogue: Catalogue) -> None:
    first = plan(beat_recipe, **binding(beat_recipe), catalogue=catalogue)
    other = binding(beat_recipe)
    song = other["facts"]["audio"]
    sound = msgspec.structs.replace(song.audio, digest="b6" * 32)
    other["facts"] = {**other["facts"], "audio": msgspec.structs.replace(song, audio=sound)}
    remixed = plan(beat_recipe, **other, catalogue=catalogue)
    assert cache_ids(remixed)["sync_video"] != cache_ids(first)["sync_video"]
    assert cache_ids(remixed)["sync_video.retime"] == cache_ids(first)["sync_video.retime"]
    moved = binding(beat_recipe, analyses={"analyze_audio": Analysis(cid_of_value("x"), {"beats": [2.5]})})
    assert (
        cache_ids(plan(beat_recipe, **moved, catalogue=catalogue))["sync_video.retime"]
        != cache_ids(first)["sync_video.retime"]
    )


def test_analysis_requests_share_features_between_analyzers(
    recipe: Make, beat_recipe: Recipe, binding: Binding, catalogue: Catalogue
) -> None:
    inputs = binding(beat_recipe)["inputs"]
    (request,) = analysis_requests(beat_recipe, inputs, {}, catalogue)
    assert (request.step_id, request.input, request.cid) == ("analyze_audio", "audio", inputs["audio"])
    assert request.features == {"loudness": ("energy",), "rhythm": ("beats",)}
    made = plan(beat_recipe, **binding(beat_recipe), catalogue=catalogue)
    assert request.cache_id == cache_ids(made)["analyze_audio"]
    ids = request.cache_ids
    assert list(ids) == ["loudness", "rhythm"]
    assert len({request.cache_id, *ids.values()}) == 3
    swapped = recipe(("look", "ANALYZE", "audio", {"features": ["energy", "beats"]}), ("s", "BEAT_SYNC", "video look"))
    (again,) = analysis_requests(swapped, binding(swapped)["inputs"], {}, catalogue)
    assert again.cache_ids == ids, "neither the order nor the step's id matters"
    (elsewhere,) = analysis_requests(swapped, binding(swapped)["inputs"], {}, catalogue, "secret")
    assert not set(elsewhere.cache_ids.values()) & set(ids.values())


def test_a_step_on_a_step(recipe: Make, binding: Binding, catalogue: Catalogue) -> None:
    """BEAT_SYNC on something that doesn't exist yet: its length and rate are worked out."""
    made = recipe(
        ("part", "SEGMENT", "video", {"start": 1.0, "duration": 2.0}),
        ("slow", "SPEED", "part", {"factor": 0.5}),
        ("look", "ANALYZE", "audio", {"features": ["beats"]}),
        ("sync", "BEAT_SYNC", "slow look", {"mode": "cut", "width": 320}),
    )
    found = plan(made, **binding(made), catalogue=catalogue)
    by_id = {step.step_id: step for step in found.steps}
    assert by_id["sync.retime"].config["fps"] == [25, 1]
    assert by_id["sync.retime"].config["pieces"][1] == [2.5, 5.0, 1.0, 3.5], "a quarter of 4 s a beat"
    assert by_id["sync.resize"].config["width"] == 320
    assert [each.steps for each in found.passes] == [
        ("part", "slow", "sync.retime", "sync.resize", "sync"),
    ], "the map goes back, and a part of a file is as good as a file"
    assert [each.delivery is None for each in found.passes] == [False]


def test_defaults_may_be_written_out(recipe: Make, binding: Binding, catalogue: Catalogue) -> None:
    short = recipe(("a", "EFFECT", "video", {"effect": "hue"}), ("b", "SPEED", "a", {"factor": 2}))
    full = recipe(
        ("a", "EFFECT", "video", {"degrees": 90, "effect": "hue"}),
        ("b", "SPEED", "a", {"keep_pitch": True, "factor": 2.0}),
    )
    one, two = (plan_bytes(plan(each, **binding(each), catalogue=catalogue)) for each in (short, full))
    assert one == two


def test_names_of_steps_are_not_names_of_computations(recipe: Make, binding: Binding, catalogue: Catalogue) -> None:
    one, two = (
        recipe((name, "EFFECT", "video", {"effect": "hue"}), ("out", "SPEED", name)) for name in ("first", "other")
    )
    made = [plan(each, **binding(each), catalogue=catalogue) for each in (one, two)]
    assert list(cache_ids(made[0]).values()) == list(cache_ids(made[1]).values())


def test_the_same_computation_is_planned_once(recipe: Make, binding: Binding, catalogue: Catalogue) -> None:
    hue = {"effect": "hue"}
    twice = recipe(
        ("b", "EFFECT", "video", hue, True), ("a", "EFFECT", "video", hue), ("out", "SEQUENCE", "b a clip", {})
    )
    made = plan(twice, **binding(twice), catalogue=catalogue)
    assert [(step.step_id, step.inputs) for step in made.steps] == [("a", ("video",)), ("out", ("a", "a", "clip"))]
    assert [each.steps for each in made.passes] == [("a",), ("out",)]


def test_what_is_kept_under_one_of_two_names_is_kept(recipe: Make, binding: Binding, catalogue: Catalogue) -> None:
    hue, blur = {"effect": "hue"}, {"effect": "blur"}
    branches = [("a", "EFFECT", "video", hue), ("b", "EFFECT", "video", hue, True)]
    again = [("c", "EFFECT", "a", blur), ("d", "EFFECT", "b", blur)]
    made = recipe(*branches, *again, ("out", "SEQUENCE", "c d"))
    assert [each.steps for each in plan(made, **binding(made), catalogue=catalogue).passes] == [
        ("a",),
        ("c", "out"),
    ]


def test_the_output_has_a_name_of_its_own(recipe: Make, binding: Binding, catalogue: Catalogue) -> None:
    hue = {"effect": "hue"}
    alone = recipe(("a", "EFFECT", "video", hue))
    longer = recipe(("a", "EFFECT", "video", hue, True), ("b", "SPEED", "a"))
    sharper = recipe(("a", "EFFECT", "video", hue), delivery=Delivery(crf=12))
    names = {cache_ids(plan(each, **binding(each), catalogue=catalogue))["a"] for each in (alone, longer, sharper)}
    assert len(names) == 3


def test_the_cluster_key_parts_everything(beat_recipe: Recipe, binding: Binding, catalogue: Catalogue) -> None:
    one = plan(beat_recipe, **binding(beat_recipe), catalogue=catalogue)
    two = plan(beat_recipe, **binding(beat_recipe), catalogue=catalogue, cluster_key="our secret")
    assert not set(cache_ids(one).values()) & set(cache_ids(two).values())
    assert b"our secret" not in plan_bytes(two)


def test_dead_steps_never_reach_the_plan(recipe: Make, binding: Binding, catalogue: Catalogue) -> None:
    made = recipe(("a", "SPEED", "video"), ("dead", "SPEED", "a", {"factor": 3.0}, True), output="a")
    assert [step.step_id for step in plan(made, **binding(made), catalogue=catalogue).steps] == ["a"]
    lonely = recipe(("look", "ANALYZE", "audio"), ("a", "SPEED", "video"))
    assert analysis_requests(lonely, binding(lonely)["inputs"], {}, catalogue) == ()
    assert plan(lonely, **binding(lonely), catalogue=catalogue).analyses == {}


def test_params_go_into_configs(recipe: Make, binding: Binding, catalogue: Catalogue) -> None:
    params = {"turn": RecipeParam("number", 30.0, minimum=0.0, maximum=180.0), "name": RecipeParam("string", "hue")}
    made = recipe(("a", "EFFECT", "video", {"effect": "$params.name", "degrees": "$params.turn"}), params=params)
    default = plan(made, **binding(made), catalogue=catalogue)
    assert default.params == {"turn": 30.0, "name": "hue"}
    assert default.steps[0].config == {"effect": "hue", "degrees": 30.0}
    changed = plan(made, **binding(made, params={"turn": 60}), catalogue=catalogue)
    assert changed.steps[0].config["degrees"] == 60.0
    for wrong, words in [
        ({"turn": 200}, "more than the maximum 180"),
        ({"turn": "60"}, "expected a number"),
        ({"turn": True}, "expected a number"),
        ({"trun": 60}, "unknown param"),
        ({"name": "hoo"}, "unknown effect 'hoo'"),
    ]:
        with pytest.raises(InvalidRecipe, match=words):
            plan(made, **binding(made, params=wrong), catalogue=catalogue)


def test_an_optional_input_drops_out_of_a_sequence(recipe: Make, binding: Binding, catalogue: Catalogue) -> None:
    inputs = {"video": RecipeInput("video"), "clip": RecipeInput("video", required=False)}
    made = recipe(("out", "SEQUENCE", "video clip"), inputs=inputs)
    given_one = binding(made, inputs={"video": cid_of_value("video")})
    assert plan(made, **given_one, catalogue=catalogue).steps[0].inputs == ("video",)
    needs = recipe(("out", "SPEED", "clip"), inputs=inputs)
    with pytest.raises(InvalidRecipe, match="'clip': step 'out' can't do without it"):
        plan(needs, **given_one, catalogue=catalogue)


@pytest.mark.parametrize(
    ("steps", "words"),
    [
        ([("a", "SPEDE", "video")], "unknown step type 'SPEDE'; did you mean 'SPEED'"),
        ([("a", "EFFECT", "audio", {"effect": "hue"})], "'a': it needs a picture, and 'audio' has none"),
        ([("a", "MUX", "video clip")], "'a': it needs sound, and 'clip' has none"),
        ([("a", "MUX", "video")], "it has 1 inputs and takes 2"),
        ([("a", "SEGMENT", "video", {"start": 7.0})], "'video' ends at 5 s"),
        ([("a", "SPEED", "video", {"factor": 99})], "'a'"),
        ([("a", "EFFECT", "video", {"effect": "hue", "degrees": 999})], "'a'"),
        (
            [("x", "ANALYZE", "audio", {"features": ["beatz"]}), ("a", "BEAT_SYNC", "video x")],
            "unknown feature 'beatz'; did you mean 'beats'",
        ),
        ([("x", "ANALYZE", "audio", {"features": ["tempo"]}), ("a", "BEAT_SYNC", "video x")], "does not look for them"),
        ([("x", "ANALYZE", "clip"), ("a", "BEAT_SYNC", "video x")], "'x': it needs sound, and 'clip' has none"),
        ([("x", "ANALYZE", "audio"), ("a", "BEAT_SYNC", "audio x")], "'a': it needs a picture"),
        ([("x", "ANALYZE", "audio"), ("a", "MUX", "video x")], "'x' is an analysis"),
        ([("x", "SPEED", "video"), ("a", "BEAT_SYNC", "video x")], "'x' is not an ANALYZE step"),
        ([("x", "SPEED", "video"), ("y", "ANALYZE", "x"), ("a", "BEAT_SYNC", "x y")], "takes one recipe input"),
        ([("a", "ANALYZE", "audio")], "has to be a step that makes media"),
        (
            [("x", "ANALYZE", "audio"), ("a.retime", "SPEED", "video"), ("a", "BEAT_SYNC", "a.retime x")],
            "its id is taken",
        ),
    ],
)
def test_what_cannot_be_rendered_is_refused_with_place_and_remedy(
    recipe: Make, binding: Binding, catalogue: Catalogue, steps: list[Any], words: str
) -> None:
    made = recipe(*steps)
    analyses = {
        step.id: Analysis(cid_of_value("x"), {"tempo": 120.0} if "tempo" in str(step.config) else {"beats": [1.0]})
        for step in made.steps
    }
    with pytest.raises(InvalidRecipe, match=words) as caught:
        plan(made, **binding(made, analyses=analyses), catalogue=catalogue)
    assert caught.value.advice
    assert all(fault.loc.startswith("steps.") for fault in caught.value.faults)
    assert caught.value.faults


@pytest.mark.parametrize(
    ("inputs", "words"),
    [
        ({}, "'video': it is missing"),
        ({"video": "not a cid"}, "is not a CID"),
        ({"vidoe": "x"}, "unknown input 'vidoe'; did you mean 'video'"),
    ],
)
def test_inputs_are_checked(
    recipe: Make, binding: Binding, catalogue: Catalogue, inputs: dict[str, str], words: str
) -> None:
    made = recipe(("a", "SPEED", "video"), inputs={"video": RecipeInput("video")})
    with pytest.raises(InvalidRecipe, match=words):
        plan(made, **binding(made, inputs=inputs), catalogue=catalogue)
    with pytest.raises(InvalidRecipe, match=words):
        analysis_requests(made, inputs, {}, catalogue)


def test_beats_that_are_no_numbers_blame_the_analyzer(
    beat_recipe: Recipe, binding: Binding, catalogue: Catalogue
) -> None:
    bad = {"analyze_audio": Analysis(cid_of_value("x"), {"beats": [1.0, float("nan")]})}
    with pytest.raises(StepFailed):
        plan(beat_recipe, **binding(beat_recipe, analyses=bad), catalogue=catalogue)


@st.composite
def timelines(draw: st.DrawFn) -> tuple[tuple[RecipeStep, ...], list[int]]:
    """Steps with configs that all differ, and the numbers of another order of them that is topological too."""
    count = draw(st.integers(1, 9))
    steps: list[RecipeStep] = []
    unused: set[str] = set()
    for number in range(count):
        sources = ["video", "clip", *(step.id for step in steps)]
        config: dict[str, Any] = {"effect": "hue", "degrees": number}
        if number == count - 1:
            inputs = (*sorted(unused), draw(st.sampled_from(sources)))
            steps.append(RecipeStep("out", "SEQUENCE", inputs, {"width": 320}))
        else:
            source = draw(st.sampled_from(sources))
            steps.append(RecipeStep(f"s{number}", "EFFECT", (source,), config, draw(st.booleans())))
            unused = (unused | {f"s{number}"}) - {source}
    waiting, order = list(range(count)), list[int]()
    while waiting:
        names = {steps[number].id for number in waiting}
        order.append(draw(st.sampled_from([n for n in waiting if not names & set(steps[n].inputs)])))
        waiting.remove(order[-1])
    return tuple(steps), order


@given(timeline=timelines())
def test_the_order_of_the_text_changes_nothing(
    recipe: Make, binding: Binding, catalogue: Catalogue, timeline: tuple[tuple[RecipeStep, ...], list[int]]
) -> None:
    steps, order = timeline
    one = recipe(("out", "SPEED", "video"), steps=steps)
    two = recipe(("out", "SPEED", "video"), steps=tuple(steps[number] for number in order))
    assert plan_bytes(plan(one, **binding(one), catalogue=catalogue)) == plan_bytes(
        plan(two, **binding(two), catalogue=catalogue)
    )


@given(timeline=timelines(), data=st.data())
def test_a_change_renames_what_is_downstream_and_nothing_else(
    recipe: Make,
    binding: Binding,
    catalogue: Catalogue,
    timeline: tuple[tuple[RecipeStep, ...], list[int]],
    data: st.DataObject,
) -> None:
    steps = list(timeline[0])
    chosen = data.draw(st.integers(0, len(steps) - 1))
    before = recipe(("out", "SPEED", "video"), steps=tuple(steps))
    other = {"width": 640} if steps[chosen].id == "out" else {"effect": "hue", "degrees": 100 + chosen}
    steps[chosen] = msgspec.structs.replace(steps[chosen], config=other)
    after = recipe(("out", "SPEED", "video"), steps=tuple(steps))
    old, new = (cache_ids(plan(each, **binding(each), catalogue=catalogue)) for each in (before, after))
    downstream = {steps[chosen].id}
    for step in steps:
        if downstream & set(step.inputs):
            downstream.add(step.id)
    assert {name for name in old if old[name] != new[name]} == downstream
