"""CROP: a rectangle of the picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from artdagd.errors import StepFailed
from artdagd.hooks.types import Effect, Filter
from artdagd.render.drawing.planes import Plane, divisors, repainted
from artdagd.render.drawing.resampling import window
from artdagd.render.streams import Media, VideoStream
from artdagd.steps.curves import Curve, curve, moves
from artdagd.steps.numbers import even


def lower(config: Mapping[str, Any], inputs: Sequence[Media], effects: Mapping[str, Effect]) -> Media:
    """``w`` x ``h`` pixels from ``x``, ``y`` on. Where these lie between pixels, the picture is interpolated; a place
    that moves stays within the picture."""
    media = inputs[0]
    if media.video is None:
        raise StepFailed("its input has no picture", code="refused", advice="give it a video")
    picture = media.video.picture
    width, height = even(config["w"]), even(config["h"])
    spare = picture.width - width, picture.height - height
    if min(spare) < 0:
        raise StepFailed(
            f"it asks for {width}x{height} pixels of a picture of {picture.width}x{picture.height}", code="refused"
        )
    places = [room / 2 if config.get(key) is None else config[key] for key, room in zip("xy", spare, strict=True)]
    if not any(map(moves, places)) and all(place % 2 == 0 for place in places):
        exact = {"w": width, "h": height, "x": int(places[0]), "y": int(places[1]), "exact": 1}
        return media.moved(
            lambda stream: stream.filtered(
                (Filter("crop", exact),), replace(stream.picture, width=width, height=height)
            )
        )
    x, y = map(curve, places)
    return media.moved(partial(_sampled, x=x, y=y, size=(width, height)))


def _sampled(stream: VideoStream, *, x: Curve, y: Curve, size: tuple[int, int]) -> VideoStream:
    picture, parts = stream.picture, divisors(stream.picture)

    def change(number: int, planes: Sequence[Plane]) -> Sequence[Plane]:
        time = float(number / picture.fps)
        left = min(max(x(time), 0.0), picture.width - size[0])
        top = min(max(y(time), 0.0), picture.height - size[1])
        return window(planes, parts, (left, top, left + size[0], top + size[1]), size)

    return repainted(stream, change, replace(picture, width=size[0], height=size[1]))
