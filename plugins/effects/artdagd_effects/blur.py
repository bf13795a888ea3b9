"""blur: a Gaussian blur."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from artdagd.hooks import Effect, Filter, VideoFormat


class Blur(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    sigma: Annotated[float, Meta(ge=0, le=200, description="standard deviation of the Gaussian, in pixels")] = 4.0
    steps: Annotated[int, Meta(ge=1, le=6, description="passes of the filter; more come closer to a Gaussian")] = 1


def build(config: Blur, video: VideoFormat) -> list[Filter]:
    # Both named, sigma can be changed without setting the filter up anew.
    return [Filter("gblur", {"sigma": config.sigma, "sigmaV": config.sigma, "steps": config.steps})]


EFFECT = Effect(
    name="blur",
    version="1",
    description="Blur the picture with a Gaussian (gblur)",
    config=Blur,
    build=build,
    cost=5,
    remembers=False,
    timeless=True,
    example={"sigma": 8.0, "steps": 2},
)
