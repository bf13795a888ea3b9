"""edge: outlines."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from artdagd.hooks import Effect, Filter, VideoFormat


class Edge(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    low: Annotated[float, Meta(ge=0, le=1, description="weaker edges than this are dropped")] = 0.08
    high: Annotated[float, Meta(ge=0, le=1, description="stronger edges than this are always kept")] = 0.2
    mode: Annotated[
        Literal["wires", "colormix"],
        Meta(description="wires draws white lines on black, colormix paints them into the picture"),
    ] = "wires"

    def __post_init__(self) -> None:
        if self.low > self.high:
            raise ValueError(f"low ({self.low:g}) may not be above high ({self.high:g})")


# The border between two flat colours has two steepest points, and the detector keeps neither: drawings had no
# outlines. Weighed so unevenly (by a third of a pixel to the right and down), one of the two is steeper.
UNEVEN = {"0m": "0 0 0 0 4 2 0 2 1", "0rdiv": 1 / 9}


def build(config: Edge, video: VideoFormat) -> list[Filter]:
    detect = Filter("edgedetect", {"low": config.low, "high": config.high, "mode": config.mode})
    if config.mode == "colormix":
        return [detect]
    return [Filter("format", {"pix_fmts": "gray"}), Filter("convolution", UNEVEN), detect]


EFFECT = Effect(
    name="edge",
    version="1",
    description="Draw the outlines of what is seen, by Canny's detector (edgedetect)",
    config=Edge,
    build=build,
    cost=65,
    remembers=False,
    timeless=True,
    example={"low": 0.05, "high": 0.15, "mode": "colormix"},
)
