"""sharpen: an unsharp mask."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from artdagd.hooks import Effect, Filter, VideoFormat


class Sharpen(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    amount: Annotated[float, Meta(ge=-2, le=5, description="strength; 0 does nothing, below 0 blurs")] = 1.0
    size: Annotated[Literal[3, 5, 7, 9, 11, 13], Meta(description="side of the mask's square, in pixels")] = 5


def build(config: Sharpen, video: VideoFormat) -> list[Filter]:
    size = config.size
    return [Filter("unsharp", {"luma_msize_x": size, "luma_msize_y": size, "luma_amount": config.amount})]


EFFECT = Effect(
    name="sharpen",
    version="1",
    description="Sharpen the edges with an unsharp mask on the luma (unsharp)",
    config=Sharpen,
    build=build,
    cost=7,
    remembers=False,
    timeless=True,
    example={"amount": 2.5, "size": 7},
)
