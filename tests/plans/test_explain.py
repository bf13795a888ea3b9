"""Comparing plans: what differs, where it began, and through what it came."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from artdagd.cid import cid_of_value
from artdagd.plans.document import plan_bytes, plan_from_bytes
from artdagd.plans.explain import Change, Difference, compare
from artdagd.plans.model import Analysis, Plan
from artdagd.plans.planner import plan
from artdagd.recipes.model import Recipe
from artdagd.steps.catalogue import Catalogue
from artdagd.work import Delivery

Binding = Callable[..., dict[str, Any]]
Make = Callable[..., Recipe]

CHAIN = (
    ("part", "SEGMENT", "video", {"start": 0.0, "duration": 2.0}),
    ("tint", "EFFECT", "part", {"effect": "hue", "degrees": 30.0}),
    ("soft", "EFFECT", "tint", {"effect": "blur", "sigma": 2.0}),
    ("both", "SEQUENCE", "soft clip", {}),
)


class Planned:
    def __init__(self, make: Make, binding: Binding, catalogue: Catalogue) -> None:
        self._make, self._binding, self._catalogue = make, binding, catalogue

    def __call__(self, *steps: tuple[Any, ...], inputs: dict[str, str] | None = None, **changes: Any) -> Plan:
        analyses = changes.pop("analyses", None)
        recipe = self._make(*steps, **changes)
        bound = self._binding(recipe, recipe_id=cid_of_value([list(map(list, steps)), str(changes)]))
        bound["inputs"] |= inputs or {}
        bound["analyses"] |= analyses or {}
        return plan(recipe, **bound, catalogue=self._catalogue)


@pytest.fixture(scope="module")
def planned(recipe: Make, binding: Binding, catalogue: Catalogue) -> Planned:
    return Planned(recipe, binding, catalogue)


def told(now: Plan, before: Plan | None, **names: str) -> dict[str, Difference]:
    return {one.step_id: one for one in compare(now, before, names)}


def edited(at: int, **config: Any) -> list[tuple[Any, ...]]:
    steps = list(CHAIN)
    steps[at] = (*steps[at][:3], {**steps[at][3], **config})
    return steps


def test_without_an_earlier_plan_all_is_new(planned: Planned):
    assert {one.reason for one in compare(planned(*CHAIN), None)} == {"new"}


def test_a_parameter_is_the_cause_and_what_follows_says_through_what(planned: Planned):
    found = told(planned(*edited(1, degrees=60.0)), planned(*CHAIN))
    assert found["part"].reason == "nothing changed"
    assert found["tint"].reason == "parameter changed"
    assert found["tint"].changes == (Change("parameter", "degrees", 30.0, 60.0),)
    assert found["tint"].cause is None
    assert found["tint"].detail == "`degrees` was 30.0, now 60.0"
    assert (found["soft"].reason, found["soft"].through, found["soft"].cause) == ("input changed", "tint", "tint")
    assert (found["both"].through, found["both"].cause) == ("soft", "tint")
    assert found["both"].detail == "its input `soft` is another, because of `tint`"


def test_another_file(planned: Planned):
    other = cid_of_value("another clip")
    found = told(planned(*CHAIN, inputs={"clip": other}), planned(*CHAIN))
    assert [one.reason for one in found.values()] == ["nothing changed"] * 3 + ["input changed"]
    assert found["both"].changes == (Change("input", "clip", cid_of_value("clip"), other),)
    assert found["both"].cause is None


def test_a_step_between_two_others(planned: Planned):
    steps = [
        *CHAIN[:2],
        ("more", "EFFECT", "tint", {"effect": "hue"}),
        ("soft", "EFFECT", "more", CHAIN[2][3]),
        CHAIN[3],
    ]
    found = told(planned(*steps), planned(*CHAIN))
    assert found["more"].reason == "new"
    assert found["soft"].detail == "it reads `more` in the place of `tint`"
    assert (found["soft"].cause, found["both"].cause) == ("more", "more")


def test_a_step_that_was_renamed_is_the_same(planned: Planned):
    renamed = [CHAIN[0], ("colour", *CHAIN[1][1:]), ("soft", "EFFECT", "colour", CHAIN[2][3]), CHAIN[3]]
    assert {one.reason for one in compare(planned(*renamed), planned(*CHAIN))} == {"nothing changed"}


def test_another_type_and_another_effect(planned: Planned):
    found = told(planned(*CHAIN[:2], ("soft", "SPEED", "tint", {"factor": 2.0}), CHAIN[3]), planned(*CHAIN))
    assert found["soft"].changes == (Change("type", "type", "EFFECT", "SPEED"),)
    found = told(planned(*CHAIN[:2], ("soft", "EFFECT", "tint", {"effect": "hue"}), CHAIN[3]), planned(*CHAIN))
    assert {one.name for one in found["soft"].changes} == {"effect", "sigma", "degrees"}
    assert "implementation" not in {one.kind for one in found["soft"].changes}


def test_another_delivery(planned: Planned):
    found = told(planned(*CHAIN, delivery=Delivery(crf=30)), planned(*CHAIN))
    assert [one.reason for one in found.values()] == ["nothing changed"] * 3 + ["parameter changed"]
    assert [(one.kind, one.name, one.after) for one in found["both"].changes] == [("delivery", "crf", 30)]
    found = told(planned(*CHAIN, output="soft"), planned(*CHAIN))
    assert found["soft"].detail == "it is now the output"


def test_other_code(planned: Planned):
    now = planned(*CHAIN)
    old = cid_of_value("older code")
    steps = tuple(
        msgspec.structs.replace(step, identity=old, cache_id=cid_of_value(step.step_id))
        if step.step_id in ("tint", "soft", "both") and step.type == "EFFECT"
        else step
        for step in now.steps
    )
    before = msgspec.structs.replace(now, steps=steps)
    (tint,) = [step for step in now.steps if step.step_id == "tint"]
    found = told(now, before, **{old: "effects hue 1", tint.identity: "effects hue 2"})
    assert found["tint"].reason == "implementation changed"
    assert found["tint"].detail == "the code of `hue` was effects hue 1, now effects hue 2"
    same = told(now, before, **{old: "effects hue 1", tint.identity: "effects hue 1"})["tint"].changes[0]
    assert same.before != same.after, "the same version, and yet another code"


def test_another_engine(planned: Planned):
    now = planned(*CHAIN)
    steps = tuple(msgspec.structs.replace(step, cache_id=cid_of_value(step.step_id)) for step in now.steps)
    found = told(now, msgspec.structs.replace(now, steps=steps))
    assert found["part"].reason == "implementation changed"
    assert "engine" in found["part"].detail


def test_other_beats(planned: Planned):
    steps = (("rhythm", "ANALYZE", "audio", {"features": ["beats"]}), ("cut", "BEAT_SYNC", "video rhythm", {}))
    song = {"audio": cid_of_value("another song")}
    beats = {"rhythm": Analysis(cid_of_value("other"), {"beats": [1.0, 3.0, 8.0]})}
    now, before = planned(*steps, inputs=song, analyses=beats), planned(*steps)
    found = told(now, before)
    assert found["rhythm"].reason == "input changed"
    assert (found["cut.retime"].reason, found["cut.retime"].cause) == ("input changed", "rhythm")
    assert "follows what `rhythm` found" in found["cut.retime"].detail
    assert found["cut"].cause == "rhythm"


def test_long_values_are_told_in_few_words(planned: Planned):
    def mapped(seconds: float) -> Plan:
        pieces = [[0.1 * k, 0.1 * (k + 1), seconds * k, seconds * (k + 1)] for k in range(40)]
        return planned(("slow", "RETIME", "video", {"pieces": pieces, "fps": [25, 1]}))

    found = told(mapped(0.1), mapped(0.05))["slow"]
    assert found.changes == (Change("parameter", "pieces", "40 values", "40 values"),)
    assert found.detail == "`pieces` has other values"


steps_of_chains = st.lists(
    st.tuples(st.sampled_from(["hue", "blur", "speed"]), st.sampled_from([1.0, 2.0, 3.0]), st.integers(0, 5)),
    min_size=1,
    max_size=6,
)


def graph(chosen: list[tuple[str, float, int]]) -> list[tuple[Any, ...]]:
    """A recipe in which each step reads some step before it, or the input, and a last one reads them all."""
    made: list[tuple[Any, ...]] = []
    for number, (kind, value, source) in enumerate(chosen):
        reads = f"s{source % number}" if number and source else "video"
        config = {"hue": {"effect": "hue", "degrees": value}, "blur": {"effect": "blur", "sigma": value}}
        is_speed = kind == "speed"
        made.append(
            (f"s{number}", "SPEED" if is_speed else "EFFECT", reads, {"factor": value} if is_speed else config[kind])
        )
    return [*made, ("all", "SEQUENCE", " ".join(f"s{n}" for n in range(len(made))), {})]


@given(old=steps_of_chains, new=steps_of_chains, other_input=st.booleans())
def test_every_difference_is_real_and_leads_back_to_a_change_of_its_own(
    planned: Planned, old: list[Any], new: list[Any], other_input: bool
):
    before = planned(*graph(old))
    now = planned(*graph(new), inputs={"video": cid_of_value("other")} if other_input else None)
    found = told(now, before)
    computed = {step.cache_id for step in before.steps}
    assert list(found) == [step.step_id for step in now.steps]
    for step in now.steps:
        one = found[step.step_id]
        assert (one.reason == "nothing changed") == (step.cache_id in computed)
        if one.reason == "input changed" and one.cause is None:
            assert one.changes
        if one.cause is not None:
            assert one.through in step.inputs
            assert found[one.cause].cause is None
            assert found[one.cause].reason != "nothing changed"
            assert found[one.through].cause in (one.cause, None)
    # What is stored and read again is compared as what was made.
    assert compare(plan_from_bytes(plan_bytes(now)), plan_from_bytes(plan_bytes(before))) == tuple(found.values())
    assert {one.reason for one in compare(now, now)} == {"nothing changed"}
