"""Alphas made here: see :class:`artdagd.render.streams.Media` for what an alpha is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy
from av import VideoFrame

from artdagd.render.planes import picture_of
from artdagd.render.streams import Colour, VideoStream


def opaque(video: VideoStream) -> VideoStream:
    """An alpha for ``video`` that lets nothing through."""
    picture = replace(video.picture, format="gray", colour=Colour(full_range=True))
    frame = picture_of([numpy.full((picture.height, picture.width), 255, numpy.uint8)], picture)

    def source(start: int) -> Iterator[VideoFrame]:
        return (frame for _ in range(start, video.count))

    return VideoStream(picture, video.count, picture, source, lambda start: 0)
