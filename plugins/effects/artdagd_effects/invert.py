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
    components = {"all": "y+u+v+r+g+b", "luma": "y", "chroma": "u+v"}[config.what]
    if config.what == "all":
        return [Filter("negate", {"components": components})]
    # An RGB picture has no luma to invert.
    return [Filter("format", {"pix_fmts": "yuv420p|yuv422p|yuv444p"}), Filter("negate", {"components": components})]


EFFECT = Effect(
    name="invert",
    version="1",
    description="Make a negative (negate)",
    config=Invert,
    build=build,
    example={"what": "luma"},
)
