"""trails: light that fades slowly."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from artdagd.hooks import Effect, Filter, VideoFormat


class Trails(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    decay: Annotated[float, Meta(ge=0, le=1, description="what is left of the light one frame later")] = 0.95


def build(config: Trails, video: VideoFormat) -> list[Filter]:
    # In RGB a red light leaves a red trail; in YUV it would leave a grey one.
    return [Filter("format", {"pix_fmts": "gbrp"}), Filter("lagfun", {"decay": config.decay})]


EFFECT = Effect(
    name="trails",
    version="1",
    description="Let light fade slowly, so that what moves draws a trail (lagfun)",
    config=Trails,
    build=build,
    cost=17,
    example={"decay": 0.97},
)
