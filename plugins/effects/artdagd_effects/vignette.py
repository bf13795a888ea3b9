"""Darken towards the corners."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from artdagd.hooks import Effect, Filter, VideoFormat


class Vignette(Struct, frozen=True, forbid_unknown_fields=True):
    angle: Annotated[float, Meta(ge=0, le=1.5, description="lens angle in radians: wider is darker")] = 0.6283


def build(config: Vignette, video: VideoFormat) -> list[Filter]:
    return [Filter("vignette", {"angle": repr(config.angle)})]


EFFECT = Effect(
    name="vignette",
    version="1",
    description="Darken towards the corners.",
    config=Vignette,
    build=build,
    example={"angle": 0.9},
)
