"""Shapes of the steps that make a picture of sound."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from artdagd.plans.model import ConcreteStep
from artdagd.plans.shapes import Rule, Shape, frames_in, rate, seconds_of
from artdagd.steps.numbers import even


def _scope(step: ConcreteStep, inputs: Sequence[Shape]) -> Shape:
    sound, config, fps = inputs[0].audio or 0.0, step.config, rate(step, step.config["fps"])
    duration = seconds_of(max(1, frames_in(sound, fps)), fps)
    return Shape(duration, fps, even(config["width"]), even(config["height"]), sound)


RULES: Mapping[str, Rule] = {"WAVEFORM": _scope, "SPECTRUM": _scope}
