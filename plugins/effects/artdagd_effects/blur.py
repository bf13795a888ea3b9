"""Gaussian blur."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from artdagd.hooks import Effect, Filter, VideoFormat


class Blur(Struct, frozen=True, forbid_unknown_fields=True):
    sigma: Annotated[float, Meta(ge=0, le=100, description="standard deviation in pixels")] = 4.0


def build(config: Blur, video: VideoFormat) -> list[Filter]:
    return [Filter("gblur", {"sigma": config.sigma})]


EFFECT = Effect(
    name="blur",
    version="1",
    description="Gaussian blur.",
    config=Blur,
    build=build,
    example={"sigma": 8},
)
