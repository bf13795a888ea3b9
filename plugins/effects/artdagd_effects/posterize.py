"""posterize: few tones."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from artdagd.hooks import Effect, Filter, VideoFormat


class Posterize(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    levels: Annotated[int, Meta(ge=2, le=64, description="tones that red, green and blue may each have")] = 4


def build(config: Posterize, video: VideoFormat) -> list[Filter]:
    steps = config.levels - 1
    nearest = f"round(round(val*{steps}/maxval)*maxval/{steps})"
    # Planes: to convert to packed RGB takes three times as long.
    return [Filter("format", {"pix_fmts": "gbrp"}), Filter("lutrgb", {"r": nearest, "g": nearest, "b": nearest})]


EFFECT = Effect(
    name="posterize",
    version="1",
    description="Leave a few tones of each colour, as on a screen print (lutrgb)",
    config=Posterize,
    build=build,
    cost=7,
    remembers=False,
    example={"levels": 3},
)
