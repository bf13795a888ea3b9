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
    formats = "yuv420p|yuv422p|yuv444p"
    if config.size % 2:  # such blocks don't fit the samples of subsampled chroma
        formats = "yuv444p"
    if config.mode != "avg":  # the darkest of the colours is not the least of the chroma
        formats = "gbrp"
    options = {"width": config.size, "height": config.size, "mode": config.mode}
    return [Filter("format", {"pix_fmts": formats}), Filter("pixelize", options)]


EFFECT = Effect(
    name="pixelate",
    version="1",
    description="Cut the picture into coarse square blocks (pixelize)",
    config=Pixelate,
    build=build,
    moves_pixels=True,
    cost=0.5,
    remembers=False,
    timeless=True,
    example={"size": 32},
)
