"""Turn the colours by an angle; more or less saturation and brightness."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from artdagd.hooks import Effect, Filter, VideoFormat


class Hue(Struct, frozen=True, forbid_unknown_fields=True):
    degrees: Annotated[float, Meta(ge=-360, le=360, description="angle in degrees")] = 0.0
    saturation: Annotated[float, Meta(ge=0, le=10, description="1 leaves it as it is")] = 1.0
    brightness: Annotated[float, Meta(ge=-10, le=10, description="0 leaves it as it is")] = 0.0


def build(config: Hue, video: VideoFormat) -> list[Filter]:
    return [Filter("hue", {"h": config.degrees, "s": config.saturation, "b": config.brightness})]


EFFECT = Effect(
    name="hue",
    version="1",
    description="Turn the colours by an angle; more or less saturation and brightness.",
    config=Hue,
    build=build,
    example={"degrees": 90},
)
