"""fade: from or to a colour."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from artdagd.hooks import Effect, Filter, VideoFormat


class Fade(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    type: Annotated[Literal["in", "out"], Meta(description="in begins with the colour, out ends with it")] = "in"
    start_time: Annotated[float, Meta(ge=0, le=86400, description="when the fade begins, in seconds")] = 0.0
    duration: Annotated[float, Meta(ge=0.01, le=3600, description="of the fade, in seconds")] = 1.0
    color: Annotated[
        str, Meta(pattern="^#[0-9A-Fa-f]{6}$", description="a colour as #RRGGBB: #000000 is black, #ffffff white")
    ] = "#000000"


def build(config: Fade, video: VideoFormat) -> list[Filter]:
    options: dict[str, str | int | float] = {
        "type": config.type,
        "start_time": f"{config.start_time:.6f}",
        "duration": f"{config.duration:.6f}",
        "color": config.color,
    }
    if config.color == "#000000":
        return [Filter("fade", options)]
    # Another colour is mixed in RGB; to convert to packed RGB takes three times as long.
    return [Filter("format", {"pix_fmts": "gbrp"}), Filter("fade", options)]


EFFECT = Effect(
    name="fade",
    version="1",
    description="Fade in from a colour, or out to one (fade)",
    config=Fade,
    build=build,
    cost=9,
    example={"type": "in", "duration": 2.0, "color": "#ffffff"},
    fixed=("start_time", "duration"),
)
