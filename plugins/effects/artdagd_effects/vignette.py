"""vignette: darker corners."""

from __future__ import annotations

import math
from typing import Annotated

import msgspec
from msgspec import Meta

from artdagd.hooks import Effect, Filter, VideoFormat


class Vignette(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    angle: Annotated[
        float, Meta(ge=0, le=90, description="lens angle in degrees; 0 does nothing, 90 leaves only the centre")
    ] = 36.0
    x: Annotated[float, Meta(ge=0, le=1, description="centre, as a share of the width")] = 0.5
    y: Annotated[float, Meta(ge=0, le=1, description="centre, as a share of the height")] = 0.5


def build(config: Vignette, video: VideoFormat) -> list[Filter]:
    options: dict[str, str | int | float] = {
        "angle": math.radians(config.angle),
        "x0": config.x * video.width,
        "y0": config.y * video.height,
        # The filter's dither is a random walk over all frames: the same frame would differ with where reading began.
        "dither": 0,
    }
    return [Filter("vignette", options)]


EFFECT = Effect(
    name="vignette",
    version="1",
    description="Darken the picture towards its corners, as an old lens does (vignette)",
    config=Vignette,
    build=build,
    cost=1.6,
    remembers=False,
    example={"angle": 50.0},
)
