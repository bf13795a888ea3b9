"""What follows an analysis becomes a known curve: compact, and all that a cache id knows of the song."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from artdagd.cid import cid_of_value
from artdagd.errors import InvalidRecipe, InvalidRequest, StepFailed
from artdagd.plans.document import check_plan, plan_bytes, plan_from_bytes
from artdagd.plans.model import Analysis, Plan
from artdagd.plans.moving import smoothed
from artdagd.plans.planner import analysis_requests, live_steps, plan
from artdagd.recipes.model import Recipe
from artdagd.steps.catalogue import Catalogue

BEAT = {"beat": "rhythm", "rest": 1, "peak": 9}
ENERGY = {"energy": "rhythm", "from": 0, "to": 10}


Make = Callable[..., Any]


def moving(recipe: Make, sigma: dict[str, Any]) -> Recipe:
    made: Recipe = recipe(
        ("rhythm", "ANALYZE", "audio", {"features": ["beats", "energy"]}),
        ("soft", "EFFECT", "video", {"effect": "blur", "sigma": sigma}),
    )
    rhythm, soft = made.steps
    return msgspec.structs.replace(made, steps=(rhythm, msgspec.structs.replace(soft, follows=("rhythm",))))


@pytest.fixture
def planned(recipe: Make, binding: Make, catalogue: Catalogue) -> Callable[..., Plan]:
    """``planned(sigma, beats=…)``: a blur whose sigma follows ``rhythm``, which found these features."""
    found = {"beats": [-1.0, 0.5, 1.0, 1.5, 2.0, 99.0], "energy": {"hop": 1.0, "values": [0, 1, 0, 0.5, 0, 0, 7]}}

    def make(sigma: dict[str, Any], **features: Any) -> Plan:
        made = moving(recipe, sigma)
        analyses = {"rhythm": Analysis(cid_of_value("found"), found | features)}
        return plan(made, **binding(made, analyses=analyses), catalogue=catalogue)

    return make


@pytest.fixture
def known(recipe: Make, binding: Make, catalogue: Catalogue) -> Callable[..., Plan]:
    """The same with a sigma that needs no analysis."""

    def make(sigma: dict[str, Any]) -> Plan:
        made = recipe(("soft", "EFFECT", "video", {"effect": "blur", "sigma": sigma}))
        return plan(made, **binding(made), catalogue=catalogue)

    return make


def sigma_of(made: Plan) -> Any:
    (step,) = [step for step in made.steps if step.step_id == "soft"]
    return step.config["sigma"]


def test_the_analysis_is_asked_for(recipe: Make, binding: Make, catalogue: Catalogue) -> None:
    made = moving(recipe, BEAT)
    assert [step.id for step in live_steps(made)] == ["rhythm", "soft"]
    (request,) = analysis_requests(made, binding(made)["inputs"], {}, catalogue)
    assert request.step_id == "rhythm"


def test_pulses_are_those_that_a_picture_sees(planned: Callable[..., Plan]) -> None:
    assert sigma_of(planned(BEAT)) == {
        "pulses": [0.5, 1.0, 1.5, 2.0], "rest": 1.0, "peak": 9.0, "attack": 0.0, "decay": 0.25,
    }  # fmt: skip
    assert sigma_of(planned(BEAT | {"every": 2, "offset": 0.1, "decay": 2}))["pulses"] == [-0.9, 1.1, 2.1]
    assert sigma_of(planned(BEAT, beats=[])) == 1.0


def test_a_curve_is_brought_to_the_values_asked_for(planned: Callable[..., Plan]) -> None:
    least, most = 0, 10
    made = sigma_of(planned(ENERGY | {"range": [0, 1]}))
    assert (made["hop"], made["start"]) == (1.0, 0.0)
    assert made["values"] == [0, 10, 0, 5, 0, 0]
    assert max(sigma_of(planned(ENERGY, energy={"hop": 1, "values": [3, 4, 5]}))["values"]) == most
    assert min(sigma_of(planned(ENERGY, energy={"hop": 1, "values": [3, 4, 5]}))["values"]) == least
    fine = sigma_of(planned(ENERGY, energy={"hop": 0.001, "values": [i / 7 for i in range(5000)]}))
    assert fine["hop"] == 1 / 25, "no finer than the pictures"
    assert all(value == round(value, 3) for value in fine["values"])
    assert sigma_of(planned(ENERGY, energy={"hop": 1, "values": [0.2] * 9})) == 0.0
    later = sigma_of(planned(ENERGY | {"range": [0, 1], "offset": 1}))
    assert later["values"][:4] == [0, 0, 10, 0]


@given(st.lists(st.floats(0, 1), min_size=1, max_size=40), st.integers(0, 9))
def test_smoothing_moves_nothing_and_stays_between(values: list[float], reach: int) -> None:
    there = smoothed(values, reach)
    assert len(there) == len(values)
    assert smoothed(values[::-1], reach)[::-1] == pytest.approx(there)
    assert min(values) - 1e-9 <= min(there) <= max(there) <= max(values) + 1e-9


@pytest.mark.parametrize(
    ("sigma", "features", "message"),
    [
        (BEAT | {"beat": "soft"}, {}, "'soft' is not an ANALYZE step"),
        (BEAT, {"beats": {"hop": 1, "values": [1]}}, "Give from and to"),
        (ENERGY, {"energy": [1, 2]}, "sigma follows energy, a list of times. Give rest and peak"),
        (ENERGY, {"energy": 120}, "neither a list of times nor a curve"),
        ({"energy.low": "rhythm", "from": 0, "to": 1}, {"energy": {"hgih": 1, "low2": 1}}, "did you mean 'low2'?"),
        (ENERGY, {"energy": {"low": {"hop": 1, "values": [1]}}}, "energy.low"),
        (BEAT | {"rest": "x"}, {}, "expected a number"),
    ],
)
def test_what_does_not_fit_is_refused(
    planned: Callable[..., Plan], sigma: dict[str, Any], features: dict[str, Any], message: str
) -> None:
    with pytest.raises(InvalidRecipe) as caught:
        planned(sigma, **features)
    assert message in f"{caught.value.detail} {caught.value.advice}"
    assert caught.value.faults[0].loc.startswith("steps.soft.config.sigma")


def test_an_analyzer_that_gives_no_numbers_is_blamed(planned: Callable[..., Plan]) -> None:
    for features in ({"beats": ["x"]}, {"beats": [None]}):
        with pytest.raises(StepFailed, match="not a number"):
            planned(BEAT, **features)
    with pytest.raises(StepFailed, match="hop"):
        planned(ENERGY, energy={"hop": 0, "values": [1]})


def test_planned_twice_it_is_the_same_and_another_song_with_the_same_beats_renders_nothing_again(
    planned: Callable[..., Plan],
) -> None:
    for sigma in (BEAT, ENERGY, ENERGY | {"smooth": 4}):
        assert plan_bytes(planned(sigma)) == plan_bytes(planned(sigma))
    shifted = planned(BEAT, energy={"hop": 1.0, "values": [1]})
    one, other = ({step.step_id: step.cache_id for step in made.steps}["soft"] for made in (planned(BEAT), shifted))
    assert one == other


def test_a_plan_from_outside_is_checked(
    recipe: Make, binding: Make, catalogue: Catalogue, planned: Callable[..., Plan], known: Callable[..., Plan]
) -> None:
    facts = binding(moving(recipe, BEAT))["facts"]
    for sigma in (BEAT, ENERGY, {"keyframes": [[0, 1], [2, 5, "in"]]}):
        recipe_plan = planned(sigma) if "keyframes" not in sigma else known(sigma)
        again = plan_from_bytes(plan_bytes(recipe_plan))
        assert check_plan(again, catalogue, "", facts) == recipe_plan
    made = planned(BEAT)
    for wrong in ({"pulses": [2, 1], "rest": 0, "peak": 1}, BEAT, {"values": [1], "hop": -1}):
        steps = tuple(
            msgspec.structs.replace(step, config=step.config | {"sigma": wrong}) if step.step_id == "soft" else step
            for step in made.steps
        )
        with pytest.raises(InvalidRequest):
            check_plan(msgspec.structs.replace(made, steps=steps), catalogue, "", facts)


def test_a_curve_that_is_written_out_needs_no_analysis(known: Callable[..., Plan]) -> None:
    made = known({"keyframes": [[0, 1], [2, 5, "in"]]})
    assert sigma_of(made) == {"keyframes": [[0.0, 1.0, "linear"], [2.0, 5.0, "in"]]}
    names = {step.cache_id for step in made.steps}
    others = [known({"keyframes": [[0, 1], [2, 5, ease]]}) for ease in ("linear", "out")]
    assert not names & set(itertools.chain(*({step.cache_id for step in other.steps} for other in others)))
