"""Pictures as small arrays, for analyzers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy

from artdagd.errors import StepFailed
from artdagd.hooks.types import Filter
from artdagd.render.graphs import MATRICES
from artdagd.render.reading.clock import MAX_RATE
from artdagd.render.reading.source import open_source
from artdagd.render.streams import Picture, VideoStream
from artdagd.steps.numbers import exact, nearest

AVERAGE = "area+accurate_rnd+full_chroma_int+bitexact"
"""A small pixel is the mean of those that it stands for; the same on every processor."""


@dataclass(frozen=True)
class Small:
    """The pictures of a file, as :class:`artdagd.hooks.Frames` has them. Reading raises StepFailed (``bad_media``)."""

    stream: VideoStream

    @classmethod
    def of(cls, path: Path, width: int, rate: float | None = None) -> Small:
        """Raises StepFailed (``bad_media``) if there is no picture, ValueError for a width or rate that can't be."""
        if width < 1:
            raise ValueError(f"{width} is no width: give at least 1 pixel")
        if rate is not None and not 0 < rate <= MAX_RATE:
            raise ValueError(f"{rate} is no rate: give more than 0 and at most {MAX_RATE} pictures a second")
        video = open_source(path).video
        if video is None:
            raise StepFailed("the file has no picture", code="bad_media")
        return cls(_small(_slower(video, rate), width))

    @property
    def width(self) -> int:
        return self.stream.picture.width

    @property
    def height(self) -> int:
        return self.stream.picture.height

    @property
    def fps(self) -> Fraction:
        return self.stream.picture.fps

    def __len__(self) -> int:
        return self.stream.count

    def __iter__(self) -> Iterator[tuple[float, numpy.ndarray]]:
        for number, frame in enumerate(self.stream.frames()):
            yield float(number / self.fps), frame.to_ndarray()


def _slower(video: VideoStream, rate: float | None) -> VideoStream:
    """``rate`` frames a second, each the one that is shown at its time."""
    if rate is None or (fps := exact(rate)) >= video.picture.fps:
        return video
    step = video.picture.fps / fps
    count = max(1, -(-video.count // step))
    return video.mapped(lambda i: int(i * step), int(count), fps)


def _small(video: VideoStream, width: int) -> VideoStream:
    picture = video.picture
    w = min(width, picture.width)
    h = max(1, nearest(Fraction(w * picture.height, picture.width)))
    matrix = MATRICES.get(picture.colour.space, "bt601")
    scale = Filter("scale", {"w": w, "h": h, "flags": AVERAGE, "in_color_matrix": matrix, "out_range": "pc"})
    filters = (scale, Filter("format", {"pix_fmts": "rgb24"}))
    return video.filtered(filters, Picture(w, h, "rgb24", picture.fps))
