"""What a recipe declares beside its steps: inputs and params."""

from __future__ import annotations

from typing import Any, get_args

import msgspec

from artdagd.recipes.bind import checked
from artdagd.recipes.document import Items, Scalar
from artdagd.recipes.model import InputType, ParamType, RecipeInput, RecipeParam
from artdagd.recipes.sections import Section, describe


def read_inputs(top: Section) -> dict[str, RecipeInput]:
    """The recipe's inputs by name. One with a fault is there all the same, so that references to it are no second."""
    inputs = {}
    for name, _, section in top.named("inputs", ("type", "description", "required")):
        type_ = section.choice("type", get_args(InputType))
        if "type" not in section.node.entries:
            section.missing("type", "video, audio, media, image or data")
        required = section.scalar("required", bool, "true or false")
        inputs[name] = RecipeInput(
            type=type_ or "media",  # type: ignore[arg-type]
            description=section.text("description"),
            required=required is None or required.value is True,
        )
    return inputs


def read_params(top: Section) -> dict[str, RecipeParam | None]:
    """The recipe's params by name; None for one with a fault."""
    params: dict[str, RecipeParam | None] = {}
    for name, at, section in top.named("params", ("type", "default", "description", "min", "max", "choices")):
        params[name] = _param(section, at)
    return params


def _param(section: Section, at: Scalar) -> RecipeParam | None:
    type_ = section.choice("type", get_args(ParamType))
    if "type" not in section.node.entries:
        section.missing("type", "number, integer, string or boolean")
    if type_ is None:
        return None
    numeric = type_ in ("number", "integer")
    bounds: list[Any] = [None, None]
    for index, key in enumerate(("min", "max")):
        node = section.scalar(key, (int, float), "a number")
        if node is not None and not numeric:
            section.wrong(key, node, f"{key}: a {type_} has no {key}")
        elif node is not None:
            bounds[index] = node.value
    low, high = bounds
    if low is not None and high is not None and low > high:
        section.wrong("min", at, f"min {low:g} is more than max {high:g}")
        return None
    bare = RecipeParam(type=type_, description=section.text("description"), minimum=low, maximum=high)  # type: ignore[arg-type]
    param = msgspec.structs.replace(bare, choices=_choices(section, bare))
    return msgspec.structs.replace(param, default=_checked(section, "default", section.get("default"), param))


def _choices(section: Section, param: RecipeParam) -> tuple[Any, ...] | None:
    node = section.get("choices")
    if node is None:
        return None
    if not isinstance(node, Items) or not node.items:
        section.wrong("choices", node, f"choices: expected a list of values, got {describe(node)}")
        return None
    found = (_checked(section, "choices", item, param) for item in node.items)
    return tuple(value for value in found if value is not None) or None


def _checked(section: Section, key: str, node: Any, param: RecipeParam) -> Any:
    if node is None:
        return None
    if not isinstance(node, Scalar) or node.value is None:
        section.wrong(key, node, f"{key}: expected a {param.type}, got {describe(node)}")
        return None
    try:
        return checked(param, node.value)
    except ValueError as error:
        section.wrong(key, node, f"{key}: {error}")
        return None
