"""Alphas made here: see :class:`artdagd.render.streams.Media` for what an alpha is."""

from __future__ import annotations

from collections.abc import Iterator

import numpy
from av import VideoFrame

from artdagd.hooks.types import Filter
from artdagd.render.compositing.conform import alpha_of
from artdagd.render.drawing.planes import picture_of
from artdagd.render.streams import VideoStream


def opaque(video: VideoStream) -> VideoStream:
    """An alpha for ``video`` that lets nothing through."""
    picture = alpha_of(video.picture)

    def source(start: int) -> Iterator[VideoFrame]:
        # A frame of its own for each reader: who reads it sets its time, and two may read at the same moment.
        frame = picture_of([numpy.full((picture.height, picture.width), 255, numpy.uint8)], picture)
        return (frame for _ in range(start, video.count))

    return VideoStream(picture, video.count, picture, source, lambda start: 0)


def weakened(opacity: float) -> Filter:
    """A filter that leaves of an alpha the share ``opacity``, rounded to nearest."""
    return Filter("lut", {"c0": f"val*{opacity!r}+0.5"})
