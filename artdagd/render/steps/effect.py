"""EFFECT: an installed effect, applied to the picture, whatever of it moves."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

import msgspec
from av import VideoFrame

from artdagd.errors import StepFailed
from artdagd.hooks.types import Effect, Filter, VideoFormat
from artdagd.render.drawing.painting import painted
from artdagd.render.failures import reason
from artdagd.render.graphs import evened, run_video, scale, stateless
from artdagd.render.reading.opening import MAX_PIXELS
from artdagd.render.streams import Media, Picture, VideoStream
from artdagd.steps.curves import curve, moves, whole
from artdagd.steps.moving import number

KEPT = 64
"""Chains of filters that are kept for values that come again: most of a song lies between its pulses."""


def lower(config: Mapping[str, Any], inputs: Sequence[Media], effects: Mapping[str, Effect]) -> Media:
    """``config`` is {effect: NAME, **the effect's parameters}. The sound passes through.

    The pixel format is the same after an effect as before, whatever its filters prefer: so a chain gives the same
    pixels in one pass as step by step. Raises StepFailed (``effect_error``, ``refused``).
    """
    media = inputs[0]
    if media.video is None:
        raise StepFailed("its input has no picture", code="refused", advice="give it a video")
    name = str(config.get("effect"))
    effect = effects.get(name)
    if effect is None:
        raise StepFailed(
            f"no effect {name!r} is installed on this worker",
            code="refused",
            advice="install its plugin on every worker",
        )
    params = {key: value for key, value in config.items() if key != "effect"}
    try:
        video = _applied(effect, params, media.video)
        alpha = media.alpha
        if alpha is not None:
            moved = _applied(effect, params, alpha) if effect.moves_pixels else alpha
            alpha = _sized(moved, video.picture)
        return replace(media, video=video, alpha=alpha)
    except StepFailed as error:
        if error.detail.startswith("effect "):
            raise
        raise StepFailed(f"effect {name!r}: {error.detail}", code="effect_error", advice=error.advice) from error


def _applied(effect: Effect, params: Mapping[str, Any], video: VideoStream) -> VideoStream:
    picture = video.picture
    moving = any(moves(value) for value in params.values())
    config_at = _config_at(effect, params, picture)
    if effect.paint is not None and (moving or effect.build is None):
        return painted(video, effect, config_at)
    built = lru_cache(maxsize=KEPT)(lambda config: _build(effect, config, picture))
    first = built(config_at(0))
    cuts, after = _evened(_tried(first, picture))
    if not moving:
        return video.filtered((*first, *cuts), after)
    return video.filtered_by(lambda number: (*built(config_at(number)), *cuts), after, forgets=stateless(first))


def _config_at(effect: Effect, params: Mapping[str, Any], picture: Picture) -> Callable[[int], Any]:
    """The effect's config at each frame; equal ones are the same object, so far as it is remembered."""
    kinds = {field.encode_name: number(field.type) for field in msgspec.structs.fields(effect.config)}
    curves = {key: curve(value) for key, value in params.items() if moves(value)}

    @lru_cache(maxsize=KEPT)
    def config(*values: float) -> Any:
        try:
            return msgspec.convert({**params, **dict(zip(curves, values, strict=True))}, effect.config)
        except msgspec.ValidationError as error:
            raise StepFailed(f"effect {effect.name!r}: {error}", code="refused") from error

    def at(frame: int) -> Any:
        time = float(frame / picture.fps)
        return config(*(whole(value(time)) if kinds.get(key) is int else value(time) for key, value in curves.items()))

    at(0)  # a wrong one shows before any work is done
    return at


def _evened(after: Picture) -> tuple[tuple[Filter, ...], Picture]:
    cuts, width, height = evened(after.width, after.height)
    return cuts, replace(after, width=width, height=height)


def _sized(alpha: VideoStream, picture: Picture) -> VideoStream:
    """Where an effect gives another size, the transparency is stretched to it."""
    if (alpha.picture.width, alpha.picture.height) == (picture.width, picture.height):
        return alpha
    filters = (scale(w=picture.width, h=picture.height), Filter("setsar", {"sar": "1"}))
    return alpha.filtered(filters, replace(alpha.picture, width=picture.width, height=picture.height))


def _build(effect: Effect, config: Any, picture: Picture) -> tuple[Filter, ...]:
    assert effect.build is not None
    try:
        built = tuple(effect.build(config, VideoFormat(picture.width, picture.height, picture.fps)))
    except Exception as error:
        raise StepFailed(f"effect {effect.name!r} failed: {error!r}", code="effect_error") from error
    # The scalers do nothing unless the effect's filters need another pixel format; then they convert exactly.
    pinned = Filter("format", {"pix_fmts": picture.format})
    return scale(), *built, scale(), pinned, Filter("setsar", {"sar": "1"})


def _tried(filters: Sequence[Filter], picture: Picture) -> Picture:
    """The shape that comes out, found with one blank frame. A wrong option shows here, before any work is done."""
    blank = VideoFrame(picture.width, picture.height, picture.format)
    blank.colorspace, blank.color_range = picture.colour.space, 2 if picture.colour.full_range else 1
    try:
        frame = next(run_video(filters, picture, iter([blank])), None)
    except StepFailed:
        raise
    except Exception as error:
        raise StepFailed(f"its filters failed: {reason(error)}", code="effect_error") from error
    if frame is None:
        raise StepFailed("its filters give no frame; an effect may not change their number", code="effect_error")
    if frame.width * frame.height > MAX_PIXELS:
        raise StepFailed(f"its picture is {frame.width}x{frame.height}: too large", code="effect_error")
    return replace(picture, width=frame.width, height=frame.height)
