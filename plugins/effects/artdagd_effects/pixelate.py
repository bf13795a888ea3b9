"""Blocks of one colour."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from artdagd.hooks import Effect, Filter, VideoFormat


class Pixelate(Struct, frozen=True, forbid_unknown_fields=True):
    size: Annotated[int, Meta(ge=1, le=512, description="side of a block in pixels")] = 16


def build(config: Pixelate, video: VideoFormat) -> list[Filter]:
    return [Filter("pixelize", {"width": config.size, "height": config.size})]


EFFECT = Effect(
    name="pixelate",
    version="1",
    description="Blocks of one colour.",
    config=Pixelate,
    build=build,
    example={"size": 24},
)
