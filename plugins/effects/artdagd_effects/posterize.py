"""posterize: few tones."""

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


class Posterize(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    levels: Annotated[int, Meta(ge=2, le=64, description="tones that red, green and blue may each have")] = 4


def build(config: Posterize, video: VideoFormat) -> list[Filter]:
    steps = config.levels - 1
    nearest = f"round(round(val*{steps}/maxval)*maxval/{steps})"
    # Planes: to convert to packed RGB takes three times as long.
    return [Filter("format", {"pix_fmts": "gbrp"}), Filter("lutrgb", {"r": nearest, "g": nearest, "b": nearest})]


def paint(video: VideoFormat) -> Painter:
    """What the filter does, without its expressions: it evaluates them 65,536 times each."""

    @lru_cache(maxsize=16)
    def table(config: Posterize) -> numpy.ndarray:
        import numpy as np

        return np.array([_tone(config, value) for value in range(256)], np.uint8)

    def painted(planes: Sequence[numpy.ndarray], moment: Moment) -> tuple[numpy.ndarray, ...]:
        return tuple(table(moment.config).take(plane) for plane in planes)

    return painted


def _tone(config: Posterize, value: int) -> int:
    steps = config.levels - 1
    return math.floor(math.floor(value * steps / 255 + 0.5) * 255 / steps + 0.5)


EFFECT = Effect(
    name="posterize",
    version="1",
    description="Leave a few tones of each colour, as on a screen print (lutrgb)",
    config=Posterize,
    build=build,
    paint=paint,
    pixels="gbrp",
    cost=7,
    remembers=False,
    timeless=True,
    example={"levels": 3},
)
