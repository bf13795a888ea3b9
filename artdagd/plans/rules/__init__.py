"""What each step type makes of the shapes of its inputs. A module for each family of steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from artdagd.plans.faults import wrong_step
from artdagd.plans.model import ConcreteStep
from artdagd.plans.rules import picture, sound, time
from artdagd.plans.shapes import Rule, Shape, no_picture, synced

MAX_DURATION = 86_400
"""Seconds that a step's result may last: a day."""

MAX_SIDE = 16_384
"""Pixels that a picture's side may have, as libavcodec's H.264 has it."""

SOUND_TOO = frozenset({"SEGMENT", "SPEED", "SEQUENCE"})
"""Steps that also work on sound alone."""

RULES: Mapping[str, Rule] = {**time.RULES, **picture.RULES, **sound.RULES}


def step_shape(step: ConcreteStep, inputs: Sequence[Shape]) -> Shape:
    """The shape that a concrete ``step`` gives from ``inputs``, which have gone through ``check_port``.

    A step type that is not named here keeps the shape of its first input. Picture lasts a whole number of frames, as
    it does when rendered. Raises InvalidRecipe if the step would have nothing to show, or more than ``MAX_DURATION`` or
    ``MAX_SIDE``.
    """
    if inputs and step.type not in SOUND_TOO and not inputs[0].has_picture:
        raise no_picture(step.step_id, step.inputs[0])
    rule = RULES.get(step.type)
    # What is played as a whole keeps its sync; MUX takes sound from its first sample on, whatever it stood beside.
    inputs = [synced(inputs[0]), *inputs[1:]] if step.type == "MUX" else [synced(shape) for shape in inputs]
    shape = inputs[0] if rule is None else rule(step, inputs)
    if shape.duration > MAX_DURATION:
        problem = f"it would last {shape.duration:g} s, and the most is {MAX_DURATION} s"
        raise wrong_step(step.step_id, "config", problem, "Make it shorter.")
    if max(shape.width, shape.height) > MAX_SIDE:
        problem = f"its picture would be {shape.width}x{shape.height}, and the most is {MAX_SIDE} a side"
        raise wrong_step(step.step_id, "config", problem, "Make it smaller.")
    return shape
