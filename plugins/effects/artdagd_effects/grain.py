"""grain: film grain."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from artdagd.hooks import Effect, Filter, VideoFormat


class Grain(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    strength: Annotated[int, Meta(ge=0, le=100, description="of the noise; 0 does nothing")] = 12
    seed: Annotated[int, Meta(ge=0, le=2**31 - 1, description="another seed gives another grain")] = 1
    moving: Annotated[bool, Meta(description="another grain in every frame; false keeps one grain")] = True


def build(config: Grain, video: VideoFormat) -> list[Filter]:
    options: dict[str, str | int | float] = {"c0_strength": config.strength, "all_seed": config.seed}
    # The filter has a c0_seed too, and ignores it.
    if config.moving:
        options["c0_flags"] = "t"
    # Grain is in the light, not in the colours; the first component is the luma only in these formats.
    return [Filter("format", {"pix_fmts": "yuv420p|yuv422p|yuv444p"}), Filter("noise", options)]


EFFECT = Effect(
    name="grain",
    version="1",
    description="Add film grain to the luma, the same at every rendering (noise)",
    config=Grain,
    build=build,
    cost=1,
    example={"strength": 25},
    fixed=("strength", "seed"),
)
