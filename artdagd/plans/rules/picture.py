"""Shapes of the steps that change the picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from artdagd.plans.model import ConcreteStep
from artdagd.plans.shapes import Rule, Shape, even


def _resize(step: ConcreteStep, inputs: Sequence[Shape]) -> Shape:
    source, width, height = inputs[0], step.config.get("width"), step.config.get("height")
    aspect = source.width / source.height
    wide = width or (height * aspect if height else source.width)
    high = height or (width / aspect if width else source.height)
    return msgspec.structs.replace(source, width=even(wide), height=even(high))


RULES: Mapping[str, Rule] = {"RESIZE": _resize}
