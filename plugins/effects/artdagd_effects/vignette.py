"""vignette: darker corners."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated

import msgspec
from msgspec import Meta

from artdagd.hooks import Effect, Filter, Moment, Painter, VideoFormat

if TYPE_CHECKING:
    import numpy


class Vignette(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    angle: Annotated[
        float, Meta(ge=0, le=90, description="lens angle in degrees; 0 does nothing, 90 leaves only the centre")
    ] = 36.0
    x: Annotated[float, Meta(ge=0, le=1, description="centre, as a share of the width")] = 0.5
    y: Annotated[float, Meta(ge=0, le=1, description="centre, as a share of the height")] = 0.5


def build(config: Vignette, video: VideoFormat) -> list[Filter]:
    options: dict[str, str | int | float] = {
        "angle": math.radians(config.angle),
        "x0": config.x * video.width,
        "y0": config.y * video.height,
        # The filter's dither is a random walk over all frames: the same frame would differ with where reading began.
        "dither": 0,
    }
    return [Filter("vignette", options)]


KNOTS = 4096
"""Distances from the centre for which the light is worked out; straight lines between."""


def paint(video: VideoFormat) -> Painter:
    """What the filter does, from a table of the light by distance: it works out a cosine and more for every pixel when
    it is set up, and that takes 30 ms at 720p."""
    import numpy as np

    longest = math.hypot(video.width / 2, video.height / 2)
    knots = np.arange(KNOTS + 1) / KNOTS

    @lru_cache(maxsize=2)
    def places(x: float, y: float) -> tuple[numpy.ndarray, numpy.ndarray]:
        """Of each pixel, the knot before its distance from the centre, and how far beyond that it is."""
        across, down = np.trunc(np.arange(video.width) - x), np.trunc(np.arange(video.height) - y)
        distance = np.sqrt((across * across)[np.newaxis, :] + (down * down)[:, np.newaxis]) * (KNOTS / longest)
        before = np.where(distance > KNOTS, KNOTS + 1, distance).astype(np.intp)
        return before, (distance - before).astype(np.float32)

    @lru_cache(maxsize=2)
    def light(config: Vignette) -> numpy.ndarray:
        cosine = np.cos(math.radians(config.angle) * knots)
        cosine *= cosine
        shares = cosine * cosine
        # Beyond the corners of a centred picture there is no light.
        heights, slopes = (np.append(part, [0.0] * (KNOTS + 2 - len(part))) for part in (shares, np.diff(shares)))
        before, beyond = places(config.x * video.width, config.y * video.height)
        made = slopes.astype(np.float32).take(before)
        made *= beyond
        made += heights.astype(np.float32).take(before)
        return made

    def painted(planes: Sequence[numpy.ndarray], moment: Moment) -> tuple[numpy.ndarray, ...]:
        shares, (luma, *chroma) = light(moment.config), planes
        made = [(shares * luma).astype(np.uint8)]
        for plane in chroma:
            down, across = (-(-side // part) for side, part in zip(shares.shape, plane.shape, strict=True))
            there = shares[::down, ::across]
            made.append((there * (plane.astype(np.float32) - 127) + 127).astype(np.uint8))
        return tuple(made)

    return painted


EFFECT = Effect(
    name="vignette",
    version="1",
    description="Darken the picture towards its corners, as an old lens does (vignette)",
    config=Vignette,
    build=build,
    paint=paint,
    pixels="yuv",
    cost=1.6,
    remembers=False,
    timeless=True,
    example={"angle": 50.0},
)
