"""Parameters that follow an ANALYZE step of the recipe."""

from __future__ import annotations

import pytest

from artdagd.errors import InvalidRecipe
from artdagd.recipes.parse import parse_recipe
from artdagd.steps.catalogue import Catalogue

TEXT = """\
name: moving
inputs:
  video: {type: video}
  song: {type: audio}
params:
  far: {type: number, default: 90, max: 360}
steps:
  - id: soft
    type: EFFECT
    inputs: [video]
    config: {effect: hue, degrees: {beat: rhythm, rest: 0, peak: $params.far}}
  - id: rhythm
    type: ANALYZE
    inputs: [song]
    config: {features: [beats]}
output: soft
"""


def test_the_analysis_is_used_and_comes_first(catalogue: Catalogue) -> None:
    recipe = parse_recipe(TEXT, catalogue)
    assert [(step.id, step.follows) for step in recipe.steps] == [("rhythm", ()), ("soft", ("rhythm",))]


@pytest.mark.parametrize(
    ("before", "after", "at", "message"),
    [
        ("beat: rhythm", "beat: rythm", (11, 43), "unknown ANALYZE step 'rythm'; did you mean 'rhythm'?"),
        ("beat: rhythm", "beat: song", (11, 43), "'song' is not an ANALYZE step; known: rhythm"),
        ("beat: rhythm", "beat: soft", (11, 43), "'soft' is not an ANALYZE step"),
        (
            "{beat: rhythm, rest: 0, peak: $params.far}",
            "{energy: rhythm, from: 0, to: 1}",
            (11, 37),
            "does not look for",
        ),
        ("beat: rhythm", "baet: rhythm", (11, 37), "did you mean 'beat'?"),
        ("rest: 0", "rest: 400", (11, 57), "<= 360.0, got 400"),
        ("default: 90, max: 360", "default: 500", (11, 66), "(from $params.far)"),
        ("hue, degrees", "hue, label", (11, 34), "label: expected a string"),
    ],
)
def test_a_fault_is_placed(catalogue: Catalogue, before: str, after: str, at: tuple[int, int], message: str) -> None:
    assert before in TEXT
    with pytest.raises(InvalidRecipe) as caught:
        parse_recipe(TEXT.replace(before, after), catalogue)
    fault = next(fault for fault in caught.value.faults if "not used" not in fault.msg)
    assert message in fault.msg
    assert (fault.line, fault.column) == at


def test_a_value_that_a_run_may_set_is_not_held_against_the_recipe(catalogue: Catalogue) -> None:
    text = TEXT.replace("default: 90, max: 360", "description: to be given").replace(
        "{beat: rhythm, rest: 0, peak: $params.far}", "{keyframes: [[0, 0], [$params.far, 5], [3, 8]]}"
    )
    with pytest.raises(InvalidRecipe) as caught:
        parse_recipe(text, catalogue)
    assert [fault.msg.partition(":")[0] for fault in caught.value.faults] == ["step 'rhythm' is not used"]
