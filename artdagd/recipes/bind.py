"""Params: a run's values checked against what a recipe declares, and put where a config says ``$params.NAME``."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

from artdagd.errors import Fault, InvalidRecipe
from artdagd.recipes.model import Recipe, RecipeParam
from artdagd.steps.suggest import quote, unknown

PREFIX = "$params."
LONGEST_STRING = 4096

UNSAFE = re.compile(
    "[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\ufffe\uffff\ud800-\udfff]"
)
"""Characters that no text of a recipe may have: controls but tab and line ends, hidden line breaks, and those that
reorder what a reader sees (Unicode bidirectional embeddings, overrides and isolates; CVE-2021-42574)."""


def bind_params(recipe: Recipe, given: Mapping[str, Any]) -> dict[str, Any]:
    """Every param of ``recipe`` with its value: the one given, else its default, in the order of the recipe.

    ``2.0`` becomes ``2`` where the param is an ``integer``. Raises InvalidRecipe
    that lists every value which is unknown, missing, of another type, out of range, or not one of the choices.
    """
    faults = [
        Fault(f"params.{name}", unknown("param", name, recipe.params)) for name in given if name not in recipe.params
    ]
    values: dict[str, Any] = {}
    for name, param in recipe.params.items():
        value = given.get(name)
        try:
            values[name] = checked(param, param.default if value is None else value)
        except ValueError as error:
            faults.append(Fault(f"params.{name}", f"param {name!r}: {error}"))
    if faults:
        raise InvalidRecipe("; ".join(fault.msg for fault in faults[:8]), faults=faults)
    return values


def checked(param: RecipeParam, value: Any) -> Any:
    """``value`` as ``param`` takes it. Raises ValueError that says what is wrong and what would be right."""
    value = _typed(param, value)
    if param.choices is not None and value not in param.choices:
        raise ValueError(f"{quote(value)} is not one of {', '.join(quote(choice) for choice in param.choices)}")
    if param.minimum is not None and value < param.minimum:
        raise ValueError(f"{quote(value)} is less than the minimum {param.minimum:g}")
    if param.maximum is not None and value > param.maximum:
        raise ValueError(f"{quote(value)} is more than the maximum {param.maximum:g}")
    return value


def resolve(config: Any, params: Mapping[str, Any]) -> Any:
    """``config`` with every string ``$params.NAME``, at any depth, replaced by that param's value.

    Raises InvalidRecipe for a name that is not in ``params``.
    """
    if isinstance(config, dict):
        return {key: resolve(item, params) for key, item in config.items()}
    if isinstance(config, list | tuple):
        return [resolve(item, params) for item in config]
    if isinstance(config, str) and config.startswith(PREFIX):
        name = config.removeprefix(PREFIX)
        if name not in params:
            message = unknown("param", name, params)
            raise InvalidRecipe(message, advice="Declare it under params.", faults=[Fault(f"params.{name}", message)])
        return params[name]
    return config


def _typed(param: RecipeParam, value: Any) -> Any:
    if value is None:
        raise ValueError(f"it has no default and no value was given; give a {param.type}")
    if param.type == "boolean" and isinstance(value, bool):
        return value
    if param.type == "string" and isinstance(value, str):
        if len(value) > LONGEST_STRING:
            raise ValueError(f"it has {len(value)} characters, and the most is {LONGEST_STRING}")
        if UNSAFE.search(value):
            raise ValueError("it has a control or text-direction character")
        return value
    if param.type in ("number", "integer") and isinstance(value, int | float) and not isinstance(value, bool):
        return _number(param, value)
    raise ValueError(f"expected a {param.type}, got {quote(value)}")


def _number(param: RecipeParam, value: int | float) -> int | float:
    # An int beyond 64 bits has no float, or no place in a plan.
    if not math.isfinite(value) if isinstance(value, float) else not -(2**63) <= value < 2**63:
        raise ValueError("it is not a number that can be used")
    if param.type == "number":
        return value + 0.0 if isinstance(value, float) else value
    if value != int(value):
        raise ValueError(f"expected an integer, got {quote(value)}")
    return int(value)
