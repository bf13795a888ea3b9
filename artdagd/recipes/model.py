"""A recipe, checked: every step known, every reference resolved, every config valid."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from artdagd.work import Delivery

InputType = Literal["video", "audio", "media", "image", "data"]
"""``image`` is a still; ``data`` is text, such as a colour look-up table or subtitles."""
ParamType = Literal["number", "integer", "string", "boolean"]


class RecipeInput(msgspec.Struct, frozen=True):
    type: InputType
    description: str = ""
    required: bool = True


class RecipeParam(msgspec.Struct, frozen=True):
    """A value that a run may set. ``$params.NAME`` in a step's config stands for it."""

    type: ParamType
    default: Any = None
    description: str = ""
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[Any, ...] | None = None


class RecipeStep(msgspec.Struct, frozen=True):
    """``config`` is as written (``$params.x`` unresolved); ``inputs`` name steps or recipe inputs;
    ``follows`` are the ANALYZE steps that its config names, after which parameters move."""

    id: str
    type: str
    inputs: tuple[str, ...]
    config: dict[str, Any]
    keep: bool = False
    follows: tuple[str, ...] = ()


class Recipe(msgspec.Struct, frozen=True):
    """``steps`` are in topological order; among steps that are ready at once, in the order of the text."""

    name: str
    version: str
    description: str
    inputs: dict[str, RecipeInput]
    params: dict[str, RecipeParam]
    steps: tuple[RecipeStep, ...]
    output: str
    delivery: Delivery
