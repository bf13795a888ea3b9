"""Pictures drawn with numbers: 8-bit planes of limited range."""

from __future__ import annotations

from collections.abc import Sequence
from math import cos, radians, sin

import numpy

from artdagd.render.drawing.colours import exact_yuv
from artdagd.render.drawing.planes import Plane, divisors
from artdagd.render.streams import Picture

BAYER = numpy.array([[0, 2], [3, 1]])
for _ in range(2):
    BAYER = numpy.block([[4 * BAYER, 4 * BAYER + 2], [4 * BAYER + 3, 4 * BAYER + 1]])
"""The order of an 8 x 8 dither (Bayer, 1973): it keeps a slow gradient free of bands, and never flickers."""


def gradient(picture: Picture, colors: Sequence[str], angle: float | None) -> list[Plane]:
    """``colors`` (#RRGGBB) at even distances from corner to corner, turned by ``angle`` degrees clockwise from left to
    right; or, if that is None, from the centre to the corners."""
    stops = numpy.array([exact_yuv(color, picture) for color in colors])
    made = []
    for number, (across, down) in enumerate(divisors(picture)):
        columns = numpy.arange(-(-picture.width // across)) * across + 0.5 - picture.width / 2
        rows = (numpy.arange(-(-picture.height // down))[:, None] + 0.5) * down - picture.height / 2
        if angle is None:
            place = numpy.sqrt(columns * columns + rows * rows)
            place = place / numpy.sqrt((picture.width * picture.width + picture.height * picture.height) / 4)
        else:  # rounded, because libraries differ in the last digit
            along, aslant = round(cos(radians(angle)), 12), round(sin(radians(angle)), 12)
            reach = abs(along) * picture.width + abs(aslant) * picture.height
            place = (columns * along + rows * aslant) / reach + 0.5
        exact = numpy.interp(place, numpy.linspace(0, 1, len(stops)), stops[:, number])
        made.append(_dithered(exact))
    return made


def checkerboard(picture: Picture, colors: Sequence[str], size: int) -> list[Plane]:
    """Squares of ``size`` pixels in two colours; the first is in the upper left corner."""
    pair = numpy.array([exact_yuv(color, picture) for color in colors])
    columns, rows = numpy.arange(picture.width) // size, numpy.arange(picture.height)[:, None] // size
    second = ((columns + rows) % 2).astype(float)
    made = []
    for number, (across, down) in enumerate(divisors(picture)):
        share = second.reshape(picture.height // down, down, picture.width // across, across).mean((1, 3))
        exact = pair[0, number] + share * (pair[1, number] - pair[0, number])
        made.append(numpy.floor(exact + 0.5).astype(numpy.uint8))
    return made


def noise(picture: Picture, seed: int, number: int, *, monochrome: bool) -> list[Plane]:
    """White noise, the same for a ``seed`` and frame ``number`` everywhere: Philox (Salmon et al., SC 2011) counts
    instead of remembering, and its raw bits are part of no version's choice."""
    bits = numpy.random.Philox(key=[seed, number])
    made = []
    for plane, (across, down) in enumerate(divisors(picture)):
        shape = (-(-picture.height // down), -(-picture.width // across))
        if plane and monochrome:
            made.append(numpy.full(shape, 128, numpy.uint8))
            continue
        count = shape[0] * shape[1]
        raw = bits.random_raw(-(-count // 8)).astype("<u8").view(numpy.uint8)[:count].reshape(shape)
        steps = 225 if plane else 220  # 16 to 240, 16 to 235
        made.append((16 + (raw.astype(numpy.uint16) * steps >> 8)).astype(numpy.uint8))
    return made


def _dithered(exact: numpy.ndarray) -> Plane:
    rows, columns = exact.shape
    threshold = (BAYER + 0.5) / 64
    tiled = numpy.tile(threshold, (-(-rows // 8), -(-columns // 8)))[:rows, :columns]
    return numpy.floor(numpy.round(exact, 6) + tiled).astype(numpy.uint8)
