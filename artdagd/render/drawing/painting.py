"""Effects that are Python functions over pictures: frames as numpy arrays and back, within the same pass."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy
from av import VideoFrame

from artdagd.errors import StepFailed
from artdagd.hooks.types import Effect, Filter, Moment, VideoFormat
from artdagd.render.drawing.planes import picture_of
from artdagd.render.graphs import MATRICES, scale
from artdagd.render.streams import Picture, VideoStream
from artdagd.render.wanted import still_wanted

RGB = 0
"""The matrix of what is not YUV, as ITU-T H.273 has it."""


def painted(video: VideoStream, effect: Effect, config_at: Callable[[int], Any]) -> VideoStream:
    """The frames of ``video`` after ``effect.paint``, whose config at frame ``i`` is ``config_at(i)``; in the shape
    that they had. Raises StepFailed (``effect_error``) while it is read, if the function fails or gives none such."""
    before = _converted(video, effect.pixels)
    picture = before.picture
    assert effect.paint is not None
    paint = effect.paint

    def source(start: int) -> Iterator[VideoFrame]:
        first = 0 if effect.remembers else start
        with _blamed(effect, first):
            painter = paint(VideoFormat(picture.width, picture.height, picture.fps))
        for number, frame in enumerate(before.frames(first), first):
            still_wanted()
            with _blamed(effect, number):
                moment = Moment(number, float(number / picture.fps), config_at(number))
                given = arrays(frame)
                made = painter(given if len(given) > 1 else given[0], moment)
                shown = _frame(made if isinstance(made, tuple | list) else (made,), given, picture)
            if number >= start:
                yield shown

    def preroll(start: int) -> int:
        return start if effect.remembers else before.preroll(start)

    return _back(VideoStream(picture, before.count, picture, source, preroll), video.picture)


def arrays(frame: VideoFrame) -> tuple[numpy.ndarray, ...]:
    """The planes of a frame, of shape (height, width), or (height, width, 3) where a plane holds three colours. They
    look into the frame, and can't be written."""
    channels = 3 if frame.format.name == "rgb24" else 1
    made = []
    for plane in frame.planes:
        shape = (plane.height, plane.width, channels)[: 3 if channels > 1 else 2]
        strides = (plane.line_size, channels, 1)[: len(shape)]
        array: numpy.ndarray = numpy.ndarray(shape, numpy.uint8, memoryview(plane), 0, strides)
        array.flags.writeable = False
        made.append(array)
    return tuple(made)


def _frame(made: Sequence[Any], given: Sequence[numpy.ndarray], picture: Picture) -> VideoFrame:
    if len(made) != len(given):
        raise ValueError(f"it gave {len(made)} planes of {len(given)}")
    for array, before in zip(made, given, strict=True):
        if not isinstance(array, numpy.ndarray) or array.dtype != numpy.uint8 or array.shape != before.shape:
            what = f"{array.dtype} of shape {array.shape}" if isinstance(array, numpy.ndarray) else type(array).__name__
            raise ValueError(f"it gave {what}, and takes and gives uint8 of shape {before.shape}")
    return picture_of(made, picture)


class _blamed:
    """What goes wrong inside is the effect's fault, at that frame."""

    def __init__(self, effect: Effect, number: int) -> None:
        self._place = f"effect {effect.name!r}, frame {number}"

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, ValueError):
            raise StepFailed(f"{self._place}: {error}", code="effect_error") from error
        if isinstance(error, Exception) and not isinstance(error, StepFailed):
            raise StepFailed(f"{self._place}: {error!r}", code="effect_error") from error


def _converted(video: VideoStream, pixels: str) -> VideoStream:
    picture = video.picture
    format = pixels
    if pixels == "yuv":
        format = "yuv444p" if picture.format == "gray" else picture.format
    if format == picture.format:
        return video
    full = picture.colour.full_range or format in ("rgb24", "gbrp", "gray")
    colour = replace(picture.colour, full_range=full)
    if format in ("rgb24", "gbrp"):
        colour = replace(colour, space=RGB)
    filters = (scale(out_range="pc" if full else "tv"), *_pinned(format))
    return video.filtered(filters, replace(picture, format=format, colour=colour))


def _back(video: VideoStream, picture: Picture) -> VideoStream:
    if video.picture.format == picture.format:
        return video
    options = {"out_range": "pc" if picture.colour.full_range else "tv"}
    if picture.format != "gray":
        options["out_color_matrix"] = MATRICES.get(picture.colour.space, "bt601")
    return video.filtered((scale(**options), *_pinned(picture.format)), picture)


def _pinned(format: str) -> tuple[Filter, Filter]:
    return Filter("format", {"pix_fmts": format}), Filter("setsar", {"sar": "1"})
