"""Shapes of the steps that make pictures and sound where there were none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from artdagd.plans.faults import wrong_step
from artdagd.plans.model import ConcreteStep
from artdagd.plans.shapes import Rule, Shape, frames_in, rate, seconds_of
from artdagd.steps.numbers import even
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


def _text(step: ConcreteStep, inputs: Sequence[Shape]) -> Shape:
    given = bool(step.config["text"].strip()) + bool(step.config["captions"]) + len(inputs) - 1
    if given != 1:
        problem = "it has nothing to write" if not given else "it has more than one thing to write"
        raise wrong_step(step.step_id, "config", problem, "Give text, captions, or one file of subtitles as an input.")
    return inputs[0]


RULES: Mapping[str, Rule] = {"IMAGE": _image, "GENERATE": _generate, "TEXT": _text}
