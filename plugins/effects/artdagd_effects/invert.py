"""The negative."""

from __future__ import annotations

from msgspec import Struct

from artdagd.hooks import Effect, Filter, VideoFormat


class Invert(Struct, frozen=True, forbid_unknown_fields=True):
    """Invert has no parameters."""


def build(config: Invert, video: VideoFormat) -> list[Filter]:
    return [Filter("negate")]


EFFECT = Effect(
    name="invert",
    version="1",
    description="The negative.",
    config=Invert,
    build=build,
    example={},
)
