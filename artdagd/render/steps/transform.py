"""TRANSFORM: the picture flipped, turned, scaled and shifted within its frame."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import ceil, floor
from typing import Any

import numpy
from PIL import Image

from artdagd.errors import StepFailed
from artdagd.hooks.types import Effect, Filter
from artdagd.render.compositing.opacity import opaque
from artdagd.render.drawing.colours import yuv
from artdagd.render.drawing.planes import Plane, divisors, repainted
from artdagd.render.drawing.resampling import RING, Turn, turned
from artdagd.render.graphs import scale
from artdagd.render.streams import Media, VideoStream
from artdagd.steps import sizes
from artdagd.steps.curves import curve, moves

HALF = (Filter("hflip"), Filter("vflip"))
FLIPS = {"none": (), "horizontal": HALF[:1], "vertical": HALF[1:], "both": HALF}
QUARTERS = {90: (Filter("transpose", {"dir": "clock"}),), 180: HALF, 270: (Filter("transpose", {"dir": "cclock"}),)}


def lower(config: Mapping[str, Any], inputs: Sequence[Media], effects: Mapping[str, Effect]) -> Media:
    """The picture about its centre, ``x``, ``y`` pixels off the frame's centre. Beside it is the ``background``; a
    transparent one gives the result an alpha."""
    media = inputs[0]
    if media.video is None:
        raise StepFailed("its input has no picture", code="refused", advice="give it a video")
    places = {name: config.get(name, default) for name, default in (("rotate", 0), ("scale", 1), ("x", 0), ("y", 0))}
    expand = bool(config.get("expand"))
    exact = [*FLIPS[config.get("flip", "none")], *_quarters(places, expand=expand)]
    media = media.moved(lambda stream: _through(stream, exact)) if exact else media
    still = {**places, "rotate": 0} if _quarters(places, expand=expand) else places
    if media.video is None or still == {"rotate": 0, "scale": 1, "x": 0, "y": 0}:
        return media
    picture = media.video.picture
    size = (picture.width, picture.height)
    if expand:
        if moves(places["rotate"]) or moves(places["scale"]):
            raise StepFailed("with expand, rotate and scale can't move", code="refused")
        size = sizes.turned(*size, places["rotate"], places["scale"])
    background = config.get("background", "#000000")
    clear = background == "transparent"
    alpha = opaque(media.video) if clear and media.alpha is None else media.alpha
    return replace(
        media,
        video=_moved(media.video, places, size, yuv("#000000" if clear else background, picture)),
        alpha=None if alpha is None else _moved(alpha, places, size, (0 if clear else 255,)),
    )


def _quarters(places: Mapping[str, Any], *, expand: bool) -> tuple[Filter, ...]:
    """The filters of a turn that moves whole pixels, if it is one and the picture fills its frame after it."""
    if moves(places["rotate"]) or {**places, "rotate": 0} != {"rotate": 0, "scale": 1, "x": 0, "y": 0}:
        return ()
    degrees = places["rotate"] % 360
    return QUARTERS.get(degrees, ()) if expand or degrees == 180 else ()


def _through(stream: VideoStream, filters: Sequence[Filter]) -> VideoStream:
    picture = stream.picture
    if not any(filter.name == "transpose" for filter in filters):
        return stream.filtered(filters, picture)
    # Chroma of half the width has half the height when it is turned.
    whole = (scale(), Filter("format", {"pix_fmts": picture.format}), Filter("setsar", {"sar": "1"}))
    return stream.filtered((*filters, *whole), replace(picture, width=picture.height, height=picture.width))


def _moved(
    stream: VideoStream, places: Mapping[str, Any], size: tuple[int, int], background: Sequence[int]
) -> VideoStream:
    picture, parts = stream.picture, divisors(stream.picture)
    rotate, scale, x, y = (curve(places[name]) for name in ("rotate", "scale", "x", "y"))

    def change(number: int, planes: Sequence[Plane]) -> Sequence[Plane]:
        time = float(number / picture.fps)
        centre = size[0] / 2 + x(time), size[1] / 2 + y(time)
        turn = Turn(rotate(time), min(max(scale(time), 0.01), 16.0), *centre, *size)
        return (turned if turn.degrees % 360 else _placed)(planes, parts, turn, background)

    return repainted(stream, change, replace(picture, width=size[0], height=size[1]))


def _placed(
    planes: Sequence[Plane], divisors: Sequence[tuple[int, int]], turn: Turn, background: Sequence[int]
) -> list[Plane]:
    """What :func:`turned` gives of a picture that is not turned, row by row and column by column: a third of the
    time."""
    made = []
    for plane, (across, down), colour in zip(planes, divisors, background, strict=True):
        # On a ring of the background as wide as the filter reaches, so that the edge is smooth.
        ring = RING * ceil(max(1.0, 1 / turn.scale))
        ground = numpy.pad(plane, ring, constant_values=colour)
        shift = 0.25 * (turn.scale - 1) if across > 1 else 0.0  # chroma lies on the left one of its two columns
        canvas = numpy.full((-(-turn.height // down), -(-turn.width // across)), colour, numpy.uint8)
        columns = _span(turn.x / across + shift, plane.shape[1], ring, turn.scale, canvas.shape[1])
        rows = _span(turn.y / down, plane.shape[0], ring, turn.scale, canvas.shape[0])
        if columns and rows:
            (left, right, *wide), (top, bottom, *high) = columns, rows
            box = (wide[0], high[0], wide[1], high[1])
            size = (right - left, bottom - top)
            image = Image.fromarray(ground).resize(size, Image.Resampling.BICUBIC, box=box)
            canvas[top:bottom, left:right] = numpy.asarray(image)
        made.append(canvas)
    return made


def _span(centre: float, length: int, ring: int, scale: float, room: int) -> tuple[int, int, float, float] | None:
    """Along one axis: from where to where on the canvas, which has ``room``, a picture of ``length`` with its ring is
    seen, whose middle is at ``centre``; and what of it. None if nothing is."""
    start = centre - (length / 2 + ring) * scale
    whole = length + 2 * ring
    first, last = max(0, ceil(start)), min(room, floor(start + whole * scale))
    if first >= last:
        return None
    return first, last, max(0.0, (first - start) / scale), min(float(whole), (last - start) / scale)
