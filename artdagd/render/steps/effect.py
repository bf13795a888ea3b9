"""EFFECT: the filters of an installed effect, applied to the picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

import msgspec
from av import VideoFrame

from artdagd.errors import StepFailed
from artdagd.hooks.types import Effect, Filter, VideoFormat
from artdagd.render.graphs import evened, run_video, scale, stateless
from artdagd.render.opening import MAX_PIXELS, reason
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
        # What an effect that makes another size did with the pixels is not known: the result is opaque.
        sizes = {(each.picture.width, each.picture.height) for each in (media.video, video)}
        return replace(media, video=video, alpha=media.alpha if len(sizes) == 1 else None)
    except StepFailed as error:
        if error.detail.startswith("effect "):
            raise
        raise StepFailed(f"effect {name!r}: {error.detail}", code="effect_error", advice=error.advice) from error


def _applied(effect: Effect, params: Mapping[str, Any], video: VideoStream) -> VideoStream:
    picture = video.picture
    curves = {key: curve(value) for key, value in params.items() if moves(value)}
    if not curves:
        filters = _build(effect, params, picture)
        after = _tried(filters, picture)
        return video.filtered(*_evened(filters, after))
    kinds = {field.encode_name: number(field.type) for field in msgspec.structs.fields(effect.config)}

    @lru_cache(maxsize=KEPT)
    def built(*values: float) -> tuple[Filter, ...]:
        return _build(effect, {**params, **dict(zip(curves, values, strict=True))}, picture)

    def filters_at(frame: int) -> tuple[Filter, ...]:
        time = float(frame / picture.fps)
        filters = built(*(whole(at(time)) if kinds[key] is int else at(time) for key, at in curves.items()))
        return _evened(filters, after)[0]

    first = built(*(whole(at(0.0)) if kinds[key] is int else at(0.0) for key, at in curves.items()))
    after = _tried(first, picture)
    return video.filtered_by(filters_at, _evened(first, after)[1], forgets=stateless(first))


def _evened(filters: tuple[Filter, ...], after: Picture) -> tuple[tuple[Filter, ...], Picture]:
    cuts, width, height = evened(after.width, after.height)
    return (*filters, *cuts), replace(after, width=width, height=height)


def _build(effect: Effect, params: Mapping[str, Any], picture: Picture) -> tuple[Filter, ...]:
    try:
        config = msgspec.convert(params, effect.config)
    except msgspec.ValidationError as error:
        raise StepFailed(f"effect {effect.name!r}: {error}", code="refused") from error
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
