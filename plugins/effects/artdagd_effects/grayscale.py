"""grayscale: no colours."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from artdagd.hooks import Effect, Filter, VideoFormat


class Grayscale(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    amount: Annotated[float, Meta(ge=0, le=1, description="share of the colour that is taken away")] = 1.0


def build(config: Grayscale, video: VideoFormat) -> list[Filter]:
    return [Filter("hue", {"s": 1.0 - config.amount})]


EFFECT = Effect(
    name="grayscale",
    version="1",
    description="Take the colour away (hue)",
    config=Grayscale,
    build=build,
    cost=0.5,
    remembers=False,
    timeless=True,
    example={"amount": 0.8},
)
