"""A short run of the recipe fuzz. The long one is `make fuzz-recipes`."""

from __future__ import annotations

import pytest
from fuzz.recipes import outcome, text, tried


@pytest.mark.parametrize("count", [300, pytest.param(20_000, marks=pytest.mark.slow)])
def test_mutants_are_recipes_or_refused_with_a_place(count: int):
    counts, findings = tried(7, 0, count)
    assert findings == []
    assert counts.total() == count
    assert min(counts["a recipe"], counts["refused"]) > count / 50


def test_a_mutant_is_the_same_whenever_it_is_made():
    made = [text(3, number) for number in range(60)]
    assert made == [text(3, number) for number in range(60)]
    assert len(set(made)) > 50


def test_what_is_no_recipe_error_is_a_finding(monkeypatch: pytest.MonkeyPatch):
    def broken(*_: object) -> None:
        raise KeyError("x")

    monkeypatch.setattr("fuzz.recipes.parse_recipe", broken)
    assert outcome(b"name: x").startswith("FINDING KeyError")
