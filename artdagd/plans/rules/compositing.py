"""Shapes of the steps that lay pictures over each other: that of their first input."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from artdagd.plans.faults import wrong_step
from artdagd.plans.model import ConcreteStep
from artdagd.plans.shapes import Rule, Shape


def _layer(step: ConcreteStep, inputs: Sequence[Shape]) -> Shape:
    base, start = inputs[0], step.config["start"]
    if start >= base.duration:
        problem = f"it starts at {start:g} s, and {step.inputs[0]!r} ends at {base.duration:g} s"
        raise wrong_step(step.step_id, "config.start", problem, f"Start before {base.duration:g} s.")
    return base


RULES: Mapping[str, Rule] = {"LAYER": _layer}
