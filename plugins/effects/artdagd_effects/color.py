"""Brightness, contrast, saturation and gamma."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from artdagd.hooks import Effect, Filter, VideoFormat


class Color(Struct, frozen=True, forbid_unknown_fields=True):
    brightness: Annotated[float, Meta(ge=-1, le=1, description="added")] = 0.0
    contrast: Annotated[float, Meta(ge=0, le=4, description="factor")] = 1.0
    saturation: Annotated[float, Meta(ge=0, le=3, description="factor")] = 1.0
    gamma: Annotated[float, Meta(ge=0.1, le=10, description="exponent")] = 1.0


def build(config: Color, video: VideoFormat) -> list[Filter]:
    return [
        Filter(
            "eq",
            {
                "brightness": config.brightness,
                "contrast": config.contrast,
                "saturation": config.saturation,
                "gamma": config.gamma,
            },
        )
    ]


EFFECT = Effect(
    name="color",
    version="1",
    description="Brightness, contrast, saturation and gamma.",
    config=Color,
    build=build,
    example={"contrast": 1.4, "saturation": 1.6},
)
