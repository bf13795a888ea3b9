"""SPEED: a medium played faster or slower."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

from artdagd.hooks.types import Effect, Filter
from artdagd.render.sounds.stretch import stretched
from artdagd.render.streams import AudioStream, Media, VideoStream
from artdagd.steps import maps
from artdagd.steps.numbers import exact, nearest


def lower(config: Mapping[str, Any], inputs: Sequence[Media], effects: Mapping[str, Effect]) -> Media:
    """``factor`` 2 lasts half as long. The frame rate stays: frames are left out or repeated."""
    media = inputs[0]
    factor = exact(config.get("factor", 1))
    if factor == 1:
        return media
    sound = media.synced()
    return replace(
        media.moved(lambda video: _pictures(video, factor)),
        audio=None if sound is None else _sound(sound, factor, keep_pitch=bool(config.get("keep_pitch", True))),
        offset=Fraction(0),
    )


def _pictures(video: VideoStream, factor: Fraction) -> VideoStream:
    return video.mapped(*maps.faster(factor, video.count), video.picture.fps)


def _sound(audio: AudioStream, factor: Fraction, *, keep_pitch: bool) -> AudioStream:
    samples = max(1, nearest(audio.samples / factor))
    if keep_pitch:
        # Not atempo: it is about 17 ms early, and loses clicks from factor 2 on.
        return stretched(audio, factor, samples)
    # Only the ratio of the two rates counts: in whole numbers it is exact, and the sound stays with its picture.
    ratio = factor.limit_denominator(1_000_000)
    scale = max(1, audio.rate // ratio.denominator)
    filters = [
        Filter("asetrate", {"sample_rate": ratio.numerator * scale}),
        Filter("aresample", {"sample_rate": ratio.denominator * scale}),
        Filter("asetrate", {"sample_rate": audio.rate}),
    ]
    return audio.filtered(filters, lambda: samples).lasting(samples)
