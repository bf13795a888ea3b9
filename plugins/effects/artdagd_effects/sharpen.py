"""Sharpen by unsharp masking."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from artdagd.hooks import Effect, Filter, VideoFormat


class Sharpen(Struct, frozen=True, forbid_unknown_fields=True):
    amount: Annotated[float, Meta(ge=0, le=1.5, description="strength; 0 changes nothing")] = 1.0


def build(config: Sharpen, video: VideoFormat) -> list[Filter]:
    return [Filter("unsharp", {"lx": 5, "ly": 5, "la": config.amount})]


EFFECT = Effect(
    name="sharpen",
    version="1",
    description="Sharpen by unsharp masking.",
    config=Sharpen,
    build=build,
    example={"amount": 1.2},
)
