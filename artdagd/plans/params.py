"""Params: the values of a run, checked against the recipe, and put where a config says ``$params.NAME``."""

from __future__ import annotations

import difflib
import math
from collections.abc import Mapping
from typing import Any

from artdagd.errors import InvalidRecipe
from artdagd.plans.faults import wrong_param
from artdagd.recipes.model import Recipe, RecipeParam

PREFIX = "$params."

_TYPES: Mapping[str, tuple[type, ...]] = {
    "number": (int, float),
    "integer": (int,),
    "string": (str,),
    "boolean": (bool,),
}


def bind_params(recipe: Recipe, given: Mapping[str, Any]) -> dict[str, Any]:
    """Every param of ``recipe`` with its value: the one given, else the default.

    Raises InvalidRecipe if a value is unknown, missing, of another type, out of range, or not one of the choices.
    """
    for name in given:
        if name not in recipe.params:
            near = difflib.get_close_matches(name, recipe.params, 1)
            known = ", ".join(recipe.params) or "none"
            advice = f"Did you mean {near[0]!r}?" if near else f"The recipe's params are: {known}."
            raise wrong_param(name, "the recipe has no such param", advice)
    return {name: _checked(name, param, given.get(name, param.default)) for name, param in recipe.params.items()}


def fill_in(value: Any, params: Mapping[str, Any]) -> Any:
    """``value`` with every string ``$params.NAME`` in it, at any depth, replaced by the value of that param."""
    if isinstance(value, dict):
        return {key: fill_in(item, params) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [fill_in(item, params) for item in value]
    if isinstance(value, str) and value.startswith(PREFIX):
        name = value.removeprefix(PREFIX)
        if name not in params:
            raise InvalidRecipe(
                f"{value} is used, and the recipe has no param {name!r}.", advice="Declare it in params."
            )
        return params[name]
    return value


def _checked(name: str, param: RecipeParam, value: Any) -> Any:
    if value is None:
        raise wrong_param(name, "it has no default and no value was given", f"Give a {param.type}.")
    if not isinstance(value, _TYPES[param.type]) or (isinstance(value, bool) and param.type != "boolean"):
        raise wrong_param(name, f"{value!r} is not a {param.type}", f"Give a {param.type}.")
    if isinstance(value, float) and not math.isfinite(value):
        raise wrong_param(name, f"{value!r} is not a finite number", "Give a finite number.")
    if param.choices is not None and value not in param.choices:
        raise wrong_param(name, f"{value!r} is not one of the choices", f"Choose from {list(param.choices)!r}.")
    if isinstance(value, int | float) and not isinstance(value, bool):
        if param.minimum is not None and value < param.minimum:
            raise wrong_param(name, f"{value!r} is less than {param.minimum:g}", f"Give at least {param.minimum:g}.")
        if param.maximum is not None and value > param.maximum:
            raise wrong_param(name, f"{value!r} is more than {param.maximum:g}", f"Give at most {param.maximum:g}.")
    return value
