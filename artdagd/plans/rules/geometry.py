"""Shapes of the steps that move pixels about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from artdagd.plans.faults import wrong_step
from artdagd.plans.model import ConcreteStep
from artdagd.plans.shapes import Rule, Shape
from artdagd.steps.curves import moves
from artdagd.steps.numbers import even
from artdagd.steps.sizes import turned


def _crop(step: ConcreteStep, inputs: Sequence[Shape]) -> Shape:
    source, config = inputs[0], step.config
    made = {}
    for side, size, place, whole in (("width", "w", "x", source.width), ("height", "h", "y", source.height)):
        length, start = even(config[size]), config.get(place)
        start = 0 if start is None or moves(start) else start
        if start + length > whole:
            wanted = f"{length} pixels from {place} = {start:g} on" if start else f"{length} pixels"
            problem = f"it asks for {wanted}, and the {side} of {step.inputs[0]!r} is {whole}"
            raise wrong_step(step.step_id, f"config.{size}", problem, "Stay within the picture, or RESIZE it first.")
        made[side] = length
    return msgspec.structs.replace(source, **made)


def _transform(step: ConcreteStep, inputs: Sequence[Shape]) -> Shape:
    source, config = inputs[0], step.config
    if not config["expand"]:
        return source
    for name in ("rotate", "scale"):
        if moves(config[name]):
            problem = f"with expand, {name} can't move: all frames of a video have one size"
            raise wrong_step(step.step_id, f"config.{name}", problem, "Leave expand out, and RESIZE or pad it first.")
    width, height = turned(source.width, source.height, config["rotate"], config["scale"])
    return msgspec.structs.replace(source, width=width, height=height)


RULES: Mapping[str, Rule] = {"CROP": _crop, "TRANSFORM": _transform}
