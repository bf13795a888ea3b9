"""Pictures plane by plane, as arrays: for what libavfilter can't draw, such as a shift by a part of a pixel."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeAlias

import numpy
from av import VideoFormat, VideoFrame

from artdagd.errors import StepFailed
from artdagd.render.streams import Picture, VideoStream

Plane: TypeAlias = numpy.ndarray
"""uint8 of shape (rows, columns)."""

WORKERS = 3
"""Frames that are worked on at a time."""


def planes(frame: VideoFrame) -> list[Plane]:
    """Views of the frame's planes, without their padding. The frame must not be changed through them: others may hold
    it too. Raises StepFailed (``refused``) unless it is planar with 8 bits."""
    parts = frame.format.components
    if len(parts) != len(frame.planes) or any(part.bits != 8 for part in parts):
        raise StepFailed(f"it can't work on pictures in {frame.format.name}", code="refused")
    return [
        numpy.frombuffer(memoryview(plane), numpy.uint8).reshape(plane.height, plane.line_size)[:, : plane.width]
        for plane in frame.planes
    ]


def picture_of(planes: Sequence[Plane], picture: Picture) -> VideoFrame:
    """A frame of the shape ``picture`` that holds a copy of ``planes``; a plane of three colours has the shape (rows,
    columns, 3)."""
    frame = VideoFrame(picture.width, picture.height, picture.format)
    for source, target in zip(planes, frame.planes, strict=True):
        colours = source.shape[2:]
        shape, strides = (target.height, target.width, *colours), (target.line_size, *colours, 1)
        numpy.ndarray(shape, numpy.uint8, memoryview(target), 0, strides)[...] = source
    frame.colorspace, frame.color_range = picture.colour.space, 2 if picture.colour.full_range else 1
    return frame


def divisors(picture: Picture) -> list[tuple[int, int]]:
    """For each plane, how many columns and rows of pixels one of its samples stands for."""
    parts = VideoFormat(picture.format, picture.width, picture.height).components
    return [(-(-picture.width // part.width), -(-picture.height // part.height)) for part in parts]


def repainted(
    stream: VideoStream, change: Callable[[int, Sequence[Plane]], Sequence[Plane]], picture: Picture
) -> VideoStream:
    """Frame ``i`` of the result, of the shape ``picture``, has the planes ``change(i, planes of frame i)``. ``change``
    is pure; it is called in threads, for several frames at a time."""

    def work(number: int, frame: VideoFrame) -> VideoFrame:
        return picture_of(change(number, planes(frame)), picture)

    def source(start: int) -> Iterator[VideoFrame]:
        waiting: deque[Future[VideoFrame]] = deque()
        with ThreadPoolExecutor(WORKERS, "planes") as pool:
            for number, frame in enumerate(stream.frames(start), start):
                waiting.append(pool.submit(work, number, frame))
                if len(waiting) >= WORKERS:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()

    return VideoStream(picture, stream.count, picture, source, stream.preroll)
