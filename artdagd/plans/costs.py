"""What it costs to compute a step's result once more, and what to keep it: figures by which planning decides.

Nanoseconds of one core for a pixel, as measured on 720p footage with a camera's noise (``python -m benchmarks costs``).
Only their order matters: they tell a hue from a wall of echoes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import inf

import msgspec

from artdagd.plans.model import ConcreteStep
from artdagd.plans.shapes import Shape
from artdagd.steps.catalogue import Catalogue
from artdagd.steps.types import Access

SOURCE = 8.0
"""Decoding a recipe input: H.264 of good quality."""

ENCODE = 4.0
"""Encoding a lossless intermediate."""

DECODE = 4.0
"""Decoding a lossless intermediate."""

MOVED = 0.5
"""Whole pixels moved about."""

RESAMPLED = 14.0
"""Pixels found between those of a picture, in rows and columns."""


class Work(msgspec.Struct, frozen=True):
    """What a step's whole result takes, or a recipe input's: ``frames``, their ``pixels`` together, ``cost``
    (nanoseconds) to make them from the step's inputs, or to decode the input. ``access`` is how the step reads, and
    ``remembers`` says that a frame may depend on all before it."""

    frames: int
    pixels: float
    cost: float
    access: Access = "frame"
    remembers: bool = False

    @property
    def encode(self) -> float:
        """Nanoseconds to store the result."""
        return self.pixels * ENCODE

    @property
    def decode(self) -> float:
        """Nanoseconds to read the stored result."""
        return self.pixels * DECODE


NOTHING = Work(0, 0.0, 0.0)
"""Data: no pixels to make."""


def works(steps: Sequence[ConcreteStep], shapes: Mapping[str, Shape], catalogue: Catalogue) -> dict[str, Work]:
    """The work of each step and of each recipe input, of which those that are media are in ``shapes``."""
    found = {name: _source(shape) for name, shape in shapes.items()}
    for step in steps:
        found.update((name, NOTHING) for name in step.inputs if name not in found)
        if step.step_id in shapes:
            found[step.step_id] = _work(step, shapes[step.step_id], catalogue)
    return found


def goes_back(retime: ConcreteStep) -> bool:
    """Whether the time map of a RETIME shows something earlier than what it showed before."""
    last = 0.0
    for _, _, begin, end in retime.config["pieces"]:
        if begin < last or end < begin:
            return True
        last = end
    return False


def _source(shape: Shape) -> Work:
    pixels = _pixels(shape)
    return Work(shape.frames, pixels, pixels * SOURCE)


def _work(step: ConcreteStep, shape: Shape, catalogue: Catalogue) -> Work:
    kind, pixels = catalogue.step_types[step.type], _pixels(shape)
    if step.type == "EFFECT":
        effect = catalogue.effects[step.config["effect"]]
        return Work(shape.frames, pixels, pixels * effect.cost, kind.access, effect.remembers)
    access = "random" if step.type == "RETIME" and goes_back(step) else kind.access
    return Work(shape.frames, pixels, pixels * min(kind.cost, _most(step)), access)


def _most(step: ConcreteStep) -> float:
    """Nanoseconds a pixel that a step takes at most, by its config: whole pixels are moved, and pixels in rows and
    columns are found, in less time than those of a picture that is turned."""
    config = step.config
    if step.type == "CROP" and all(config.get(key) is None or _even(config[key]) for key in "xy"):
        return MOVED
    if step.type == "TRANSFORM" and config.get("rotate", 0) == 0:
        still = (config.get("scale", 1), config.get("x", 0), config.get("y", 0)) == (1, 0, 0)
        return MOVED if still else RESAMPLED
    return inf


def _even(place: object) -> bool:
    return isinstance(place, int | float) and place % 2 == 0


def _pixels(shape: Shape) -> float:
    return float(shape.width * shape.height * shape.frames)
