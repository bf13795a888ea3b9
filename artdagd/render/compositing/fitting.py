"""A picture brought to another size, by one of the ways to fit what has another aspect."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from artdagd.hooks.types import Filter
from artdagd.render.graphs import scale
from artdagd.render.streams import VideoStream
from artdagd.steps import sizes
from artdagd.steps.numbers import even


def sized(video: VideoStream, width: int | None, height: int | None, fit: str | None) -> VideoStream:
    """The stream with these sides; one that is None follows from the other. ``shrink`` keeps the aspect, adds nothing
    and never enlarges, so that the sides are the most that come out."""
    size = sizes.sized(video.picture.width, video.picture.height, width, height, fit)
    keeps_aspect = fit == "shrink" or width is None or height is None
    return fitted(video, *size, "stretch" if keeps_aspect else fit or "contain")


def fitted(video: VideoStream, width: int, height: int, fit: str) -> VideoStream:
    """The stream in exactly ``width`` x ``height`` (even numbers)."""
    picture = video.picture
    if (picture.width, picture.height) == (width, height):
        return video
    ratios = Fraction(width, picture.width), Fraction(height, picture.height)
    ratio = min(ratios) if fit == "contain" else max(ratios)
    inner = (width, height) if fit == "stretch" else (even(picture.width * ratio), even(picture.height * ratio))
    filters = [scale(w=inner[0], h=inner[1]), Filter("setsar", {"sar": "1"})]
    if inner != (width, height):
        x, y = abs(width - inner[0]) // 4 * 2, abs(height - inner[1]) // 4 * 2
        name = "pad" if fit == "contain" else "crop"
        options = {"w": width, "h": height, "x": x, "y": y}
        filters.append(Filter(name, {**options, "color": "black"} if fit == "contain" else options))
    return video.filtered(filters, replace(picture, width=width, height=height))
