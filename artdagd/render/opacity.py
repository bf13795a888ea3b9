"""Alphas made here: see :class:`artdagd.render.streams.Media` for what an alpha is."""

from __future__ import annotations

from collections.abc import Iterator

import numpy
from av import VideoFrame

from artdagd.render.conform import alpha_of
from artdagd.render.planes import picture_of
from artdagd.render.streams import VideoStream


def opaque(video: VideoStream) -> VideoStream:
    """An alpha for ``video`` that lets nothing through."""
    picture = alpha_of(video.picture)
    frame = picture_of([numpy.full((picture.height, picture.width), 255, numpy.uint8)], picture)

    def source(start: int) -> Iterator[VideoFrame]:
        return (frame for _ in range(start, video.count))

    return VideoStream(picture, video.count, picture, source, lambda start: 0)
