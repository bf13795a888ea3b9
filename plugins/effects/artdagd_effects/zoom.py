"""zoom: a part of the picture, larger."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import msgspec
from msgspec import Meta

from artdagd.hooks import Effect, Moment, Painter, VideoFormat

if TYPE_CHECKING:
    import numpy


class Zoom(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    factor: Annotated[float, Meta(ge=1, le=20, description="how many times as large; 1 leaves it")] = 1.5
    x: Annotated[float, Meta(ge=0, le=1, description="what stays where it is, as a share of the width")] = 0.5
    y: Annotated[float, Meta(ge=0, le=1, description="what stays where it is, as a share of the height")] = 0.5


def paint(video: VideoFormat) -> Painter:
    """With Pillow, which samples between pixels: a part cut out by whole ones would tremble where the zoom moves."""
    from PIL import Image

    def painted(planes: Sequence[numpy.ndarray], moment: Moment) -> tuple[numpy.ndarray, ...]:
        import numpy as np

        made = []
        for plane in planes:
            rows, columns = plane.shape
            wide, high = columns / moment.config.factor, rows / moment.config.factor
            left, top = (columns - wide) * moment.config.x, (rows - high) * moment.config.y
            if columns < video.width:  # chroma lies on the left one of its two columns
                left = max(0.0, left - 0.25 * (wide / columns - 1))
            box = (min(left, columns - wide), top, min(left, columns - wide) + wide, top + high)
            image = Image.fromarray(np.ascontiguousarray(plane))
            made.append(np.asarray(image.resize((columns, rows), Image.Resampling.BICUBIC, box=box)))
        return tuple(made)

    return painted


EFFECT = Effect(
    name="zoom",
    version="1",
    description="Show a part of the picture, larger; a zoom that moves does so by parts of a pixel",
    config=Zoom,
    paint=paint,
    pixels="yuv",
    moves_pixels=True,
    cost=12.0,
    remembers=False,
    timeless=True,
    example={"factor": 2.0, "x": 0.4, "y": 0.4},
)
