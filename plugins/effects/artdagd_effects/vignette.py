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


def paint(video: VideoFormat) -> Painter:
    """What the filter does, from a table of the light by distance: it works out a cosine and more for every pixel when
    it is set up, and that takes 30 ms at 720p."""
    import numpy as np

    longest = math.hypot(video.width / 2, video.height / 2)
    # By the square of the distance, a whole number: beyond the corners of a centred picture there is no light.
    distances = np.sqrt(np.arange(int(longest * longest) + 2, dtype=np.float64)) / longest

    @lru_cache(maxsize=2)
    def squares(x: float, y: float) -> numpy.ndarray:
        across = np.trunc(np.arange(video.width, dtype=np.float32) - np.float32(x)).astype(np.int32)
        down = np.trunc(np.arange(video.height, dtype=np.float32) - np.float32(y)).astype(np.int32)
        far = (across * across)[np.newaxis, :] + (down * down)[:, np.newaxis]
        return np.minimum(far, len(distances) - 1)

    @lru_cache(maxsize=2)
    def light(config: Vignette) -> numpy.ndarray:
        cosine = np.cos(math.radians(config.angle) * distances)
        cosine *= cosine
        shares = np.where(distances > 1, 0.0, cosine * cosine).astype(np.float32)
        return shares.take(squares(config.x * video.width, config.y * video.height))

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
    example={"angle": 50.0},
)
