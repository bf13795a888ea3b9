"""Shapes of the steps that change the picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from artdagd.plans.model import ConcreteStep
from artdagd.plans.shapes import Rule, Shape
from artdagd.steps.sizes import sized


def _resize(step: ConcreteStep, inputs: Sequence[Shape]) -> Shape:
    source, config = inputs[0], step.config
    width, height = sized(source.width, source.height, config.get("width"), config.get("height"), config.get("fit"))
    return msgspec.structs.replace(source, width=width, height=height)


RULES: Mapping[str, Rule] = {"RESIZE": _resize}
