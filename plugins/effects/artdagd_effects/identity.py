"""Changes nothing."""

from __future__ import annotations

from msgspec import Struct

from artdagd.hooks import Effect, Filter, VideoFormat


class Identity(Struct, frozen=True, forbid_unknown_fields=True):
    """Identity has no parameters."""


def build(config: Identity, video: VideoFormat) -> list[Filter]:
    return [Filter("null")]


EFFECT = Effect(
    name="identity",
    version="1",
    description="Changes nothing.",
    config=Identity,
    build=build,
    example={},
)
