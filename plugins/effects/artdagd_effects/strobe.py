"""strobe: flashes."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Annotated, Literal

import msgspec
from msgspec import Meta

from artdagd.hooks import Effect, Moment, Painter, VideoFormat

if TYPE_CHECKING:
    import numpy


class Strobe(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    rate: Annotated[
        float, Meta(ge=0, le=60, description="flashes a second; 0 is one that lasts. More than 3 can cause seizures")
    ] = 2.0
    duty: Annotated[float, Meta(ge=0, le=1, description="how much of the time is flash")] = 0.5
    color: Annotated[Literal["black", "white", "negative"], Meta(description="what the flash shows")] = "black"
    opacity: Annotated[float, Meta(ge=0, le=1, description="of the flash; let it move to flash on the beat")] = 1.0


def paint(video: VideoFormat) -> Painter:
    """A flash begins at each whole number of periods, from the first picture on, to the frame."""

    def painted(planes: Sequence[numpy.ndarray], moment: Moment) -> tuple[numpy.ndarray, ...]:
        import numpy as np

        config = moment.config
        phase = moment.number * Fraction(repr(config.rate)) / video.fps % 1
        if not config.opacity or phase >= Fraction(repr(config.duty)):
            return tuple(planes)
        values = np.arange(256)
        made = []
        for plane, light in zip(planes, (True, False, False), strict=False):
            flat = {"black": 16, "white": 235}[config.color] if light and config.color != "negative" else 128
            flash = values[::-1] + (-4 if light else 1) if config.color == "negative" else flat
            mixed = np.floor(values * (1 - config.opacity) + flash * config.opacity + 0.5)
            made.append(np.clip(mixed, 0, 255).astype(np.uint8).take(plane))
        return tuple(made)

    return painted


EFFECT = Effect(
    name="strobe",
    version="1",
    description="Flash black, white or the negative of the picture",
    config=Strobe,
    paint=paint,
    pixels="yuv",
    fixed=("rate",),
    cost=1.0,
    remembers=False,
    example={"rate": 3.0, "duty": 0.3, "color": "white", "opacity": 0.8},
)
