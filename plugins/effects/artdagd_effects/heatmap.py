"""heatmap: light as colour."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from artdagd.hooks import Effect, Filter, VideoFormat


class Heatmap(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    preset: Annotated[
        Literal["magma", "inferno", "plasma", "viridis", "turbo", "cividis", "spectral", "cool", "heat", "fiery"],
        Meta(description="the colours, from dark to bright"),
    ] = "inferno"
    opacity: Annotated[float, Meta(ge=0, le=1, description="0 shows the grey picture, 1 the colours alone")] = 1.0


def build(config: Heatmap, video: VideoFormat) -> list[Filter]:
    # The colours are looked up by the first plane, and they are right in RGB only: so all planes hold the luma.
    return [
        Filter("hue", {"s": 0}),
        Filter("format", {"pix_fmts": "gbrp"}),
        Filter("pseudocolor", {"preset": config.preset, "opacity": config.opacity}),
    ]


EFFECT = Effect(
    name="heatmap",
    version="1",
    description="Show light as colour, as a thermal camera does (pseudocolor)",
    config=Heatmap,
    build=build,
    cost=15,
    remembers=False,
    timeless=True,
    example={"preset": "turbo", "opacity": 0.8},
)
