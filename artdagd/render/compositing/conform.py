"""One stream made to go with another: the same rate, size, format and meaning of its numbers."""

from __future__ import annotations

from dataclasses import replace

from artdagd.hooks.types import Filter
from artdagd.render.compositing.fitting import fitted
from artdagd.render.compositing.timing import at_rate
from artdagd.render.graphs import MATRICES, scale
from artdagd.render.streams import Colour, Picture, VideoStream

WITH_ALPHA = {"yuv420p": "yuva420p", "yuv422p": "yuva422p", "yuv444p": "yuva444p"}
"""The formats that steps work in, with an alpha among the planes."""

OVERLAYS = {"yuv420p": "yuv420", "yuv422p": "yuv422", "yuv444p": "yuv444"}
"""The overlay filter's names of the formats that steps work in."""


def conformed(video: VideoStream, shape: Picture, fit: str = "contain") -> VideoStream:
    """The stream in the rate, size, format and matrix of ``shape``; its length in frames is rounded to nearest."""
    return in_format(fitted(at_rate(video, shape.fps), shape.width, shape.height, fit), shape)


def in_format(video: VideoStream, shape: Picture) -> VideoStream:
    """The stream in the pixel format and matrix of ``shape``, at its own size."""
    picture = video.picture
    if (picture.format, picture.colour.space) == (shape.format, shape.colour.space):
        return video
    return video.filtered(to_format(shape), replace(picture, format=shape.format, colour=shape.colour))


def to_format(shape: Picture) -> tuple[Filter, Filter]:
    """Filters that bring any picture to the pixel format and matrix of ``shape``, which is YUV of limited range."""
    convert = scale(out_range="tv", out_color_matrix=MATRICES.get(shape.colour.space, "bt601"))
    return convert, Filter("format", {"pix_fmts": shape.format})


def alpha_of(picture: Picture) -> Picture:
    """The shape of the alpha of pictures like ``picture``."""
    return replace(picture, format="gray", colour=Colour(full_range=True))
