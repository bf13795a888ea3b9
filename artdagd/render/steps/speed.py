"""SPEED: a medium played faster or slower."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

from artdagd.hooks.types import Effect, Filter
from artdagd.render.numbers import exact, nearest
from artdagd.render.streams import AudioStream, Media, VideoStream


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
    count = max(1, nearest(video.count / factor))
    return video.mapped(lambda i: min(nearest(i * factor), video.count - 1), count, video.picture.fps)


def _sound(audio: AudioStream, factor: Fraction, *, keep_pitch: bool) -> AudioStream:
    samples = max(1, nearest(audio.samples / factor))
    if keep_pitch:
        filters = [Filter("atempo", {"tempo": float(tempo)}) for tempo in _tempos(factor)]
    else:
        # Only the ratio of the two rates counts: in whole numbers it is exact, and the sound stays with its picture.
        ratio = factor.limit_denominator(1_000_000)
        scale = max(1, audio.rate // ratio.denominator)
        filters = [
            Filter("asetrate", {"sample_rate": ratio.numerator * scale}),
            Filter("aresample", {"sample_rate": ratio.denominator * scale}),
            Filter("asetrate", {"sample_rate": audio.rate}),
        ]
    return audio.filtered(filters, lambda: samples).lasting(samples)


def _tempos(factor: Fraction) -> list[Fraction]:
    """Factors of 0.5 to 2, whose product is ``factor``: beyond 2, atempo would skip samples."""
    tempos = []
    while factor > 2:
        tempos.append(Fraction(2))
        factor /= 2
    while factor < Fraction(1, 2):
        tempos.append(Fraction(1, 2))
        factor *= 2
    return [*tempos, factor]
