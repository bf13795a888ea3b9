"""A picture brought to another size, by one of the ways to fit what has another aspect."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from artdagd.hooks.types import Filter
from artdagd.render.graphs import scale
from artdagd.render.numbers import even
from artdagd.render.streams import VideoStream


def sized(video: VideoStream, width: int | None, height: int | None, fit: str | None) -> VideoStream:
    """The stream with these sides; one that is None follows from the other. ``shrink`` keeps the aspect, adds nothing
    and never enlarges, so that the sides are the most that come out."""
    picture = video.picture
    if width is None and height is None:
        return video
    if fit == "shrink":
        sides = ((width, picture.width), (height, picture.height))
        ratio = min(Fraction(1), *(Fraction(most, side) for most, side in sides if most is not None))
        return fitted(video, even(picture.width * ratio), even(picture.height * ratio), "stretch")
    aspect = Fraction(picture.width, picture.height)
    wide = Fraction(height) * aspect if width is None and height is not None else Fraction(width or 0)
    high = Fraction(height) if height is not None else wide / aspect
    alone = width is None or height is None
    return fitted(video, even(wide), even(high), "stretch" if alone else fit or "contain")


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
