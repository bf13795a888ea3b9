"""Black and white."""

from __future__ import annotations

from msgspec import Struct

from artdagd.hooks import Effect, Filter, VideoFormat


class Grayscale(Struct, frozen=True, forbid_unknown_fields=True):
    """Grayscale has no parameters."""


def build(config: Grayscale, video: VideoFormat) -> list[Filter]:
    return [Filter("hue", {"s": 0})]


EFFECT = Effect(
    name="grayscale",
    version="1",
    description="Black and white.",
    config=Grayscale,
    build=build,
    example={},
)
