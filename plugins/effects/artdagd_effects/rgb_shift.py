"""Shift red and blue against each other."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from artdagd.hooks import Effect, Filter, VideoFormat


class RgbShift(Struct, frozen=True, forbid_unknown_fields=True):
    red: Annotated[int, Meta(ge=-255, le=255, description="pixels to the right")] = 6
    blue: Annotated[int, Meta(ge=-255, le=255, description="pixels to the right")] = -6


def build(config: RgbShift, video: VideoFormat) -> list[Filter]:
    return [Filter("rgbashift", {"rh": config.red, "bh": config.blue})]


EFFECT = Effect(
    name="rgb_shift",
    version="1",
    description="Shift red and blue against each other.",
    config=RgbShift,
    build=build,
    example={"red": 12, "blue": -12},
)
