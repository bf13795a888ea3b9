"""kaleidoscope: one slice of the picture, mirrored all around."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated

import msgspec
from msgspec import Meta

from artdagd.hooks import Effect, Moment, Painter, VideoFormat

if TYPE_CHECKING:
    import numpy


class Kaleidoscope(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    slices: Annotated[int, Meta(ge=1, le=32, description="mirrored pairs of slices around the centre")] = 6
    angle: Annotated[
        float, Meta(ge=-3600, le=3600, description="where in the picture the slice is taken, in degrees")
    ] = 0.0
    turn: Annotated[float, Meta(ge=-3600, le=3600, description="by which the whole is turned, in degrees")] = 0.0
    zoom: Annotated[float, Meta(ge=0.1, le=10, description="above 1 shows less of the picture, larger")] = 1.0


DIRECTIONS = 1 << 14
"""Directions around the centre that are told apart: at the corner of a picture of 4K, half a pixel."""

ROWS = 16
"""Rows of the map that are made at a time: they stay in a processor's cache."""

FINE = 1 << 20
"""Sines are rounded to this share of 1: no processor's last bit reaches a pixel."""


def paint(video: VideoFormat) -> Painter:
    """Every pixel is fetched from where it lies in the slice, and libavfilter has no filter for a map that turns. The
    map is put together from tables by direction: sines of every pixel would take
    50 ms at 720p, this takes 12."""
    maps: dict[tuple[int, ...], Callable[[Kaleidoscope], numpy.ndarray]] = {}

    def painted(planes: Sequence[numpy.ndarray], moment: Moment) -> tuple[numpy.ndarray, ...]:
        for plane in planes:
            if plane.shape not in maps:
                height, width = plane.shape
                maps[plane.shape] = mapped(width, height, video.width / width, video.height / height)
        return tuple(plane.take(maps[plane.shape](moment.config)) for plane in planes)

    return painted


def mapped(width: int, height: int, wide: float, high: float) -> Callable[[Kaleidoscope], numpy.ndarray]:
    """For a plane whose pixels are as ``wide`` and ``high`` as so many of the picture: config -> for each pixel, the
    number of the one that is seen there, counted row by row."""
    import numpy as np

    x = ((np.arange(width) + 0.5 - width / 2) * wide)[np.newaxis, :]
    y = ((np.arange(height) + 0.5 - height / 2) * high)[:, np.newaxis]
    distance = np.sqrt(x * x + y * y).astype(np.float32)
    direction = np.rint(np.arctan2(y, x) * (DIRECTIONS / math.tau)).astype(np.intp) % DIRECTIONS
    longest = math.hypot(x[0, 0], y[0, 0])

    def folded(size: int, pixel: float, zoom: float) -> tuple[float, numpy.ndarray]:
        """Where the centre is in a table that mirrors all that lies outside of a side back into it; and the table."""
        turns = math.ceil(longest / (pixel * zoom * 2 * size)) + 1
        place = np.arange(2 * turns * 2 * size) % (2 * size)
        return turns * 2 * size + size / 2, np.minimum(place, 2 * size - 1 - place)

    @lru_cache(maxsize=2)
    def source(config: Kaleidoscope) -> numpy.ndarray:
        slice_ = math.tau / config.slices
        around = (np.arange(DIRECTIONS) * (math.tau / DIRECTIONS) - math.radians(config.turn)) % slice_
        around = np.minimum(around, slice_ - around) + math.radians(config.angle)
        axes = []
        for wave, size, pixel, step in ((np.cos, width, wide, 1), (np.sin, height, high, width)):
            centre, inside = folded(size, pixel, config.zoom)
            shares = (np.rint(wave(around) * FINE) / FINE / (pixel * config.zoom)).astype(np.float32)
            axes.append((shares, np.float32(centre), inside * step))
        found = np.empty((height, width), np.intp)
        half = config.slices % 2 == 0  # then what is seen above is seen below, turned by half a circle
        end = (height + 1) // 2 if half else height
        for top in range(0, end, ROWS):
            rows = slice(top, min(top + ROWS, end))
            across, down = (_places(axis, direction[rows], distance[rows]) for axis in axes)
            np.add(across, down, out=found[rows])
        if half:
            found[end:] = found[: height - end][::-1, ::-1]
        return found

    return source


def _places(
    axis: tuple[numpy.ndarray, numpy.ndarray, numpy.ndarray], direction: numpy.ndarray, distance: numpy.ndarray
) -> numpy.ndarray:
    import numpy as np

    shares, centre, inside = axis
    place = shares.take(direction)
    place *= distance
    place += centre
    return inside.take(place.astype(np.intp), mode="clip")


EFFECT = Effect(
    name="kaleidoscope",
    version="1",
    description="Mirror one slice of the picture all around its centre",
    config=Kaleidoscope,
    paint=paint,
    pixels="yuv",
    moves_pixels=True,
    example={"slices": 6, "angle": 20.0, "zoom": 1.5},
    cost=5.0,
    remembers=False,
    timeless=True,
)
