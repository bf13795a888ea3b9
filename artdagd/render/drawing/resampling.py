"""Pictures sampled between their pixels, with Pillow's cubic filters: they take the mean where they make smaller, and
their sums are of whole numbers, or of doubles in a fixed order: the same everywhere.

Chroma that stands for two columns lies on the left one of them (as MPEG-2 and all its successors have it by default),
and in the middle of two rows. A place is given in pixels from the upper left corner of the picture, so the middle of
the first pixel is (0.5, 0.5).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, cos, radians, sin

import numpy
from PIL import Image

from artdagd.render.drawing.planes import Plane

RING = 2
"""Pixels of background around a turned picture, so that its edge is smooth."""


def window(
    planes: Sequence[Plane],
    divisors: Sequence[tuple[int, int]],
    box: tuple[float, float, float, float],
    size: tuple[int, int],
) -> list[Plane]:
    """The rectangle ``box`` (left, top, right, bottom), which lies within the picture, as a picture of ``size``
    (columns, rows)."""
    made = []
    for plane, (across, down) in zip(planes, divisors, strict=True):
        rows, columns = plane.shape
        left, top, right, bottom = box[0] / across, box[1] / down, box[2] / across, box[3] / down
        wide, high = -(-size[0] // across), -(-size[1] // down)
        if across > 1:
            shift = 0.25 * (1 - (right - left) / wide)
            left, right = left + shift, right + shift
        # Whole pixels of the same size are cut out: to resample them gives the same, and takes long.
        if left.is_integer() and right - left == wide:
            plane, left, right, columns = plane[:, int(left) : int(right)], 0.0, float(wide), wide
        if top.is_integer() and bottom - top == high:
            plane, top, bottom, rows = plane[int(top) : int(bottom)], 0.0, float(high), high
        inside = (max(0.0, left), max(0.0, top), min(float(columns), right), min(float(rows), bottom))
        image = Image.fromarray(numpy.ascontiguousarray(plane))
        made.append(numpy.asarray(image.resize((wide, high), Image.Resampling.BICUBIC, box=inside)))
    return made


@dataclass(frozen=True)
class Turn:
    """Where a picture goes: turned by ``degrees`` clockwise about its centre and made ``scale`` times as large, with
    its centre at ``x``, ``y`` of a canvas of ``width`` x ``height`` pixels."""

    degrees: float
    scale: float
    x: float
    y: float
    width: int
    height: int


def turned(
    planes: Sequence[Plane], divisors: Sequence[tuple[int, int]], turn: Turn, background: Sequence[int]
) -> list[Plane]:
    """The picture on its canvas, which is of the colour ``background`` (a number for each plane) elsewhere."""
    rows, columns = planes[0].shape
    # Rounded, because libraries differ in the last digit.
    along, aslant = round(cos(radians(turn.degrees)), 12), round(sin(radians(turn.degrees)), 12)
    # Source place = matrix (canvas place - centre) + centre of the source.
    matrix = (along / turn.scale, aslant / turn.scale, -aslant / turn.scale, along / turn.scale)
    made = []
    for plane, (across, down), colour in zip(planes, divisors, background, strict=True):
        image = Image.fromarray(numpy.ascontiguousarray(plane))
        high, wide = plane.shape
        if turn.scale < 1:  # made small first, with a filter as wide as that takes
            image = image.resize((ceil(wide * turn.scale), ceil(high * turn.scale)), Image.Resampling.BICUBIC)
        ground = Image.new("L", (image.width + 2 * RING, image.height + 2 * RING), colour)
        ground.paste(image, (RING, RING))
        # The canvas place (X, Y) of this plane's place (u, v) is (across * u - left, down * v).
        left, inset = (0.5, 0.25) if across > 1 else (0.0, 0.0)
        shrunk = image.width / wide, image.height / high
        a, b, d, e = matrix
        c = columns / 2 + a * (-left - turn.x) + b * -turn.y
        f = rows / 2 + d * (-left - turn.x) + e * -turn.y
        to_x, to_y = shrunk[0] / across, shrunk[1] / down
        coefficients = (
            to_x * a * across, to_x * b * down, to_x * c + inset * shrunk[0] + RING,
            to_y * d * across, to_y * e * down, to_y * f + RING,
        )  # fmt: skip
        canvas = (-(-turn.width // across), -(-turn.height // down))
        method, cubic = Image.Transform.AFFINE, Image.Resampling.BICUBIC
        made.append(numpy.asarray(ground.transform(canvas, method, coefficients, cubic, fillcolor=colour)))
    return made
