"""RESIZE: the picture in another size."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

from artdagd.errors import StepFailed
from artdagd.hooks.types import Effect, Filter
from artdagd.render.graphs import scale
from artdagd.render.numbers import even
from artdagd.render.streams import Media, VideoStream


def lower(config: Mapping[str, Any], inputs: Sequence[Media], effects: Mapping[str, Effect]) -> Media:
    """``contain`` shows the whole picture on black, ``cover`` fills the frame and cuts what stands out, ``stretch``
    ignores the aspect. With one side given, the other follows from the aspect. Sides become even."""
    media = inputs[0]
    if media.video is None:
        raise StepFailed("its input has no picture", code="refused", advice="give it a video")
    picture = media.video.picture
    aspect = Fraction(picture.width, picture.height)
    width, height = config.get("width"), config.get("height")
    fit = config.get("fit", "contain")
    if width is None and height is None:
        return media
    if width is None or height is None:
        fit = "stretch"
    wide = Fraction(height) * aspect if width is None and height is not None else Fraction(width or 0)
    high = Fraction(height) if height is not None else wide / aspect
    return replace(media, video=fitted(media.video, even(wide), even(high), fit))


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
