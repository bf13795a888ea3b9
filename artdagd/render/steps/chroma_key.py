"""CHROMA_KEY: a colour made transparent."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from artdagd.errors import StepFailed
from artdagd.hooks.types import Effect, Filter
from artdagd.render.compositing.conform import WITH_ALPHA, alpha_of, to_format
from artdagd.render.drawing.colours import yuv
from artdagd.render.graphs import scale
from artdagd.render.shared import shared
from artdagd.render.steps.mask import GREY, product
from artdagd.render.streams import Media, Picture, VideoStream
from artdagd.steps.curves import curve, moves

RGBA = Filter("format", {"pix_fmts": "rgba"})


def lower(config: Mapping[str, Any], inputs: Sequence[Media], effects: Mapping[str, Effect]) -> Media:
    """The alpha is that of ffmpeg's chromakey or colorkey, multiplied with the one that the picture has. ``despill``
    takes what a green (or blue) screen casts on the rest: ffmpeg's despill, and of its correction that share."""
    media = inputs[0]
    if media.video is None:
        raise StepFailed("its input has no picture", code="refused", advice="give it a video")
    video, picture = shared(media.video), media.video.picture  # read once for the picture and its alpha
    key = _key(config.get("method", "chroma"), config.get("color", "#00ff00"), picture)
    alpha = _through(video, config, {"similarity": 0.15, "blend": 0.05}, key, alpha_of(picture))
    if config.get("despill", 0):
        video = _through(video, config, {"despill": 0.0}, _despill(config.get("color", "#00ff00"), picture), picture)
    return replace(media, video=video, alpha=alpha if media.alpha is None else product(media.alpha, alpha))


def _through(
    video: VideoStream,
    config: Mapping[str, Any],
    defaults: Mapping[str, float],
    filters: Callable[..., tuple[Filter, ...]],
    shape: Picture,
) -> VideoStream:
    """The frames through ``filters(*values)`` of the parameters that ``defaults`` names, some of which may move."""
    values = [config.get(name, default) for name, default in defaults.items()]
    if not any(map(moves, values)):
        return video.filtered(filters(*values), shape)
    curves, fps = [curve(value) for value in values], video.picture.fps
    return video.filtered_by(lambda number: filters(*(at(float(number / fps)) for at in curves)), shape)


def _key(method: str, colour: str, picture: Picture) -> Callable[..., tuple[Filter, ...]]:
    # chromakey takes every picture for BT.601 of full range, unless the colour is given as the picture has it.
    own = "0x{:02x}{:02x}{:02x}".format(*yuv(colour, picture))

    def filters(similarity: float, blend: float) -> tuple[Filter, ...]:
        if method == "rgb":
            found = Filter("colorkey", {"color": colour, "similarity": max(1e-5, similarity), "blend": blend})
            return scale(), RGBA, found, Filter("alphaextract"), GREY
        options: dict[str, str | int | float] = {
            "color": own,
            "yuv": 1,
            "similarity": max(1e-5, similarity),
            "blend": blend,
        }
        form = Filter("format", {"pix_fmts": WITH_ALPHA[picture.format]})
        return scale(), form, Filter("chromakey", options), Filter("alphaextract"), GREY

    return filters


def _despill(colour: str, picture: Picture) -> Callable[..., tuple[Filter, ...]]:
    green, blue = int(colour[3:5], 16), int(colour[5:7], 16)
    kind = "green" if green >= blue else "blue"
    return lambda share: (scale(), RGBA, Filter("despill", {"type": kind, kind: -share}), *to_format(picture))
