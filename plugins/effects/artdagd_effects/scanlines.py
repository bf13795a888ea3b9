"""scanlines: the dark lines of a tube."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from artdagd.hooks import Effect, Filter, VideoFormat


class Scanlines(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    distance: Annotated[int, Meta(ge=2, le=200, description="from line to line, in pixels")] = 4
    strength: Annotated[float, Meta(ge=0, le=1, description="how dark the lines are; 1 is black")] = 0.5


def build(config: Scanlines, video: VideoFormat) -> list[Filter]:
    thickness = config.distance // 2
    options: dict[str, str | int | float] = {
        # Cells that begin left of the picture by an upright line, and are wider than it: no upright line is seen.
        "x": -thickness,
        "width": video.width + thickness + 1,
        "height": config.distance,
        "thickness": thickness,
        "color": f"black@{config.strength:.4f}",
    }
    # In 4:2:0 the filter would paint over the same chroma sample for each of its four pixels.
    return [Filter("format", {"pix_fmts": "yuv444p"}), Filter("drawgrid", options)]


EFFECT = Effect(
    name="scanlines",
    version="1",
    description="Draw the dark lines of a television tube (drawgrid)",
    config=Scanlines,
    build=build,
    cost=10,
    remembers=False,
    timeless=True,
    example={"distance": 6, "strength": 0.7},
)
