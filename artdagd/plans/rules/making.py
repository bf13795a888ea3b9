"""Shapes of the steps that make pictures and sound where there were none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from artdagd.plans.model import ConcreteStep
from artdagd.plans.shapes import Rule, Shape, even, frames_in, rate, seconds_of
from artdagd.steps.sizes import still


def _image(step: ConcreteStep, inputs: Sequence[Shape]) -> Shape:
    config, fps = step.config, rate(step, step.config["fps"])
    width, height = still(inputs[0].width, inputs[0].height, config.get("width"), config.get("height"))
    return Shape(seconds_of(max(1, frames_in(config["duration"], fps)), fps), fps, width, height, None)


def _generate(step: ConcreteStep, inputs: Sequence[Shape]) -> Shape:
    config, fps = step.config, rate(step, step.config["fps"])
    duration = seconds_of(max(1, frames_in(config["duration"], fps)), fps)
    sound = None if config["sound"] == "none" else duration
    return Shape(duration, fps, even(config["width"]), even(config["height"]), sound)


RULES: Mapping[str, Rule] = {"IMAGE": _image, "GENERATE": _generate}
