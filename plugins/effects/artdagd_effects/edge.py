"""Lines where the picture changes (Canny)."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from artdagd.hooks import Effect, Filter, VideoFormat


class Edge(Struct, frozen=True, forbid_unknown_fields=True):
    low: Annotated[float, Meta(ge=0, le=1, description="threshold to go on with a line")] = 0.1
    high: Annotated[float, Meta(ge=0, le=1, description="threshold to begin a line")] = 0.2


def build(config: Edge, video: VideoFormat) -> list[Filter]:
    return [Filter("edgedetect", {"low": min(config.low, config.high), "high": config.high})]


EFFECT = Effect(
    name="edge",
    version="1",
    description="Lines where the picture changes (Canny).",
    config=Edge,
    build=build,
    example={"low": 0.05, "high": 0.15},
)
