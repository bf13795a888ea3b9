"""mirror: one half of the picture, reflected."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from artdagd.hooks import Effect, Filter, VideoFormat


class Mirror(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    keep: Annotated[
        Literal["left", "right", "top", "bottom", "top_left", "top_right", "bottom_left", "bottom_right"],
        Meta(description="the half, or with two words the quarter, that is kept and reflected into the others"),
    ] = "left"


def build(config: Mirror, video: VideoFormat) -> list[Filter]:
    across, down = video.width // 2, video.height // 2
    options: dict[str, str | int | float] = {"mode": "mirror"}
    for side, opposite, size in (
        ("left", "right", across),
        ("right", "left", across),
        ("top", "bottom", down),
        ("bottom", "top", down),
    ):
        if side in config.keep.split("_"):
            options[opposite] = size
    # An odd number of chroma samples has no middle to reflect about.
    formats = "yuv444p" if video.width % 4 or video.height % 4 else "yuv420p|yuv422p|yuv444p"
    return [Filter("format", {"pix_fmts": formats}), Filter("fillborders", options)]


EFFECT = Effect(
    name="mirror",
    version="1",
    description="Reflect one half of the picture into the other, or one quarter into all (fillborders)",
    config=Mirror,
    build=build,
    moves_pixels=True,
    cost=2,
    remembers=False,
    timeless=True,
    example={"keep": "top_left"},
)
