"""SEGMENT: a part of a medium, cut at frames and samples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

from artdagd.errors import StepFailed
from artdagd.hooks.types import Effect
from artdagd.render.streams import AudioStream, Media, VideoStream
from artdagd.steps import maps
from artdagd.steps.numbers import exact, nearest


def lower(config: Mapping[str, Any], inputs: Sequence[Media], effects: Mapping[str, Effect]) -> Media:
    """What lies in [start, end): the frames and samples nearest to both times. Raises StepFailed (``refused``) if
    the input ends before ``start``."""
    media = inputs[0]
    start = exact(config.get("start") or 0)
    end = None if config.get("end") is None else exact(config["end"])
    if config.get("duration") is not None:
        end = start + exact(config["duration"])
    sound = media.synced()
    part = replace(media.moved(lambda video: _frames(video, start, end)), audio=None, offset=Fraction(0))
    if sound is None:
        return part
    first = nearest(start * sound.rate)
    if part.video is not None and first >= sound.samples:  # the sound ended before: silence, as long as the picture
        return replace(part, audio=sound.cut(first, first + max(1, nearest(part.video.duration * sound.rate))))
    return replace(part, audio=_samples(sound, start, end))


def _frames(video: VideoStream, start: Fraction, end: Fraction | None) -> VideoStream:
    fps = video.picture.fps
    first, count = maps.part(start, end, fps, video.count)
    if first >= video.count:
        raise _too_late(start, video.duration)
    return video.mapped(lambda i: first + i, count, fps)


def _samples(audio: AudioStream, start: Fraction, end: Fraction | None) -> AudioStream:
    first = nearest(start * audio.rate)
    stop = audio.samples if end is None else min(nearest(end * audio.rate), audio.samples)
    if first >= audio.samples:
        raise _too_late(start, audio.duration)
    return audio.cut(first, max(first + 1, stop))


def _too_late(start: Fraction, duration: Fraction) -> StepFailed:
    return StepFailed(
        f"it starts at {float(start):g} s, but its input lasts {float(duration):.3f} s",
        code="refused",
        advice="choose an earlier start",
    )
