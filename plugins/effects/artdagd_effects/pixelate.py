"""pixelate: coarse blocks."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from artdagd.hooks import Effect, Filter, VideoFormat


class Pixelate(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    size: Annotated[int, Meta(ge=2, le=1024, description="side of a block, in pixels")] = 16
    mode: Annotated[
        Literal["avg", "min", "max"], Meta(description="a block takes the average, darkest or brightest of its pixels")
    ] = "avg"


def build(config: Pixelate, video: VideoFormat) -> list[Filter]:
    return [Filter("pixelize", {"width": config.size, "height": config.size, "mode": config.mode})]


EFFECT = Effect(
    name="pixelate",
    version="1",
    description="Cut the picture into coarse square blocks (pixelize)",
    config=Pixelate,
    build=build,
    example={"size": 32},
)
