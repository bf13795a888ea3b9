"""IMAGE: a still as a clip, with a move over it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cache
from typing import Any

import numpy
from PIL import Image

from artdagd.errors import StepFailed
from artdagd.hooks.types import Effect
from artdagd.render.drawing.colours import yuv
from artdagd.render.drawing.planes import Plane, divisors, picture_of, planes
from artdagd.render.drawing.resampling import window
from artdagd.render.steps.generate import drawn, still
from artdagd.render.streams import Media, Picture, VideoStream
from artdagd.steps import sizes
from artdagd.steps.curves import EASES
from artdagd.steps.numbers import exact, nearest

Box = tuple[float, float, float, float]
"""Left, top, right and bottom, in pixels."""


@dataclass(frozen=True)
class Rest:
    """Where a move stands still: a rectangle ``wide`` pixels across about the point ``x``, ``y``."""

    wide: float
    x: float
    y: float


def lower(config: Mapping[str, Any], inputs: Sequence[Media], effects: Mapping[str, Effect]) -> Media:
    """The first picture of the input for ``duration`` seconds. Between ``from`` and ``to``, what is seen grows or
    shrinks evenly (by the same share in the same time) towards one point, and its edges stand between pixels: it is
    sampled there, so that nothing trembles."""
    media = inputs[0]
    if media.video is None:
        raise StepFailed("its input has no picture", code="refused", advice="give it a still or a video")
    fps = Fraction(*config["fps"]) if isinstance(config["fps"], list | tuple) else exact(config["fps"])
    count = max(1, nearest(exact(config["duration"]) * fps))
    source = media.video.picture
    size = sizes.still(source.width, source.height, config.get("width"), config.get("height"))
    canvas = _canvas((source.width, source.height), size, config.get("fit", "cover"))
    box_at = _boxes(config, canvas, size, count)
    background = yuv(config.get("background", "#000000"), source)

    def clip(stream: VideoStream, ground: Sequence[int]) -> VideoStream:
        shape = replace(stream.picture, width=size[0], height=size[1], fps=fps)
        return _clip(stream, shape, canvas, ground, box_at, count)

    return Media(clip(media.video, background), None, alpha=None if media.alpha is None else clip(media.alpha, (255,)))


def _canvas(still: tuple[int, int], size: tuple[int, int], fit: str) -> tuple[int, int]:
    """The size of what a view can be taken of: the still, or, to contain it in another aspect, with bars."""
    if fit != "contain":
        return still
    aspect = Fraction(*size)
    wide, high = max(Fraction(still[0]), still[1] * aspect), max(Fraction(still[1]), still[0] / aspect)
    return 2 * nearest(wide / 2), 2 * nearest(high / 2)


def _boxes(
    config: Mapping[str, Any], canvas: tuple[int, int], size: tuple[int, int], count: int
) -> Callable[[int], Box]:
    """Frame number -> the rectangle of the canvas that it shows."""
    width, height = canvas
    aspect = width / height if config.get("fit") == "stretch" else size[0] / size[1]
    first = config.get("from") or {}
    ends = [_rest(view, canvas, aspect) for view in (first, config.get("to") or first)]
    begin, end = ends
    ease = EASES[config.get("ease", "in_out")]

    def box(number: int) -> Box:
        done = ease(number / (count - 1)) if count > 1 else 0.0
        wide = begin.wide * (end.wide / begin.wide) ** done
        grown = done if begin.wide == end.wide else (wide - begin.wide) / (end.wide - begin.wide)
        x, y = begin.x + grown * (end.x - begin.x), begin.y + grown * (end.y - begin.y)
        left, top, high = x - wide / 2, y - wide / aspect / 2, wide / aspect
        # Rounded, because libraries differ in the last digit of a power.
        return (
            round(max(0.0, left), 6),
            round(max(0.0, top), 6),
            round(min(width, left + wide), 6),
            round(min(height, top + high), 6),
        )

    return box


def _rest(view: Mapping[str, Any], canvas: tuple[int, int], aspect: float) -> Rest:
    """A view as a rectangle that lies within the canvas."""
    width, height = canvas
    wide = min(width, height * aspect) / view.get("zoom", 1.0)
    high = wide / aspect
    x, y = width * view.get("x", 0.5), height * view.get("y", 0.5)
    return Rest(wide, min(max(x, wide / 2), width - wide / 2), min(max(y, high / 2), height - high / 2))


def _clip(
    stream: VideoStream,
    shape: Picture,
    canvas: tuple[int, int],
    ground: Sequence[int],
    box_at: Callable[[int], Box],
    count: int,
) -> VideoStream:
    parts = divisors(stream.picture)
    boxes = box_at(0), box_at(count - 1)
    # What is far larger than it is ever seen is made smaller once.
    shrink = max(1, int(min(min((b[2] - b[0]) / shape.width, (b[3] - b[1]) / shape.height) for b in boxes)))

    @cache
    def laid() -> list[Plane]:
        frame = next(iter(stream.frames()), None)
        if frame is None:
            raise StepFailed("its input has no picture", code="refused")
        made = []
        for plane, (across, down), colour in zip(planes(frame), parts, ground, strict=True):
            whole = numpy.full((-(-canvas[1] // down), -(-canvas[0] // across)), colour, numpy.uint8)
            top, left = (canvas[1] - frame.height) // 4 * 2 // down, (canvas[0] - frame.width) // 4 * 2 // across
            whole[top : top + plane.shape[0], left : left + plane.shape[1]] = plane
            made.append(numpy.asarray(Image.fromarray(whole).reduce(shrink)) if shrink > 1 else whole)
        return made

    def draw(number: int) -> Any:
        left, top, right, bottom = (edge / shrink for edge in box_at(number))
        return picture_of(window(laid(), parts, (left, top, right, bottom), (shape.width, shape.height)), shape)

    if boxes[0] == boxes[1]:
        return still(lambda: draw(0), shape, count)
    return drawn(draw, shape, count)
