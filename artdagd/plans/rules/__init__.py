"""What each step type makes of the shapes of its inputs. A module for each family of steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from artdagd.plans.faults import wrong_step
from artdagd.plans.model import ConcreteStep
from artdagd.plans.ports import expand_ports
from artdagd.plans.rules import compositing, geometry, making, picture, scopes, sound, time
from artdagd.plans.shapes import Rule, Shape, heard, no_picture, synced
from artdagd.steps.primitives import STEP_TYPES
from artdagd.steps.types import Port

MAX_DURATION = 86_400
"""Seconds that a step's result may last: a day."""

MAX_SIDE = 16_384
"""Pixels that a picture's side may have, as libavcodec's H.264 has it."""

PORTS: Mapping[str, tuple[Port, ...]] = {kind.name: kind.ports for kind in STEP_TYPES}

RULES: Mapping[str, Rule] = {
    **time.RULES,
    **picture.RULES,
    **geometry.RULES,
    **making.RULES,
    **compositing.RULES,
    **sound.RULES,
    **scopes.RULES,
}


def step_shape(step: ConcreteStep, inputs: Sequence[Shape]) -> Shape:
    """The shape that a concrete ``step`` gives from ``inputs``, which have gone through ``check_port``.

    A step type that is not named here keeps the shape of its first input. Picture lasts a whole number of frames, as
    it does when rendered. Raises InvalidRecipe if the step would have nothing to show, or more than ``MAX_DURATION`` or
    ``MAX_SIDE``.
    """
    ports = expand_ports(step.step_id, PORTS[step.type], len(inputs))
    for name, shape, port in zip(step.inputs, inputs, ports, strict=True):
        if port.carries == "media" and not shape.has_picture:
            raise no_picture(step.step_id, name)
    rule = RULES.get(step.type)
    inputs = [
        heard(shape) if port.carries == "audio" else synced(shape) for shape, port in zip(inputs, ports, strict=True)
    ]
    shape = inputs[0] if rule is None else rule(step, inputs)
    if shape.duration > MAX_DURATION:
        problem = f"it would last {shape.duration:g} s, and the most is {MAX_DURATION} s"
        raise wrong_step(step.step_id, "config", problem, "Make it shorter.")
    if max(shape.width, shape.height) > MAX_SIDE:
        problem = f"its picture would be {shape.width}x{shape.height}, and the most is {MAX_SIDE} a side"
        raise wrong_step(step.step_id, "config", problem, "Make it smaller.")
    return shape
