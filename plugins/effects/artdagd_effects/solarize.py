"""solarize: bright tones reversed."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated

import msgspec
from msgspec import Meta

from artdagd.hooks import Effect, Filter, Moment, Painter, VideoFormat

if TYPE_CHECKING:
    import numpy


class Solarize(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    threshold: Annotated[float, Meta(ge=0, le=1, description="brighter tones than this are reversed; 1 is white")] = 0.5


def build(config: Solarize, video: VideoFormat) -> list[Filter]:
    reversed_ = f"if(gt(val,{config.threshold}*maxval),maxval-val,val)"
    # Planes: to convert to packed RGB takes three times as long.
    return [Filter("format", {"pix_fmts": "gbrp"}), Filter("lutrgb", {"r": reversed_, "g": reversed_, "b": reversed_})]


def paint(video: VideoFormat) -> Painter:
    """What the filter does, without its expressions: it evaluates them 65,536 times each."""

    @lru_cache(maxsize=16)
    def table(config: Solarize) -> numpy.ndarray:
        import numpy as np

        return np.array([_tone(config, value) for value in range(256)], np.uint8)

    def painted(planes: Sequence[numpy.ndarray], moment: Moment) -> tuple[numpy.ndarray, ...]:
        return tuple(table(moment.config).take(plane) for plane in planes)

    return painted


def _tone(config: Solarize, value: int) -> int:
    return 255 - value if value > config.threshold * 255 else value


EFFECT = Effect(
    name="solarize",
    version="1",
    description="Reverse the bright tones, as on over-exposed film (lutrgb)",
    config=Solarize,
    build=build,
    paint=paint,
    pixels="gbrp",
    cost=8,
    remembers=False,
    timeless=True,
    example={"threshold": 0.4},
)
