"""vignette: darker corners."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated

import msgspec
from msgspec import Meta

from artdagd.hooks import Effect, Moment, Painter, VideoFormat

if TYPE_CHECKING:
    import numpy


class Vignette(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    angle: Annotated[
        float, Meta(ge=0, le=90, description="lens angle in degrees; 0 does nothing, 90 leaves only the centre")
    ] = 36.0
    x: Annotated[float, Meta(ge=0, le=1, description="centre, as a share of the width")] = 0.5
    y: Annotated[float, Meta(ge=0, le=1, description="centre, as a share of the height")] = 0.5


KNOTS = 4096
"""Distances from the centre for which the light is worked out; straight lines between."""


def paint(video: VideoFormat) -> Painter:
    """What libavfilter's vignette does without its dither, in a third of the time: that is a random walk over all
    frames, and a pixel's light is worked out with a cosine and more wherever reading begins, and multiplied alone."""
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

    @lru_cache(maxsize=2)
    def light_of(config: Vignette, rows: int, columns: int) -> numpy.ndarray:
        """For the samples of a plane of chroma."""
        shares = light(config)
        return np.ascontiguousarray(shares[:: -(-video.height // rows), :: -(-video.width // columns)])

    def painted(planes: Sequence[numpy.ndarray], moment: Moment) -> tuple[numpy.ndarray, ...]:
        luma, *chroma = planes
        made = [(light(moment.config) * luma).astype(np.uint8)]
        for plane in chroma:
            shares = light_of(moment.config, *plane.shape)
            made.append((shares * (plane.astype(np.float32) - 127) + 127).astype(np.uint8))
        return tuple(made)

    return painted


EFFECT = Effect(
    name="vignette",
    version="2",
    description="Darken the picture towards its corners, as an old lens does (vignette)",
    config=Vignette,
    paint=paint,
    pixels="yuv",
    cost=1.0,
    remembers=False,
    timeless=True,
    example={"angle": 50.0},
)
