"""Film grain that is the same on every run."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from artdagd.hooks import Effect, Filter, VideoFormat


class Grain(Struct, frozen=True, forbid_unknown_fields=True):
    strength: Annotated[int, Meta(ge=0, le=100, description="amplitude")] = 12
    seed: Annotated[int, Meta(ge=0, le=2147483647, description="another seed, another grain")] = 1


def build(config: Grain, video: VideoFormat) -> list[Filter]:
    return [Filter("noise", {"alls": config.strength, "allf": "t", "all_seed": config.seed})]


EFFECT = Effect(
    name="grain",
    version="1",
    description="Film grain that is the same on every run.",
    config=Grain,
    build=build,
    example={"strength": 20},
)
