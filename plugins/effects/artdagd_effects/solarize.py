"""solarize: bright tones reversed."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from artdagd.hooks import Effect, Filter, VideoFormat


class Solarize(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    threshold: Annotated[float, Meta(ge=0, le=1, description="brighter tones than this are reversed; 1 is white")] = 0.5


def build(config: Solarize, video: VideoFormat) -> list[Filter]:
    reversed_ = f"if(gt(val,{config.threshold}*maxval),maxval-val,val)"
    # Planes: to convert to packed RGB takes three times as long.
    return [Filter("format", {"pix_fmts": "gbrp"}), Filter("lutrgb", {"r": reversed_, "g": reversed_, "b": reversed_})]


EFFECT = Effect(
    name="solarize",
    version="1",
    description="Reverse the bright tones, as on over-exposed film (lutrgb)",
    config=Solarize,
    build=build,
    cost=8,
    remembers=False,
    example={"threshold": 0.4},
)
