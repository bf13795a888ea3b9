"""echo: the frames before, still to be seen."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from artdagd.hooks import Effect, Filter, VideoFormat


class Echo(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    frames: Annotated[int, Meta(ge=1, le=64, description="frames that are mixed, the present one among them")] = 6


MEMORY = 2 << 30
"""Bytes that the frames may take, each at most three for a pixel: all 64 fit at 4096x2160."""


def build(config: Echo, video: VideoFormat) -> list[Filter]:
    most = MEMORY // (3 * video.width * video.height)
    if config.frames > most:
        raise ValueError(f"at {video.width}x{video.height} pixels memory is for {most} frames, not {config.frames}")
    # The newest frame weighs most.
    weights = " ".join(str(weight) for weight in range(1, config.frames + 1))
    return [Filter("tmix", {"frames": config.frames, "weights": weights})]


EFFECT = Effect(
    name="echo",
    version="1",
    description="Mix every frame with those before it, the older the fainter (tmix)",
    config=Echo,
    build=build,
    cost=14,
    example={"frames": 12},
    fixed=("frames",),
)
