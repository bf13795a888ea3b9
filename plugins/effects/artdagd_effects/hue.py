"""hue: turn the colours."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from artdagd.hooks import Effect, Filter, VideoFormat


class Hue(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    degrees: Annotated[float, Meta(ge=-360, le=360, description="angle by which the hue is turned, in degrees")] = 90.0
    saturation: Annotated[
        float, Meta(ge=-10, le=10, description="factor; 0 is grey, 1 leaves it, below 0 inverts the colours")
    ] = 1.0
    brightness: Annotated[float, Meta(ge=-10, le=10, description="added to the luma; 10 is white, -10 black")] = 0.0


def build(config: Hue, video: VideoFormat) -> list[Filter]:
    return [Filter("hue", {"h": config.degrees, "s": config.saturation, "b": config.brightness})]


EFFECT = Effect(
    name="hue",
    version="1",
    description="Turn the colours around the colour wheel (hue)",
    config=Hue,
    build=build,
    cost=0.7,
    remembers=False,
    timeless=True,
    example={"degrees": 120.0, "saturation": 1.5},
)
