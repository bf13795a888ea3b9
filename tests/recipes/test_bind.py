"""Params of a run: what is given is checked, what is not has its default."""

from __future__ import annotations

from typing import Any

import pytest

from artdagd.errors import InvalidRecipe
from artdagd.recipes.bind import bind_params, resolve
from artdagd.recipes.model import Recipe, RecipeParam
from artdagd.work import Delivery


def recipe(**params: RecipeParam) -> Recipe:
    return Recipe("r", "1", "", {}, params, (), "out", Delivery())


def test_defaults_stand_where_nothing_is_given() -> None:
    what = recipe(a=RecipeParam("number", 1.5), b=RecipeParam("boolean", False), c=RecipeParam("integer"))
    assert bind_params(what, {"c": 2.0}) == {"a": 1.5, "b": False, "c": 2}
    assert isinstance(bind_params(what, {"c": 2.0})["c"], int)


@pytest.mark.parametrize(
    ("param", "value", "message"),
    [
        (RecipeParam("number"), None, "no default and no value was given; give a number"),
        (RecipeParam("number"), "5", "expected a number, got '5'"),
        (RecipeParam("number"), True, "expected a number, got true"),
        (RecipeParam("number"), float("nan"), "not a number that can be used"),
        (RecipeParam("number"), float("inf"), "not a number that can be used"),
        (RecipeParam("number"), 10**400, "not a number that can be used"),
        (RecipeParam("integer"), 2.5, "expected an integer, got 2.5"),
        (RecipeParam("integer", minimum=3), 2, "2 is less than the minimum 3"),
        (RecipeParam("number", maximum=3), 3.5, "3.5 is more than the maximum 3"),
        (RecipeParam("boolean"), 1, "expected a boolean, got 1"),
        (RecipeParam("string"), 1, "expected a string, got 1"),
        (RecipeParam("string"), ["a"], "expected a string, got a list"),
        (RecipeParam("string"), "a\0b", "control or text-direction"),
        (RecipeParam("string"), "a\u202eb", "control or text-direction"),
        (RecipeParam("string"), "a" * 5000, "the most is 4096"),
        (RecipeParam("string", choices=("a", "b")), "c", "'c' is not one of 'a', 'b'"),
    ],
)
def test_a_wrong_value_is_refused(param: RecipeParam, value: Any, message: str) -> None:
    with pytest.raises(InvalidRecipe) as caught:
        bind_params(recipe(p=param), {"p": value})
    (fault,) = caught.value.faults
    assert fault.loc == "params.p"
    assert message in fault.msg


def test_all_wrong_values_are_told_and_unknown_names_get_the_nearest() -> None:
    with pytest.raises(InvalidRecipe) as caught:
        bind_params(recipe(speed=RecipeParam("number", 1), size=RecipeParam("integer")), {"sped": 2})
    assert [fault.loc for fault in caught.value.faults] == ["params.sped", "params.size"]
    assert "did you mean 'speed'?" in caught.value.faults[0].msg


def test_references_are_replaced_at_any_depth() -> None:
    config = {"a": "$params.x", "b": ["$params.y", {"c": "$params.x"}], "d": "price $params.x", "e": 1}
    found = resolve(config, {"x": 3, "y": "$params.x"})
    assert found == {"a": 3, "b": ["$params.x", {"c": 3}], "d": "price $params.x", "e": 1}
    with pytest.raises(InvalidRecipe, match="did you mean 'size'"):
        resolve({"a": "$params.sizes"}, {"size": 3})
