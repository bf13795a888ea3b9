"""invert: a negative."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from artdagd.hooks import Effect, Filter, VideoFormat


class Invert(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    what: Annotated[
        Literal["all", "luma", "chroma"],
        Meta(description="invert light and colours, the light only or the colours only"),
    ] = "all"


def build(config: Invert, video: VideoFormat) -> list[Filter]:
    # Not negate: it subtracts from 255, which turns black (16) into more than white and tints what is grey.
    luma = "val" if config.what == "chroma" else "negval"
    chroma = "val" if config.what == "luma" else "negval"
    return [Filter("lutyuv", {"y": luma, "u": chroma, "v": chroma})]


EFFECT = Effect(
    name="invert",
    version="1",
    description="Make a negative (lutyuv)",
    config=Invert,
    build=build,
    cost=2,
    remembers=False,
    timeless=True,
    example={"what": "luma"},
)
