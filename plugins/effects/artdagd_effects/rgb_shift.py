"""rgb_shift: the colours pulled apart."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from artdagd.hooks import Effect, Filter, VideoFormat

Across = Annotated[int, Meta(ge=-255, le=255, description="pixels to the right; below 0 to the left")]
Down = Annotated[int, Meta(ge=-255, le=255, description="pixels down; below 0 up")]


class RgbShift(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    rh: Across = -6
    rv: Down = 0
    gh: Across = 0
    gv: Down = 0
    bh: Across = 6
    bv: Down = 0
    edge: Annotated[
        Literal["smear", "wrap"], Meta(description="what fills the border: the outermost pixels, or the other side")
    ] = "smear"


def build(config: RgbShift, video: VideoFormat) -> list[Filter]:
    # rgbashift reads outside of a picture that is smaller than the shift.
    across, down = video.width - 1, video.height - 1
    options: dict[str, str | int | float] = {"edge": config.edge}
    for name, size in (("rh", across), ("gh", across), ("bh", across), ("rv", down), ("gv", down), ("bv", down)):
        options[name] = max(-size, min(size, getattr(config, name)))
    return [Filter("rgbashift", options)]


EFFECT = Effect(
    name="rgb_shift",
    version="1",
    description="Pull red, green and blue apart (rgbashift)",
    config=RgbShift,
    build=build,
    cost=10,
    remembers=False,
    timeless=True,
    example={"rh": -12, "bh": 12, "gv": 4},
)
