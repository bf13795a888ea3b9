"""sepia: the brown of old photographs."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from artdagd.hooks import Effect, Filter, VideoFormat


class Sepia(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    amount: Annotated[float, Meta(ge=0, le=1, description="0 leaves the colours, 1 tones them fully")] = 1.0


# Rows make red, green and blue; the weights of the usual sepia tone, as in the examples of colorchannelmixer.
TONE = ((0.393, 0.769, 0.189), (0.349, 0.686, 0.168), (0.272, 0.534, 0.131))


def build(config: Sepia, video: VideoFormat) -> list[Filter]:
    options: dict[str, str | int | float] = {}
    for row, out in enumerate("rgb"):
        for column, into in enumerate("rgb"):
            kept = 1.0 - config.amount if row == column else 0.0
            options[out + into] = kept + config.amount * TONE[row][column]
    # Planes: to convert to packed RGB takes three times as long.
    return [Filter("format", {"pix_fmts": "gbrp"}), Filter("colorchannelmixer", options)]


EFFECT = Effect(
    name="sepia",
    version="1",
    description="Tone the picture brown, as an old photograph (colorchannelmixer)",
    config=Sepia,
    build=build,
    cost=11,
    remembers=False,
    timeless=True,
    example={"amount": 0.7},
)
