"""shake: a camera in an unsteady hand."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import msgspec
from msgspec import Meta

from artdagd.hooks import Effect, Moment, Painter, VideoFormat

if TYPE_CHECKING:
    import numpy


class Shake(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    amplitude: Annotated[float, Meta(ge=0, le=0.2, description="the farthest, as a share of the shorter side")] = 0.03
    frequency: Annotated[float, Meta(ge=0.1, le=30, description="swings a second")] = 4.0
    seed: Annotated[int, Meta(ge=0, le=2**31 - 1, description="another seed shakes otherwise")] = 1


WAVES = ((0.61, 0.4), (1.0, 0.4), (1.73, 0.2))
"""Frequency and share of the waves that the way along an axis is the sum of: together they don't repeat soon."""

FINE = 64
"""Offsets are rounded to this part of a pixel: no processor's last bit reaches a pixel."""


def paint(video: VideoFormat) -> Painter:
    """The picture is made larger by as much as the shake takes, so that no border is seen, by parts of a pixel."""
    from PIL import Image

    def painted(planes: Sequence[numpy.ndarray], moment: Moment) -> tuple[numpy.ndarray, ...]:
        import numpy as np

        farthest = moment.config.amplitude * min(video.width, video.height)
        x, y = (1 + way for way in offsets(moment.config, moment.time))
        made = []
        for plane in planes:
            rows, columns = plane.shape
            across, down = (farthest * columns / video.width, farthest * rows / video.height)
            left, top = (math.floor(way * FINE) / FINE for way in (across * x, down * y))
            box = (left, top, left + columns - 2 * across, top + rows - 2 * down)
            image = Image.fromarray(np.ascontiguousarray(plane))
            made.append(np.asarray(image.resize((columns, rows), Image.Resampling.BICUBIC, box=box)))
        return tuple(made)

    return painted


def offsets(config: Shake, time: float) -> tuple[float, float]:
    """Where the camera points at a time: -1 to 1, across and down."""
    phases = random.Random(config.seed)  # noqa: S311 (a seed that anyone may know is what it is for)
    found = []
    for _ in range(2):
        swings = ((share, speed, phases.random()) for speed, share in WAVES)
        found.append(
            sum(share * math.sin(math.tau * (config.frequency * speed * time + p)) for share, speed, p in swings)
        )
    return found[0], found[1]


EFFECT = Effect(
    name="shake",
    version="1",
    description="Shake the picture as an unsteady hand does, the same at every rendering",
    config=Shake,
    paint=paint,
    pixels="yuv",
    moves_pixels=True,
    fixed=("frequency", "seed"),
    cost=12.0,
    remembers=False,
    example={"amplitude": 0.05, "frequency": 5.0},
)
