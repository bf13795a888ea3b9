"""flip: the picture turned over."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from artdagd.hooks import Effect, Filter, VideoFormat


class Flip(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    direction: Annotated[
        Literal["horizontal", "vertical", "both"], Meta(description="left to right, top to bottom, or both")
    ] = "horizontal"


def build(config: Flip, video: VideoFormat) -> list[Filter]:
    names = {"horizontal": ["hflip"], "vertical": ["vflip"], "both": ["hflip", "vflip"]}
    return [Filter(name) for name in names[config.direction]]


EFFECT = Effect(
    name="flip",
    version="1",
    description="Swap left and right, top and bottom, or both (hflip, vflip)",
    config=Flip,
    build=build,
    moves_pixels=True,
    cost=0.5,
    remembers=False,
    timeless=True,
    example={"direction": "vertical"},
)
