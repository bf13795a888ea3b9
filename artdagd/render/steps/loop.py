"""LOOP: a medium played again and again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any

from av import AudioFrame

from artdagd.hooks.types import Effect
from artdagd.render.streams import AudioStream, Media
from artdagd.steps.numbers import exact, nearest


def lower(config: Mapping[str, Any], inputs: Sequence[Media], effects: Mapping[str, Effect]) -> Media:
    """``count`` rounds, or as much of them as ``duration`` (s) asks for.

    A round lasts as long as the picture, or as the sound if there is no picture. Its sound begins at the sample that is
    nearest to the exact time of its first frame, so that picture and sound never drift apart; it is cut, or padded with
    silence, to the length of the round.
    """
    media = inputs[0]
    count = int(config.get("count") or 0)
    duration = exact(config.get("duration") or 0)
    sound = media.synced()
    if media.video is None:
        if sound is None:
            return media
        total = sound.samples * count if count else max(1, nearest(duration * sound.rate))
        return Media(None, _rounds(sound, sound.duration, total))
    length, rate = media.video.count, media.video.picture.fps
    frames = length * count if count else max(1, nearest(duration * rate))
    looped = media.moved(lambda stream: stream.mapped(lambda i: i % length, frames, rate))
    if sound is None:
        return Media(looped.video, None, alpha=looped.alpha)
    total = max(1, nearest(frames * sound.rate / rate))
    return Media(looped.video, _rounds(sound, media.video.duration, total), alpha=looped.alpha)


def _rounds(sound: AudioStream, period: Fraction, total: int) -> AudioStream:
    """``total`` samples: ``sound`` beginning anew every ``period`` seconds."""

    def source() -> Iterator[AudioFrame]:
        number = start = 0
        while start < total:
            number += 1
            end = min(nearest(number * period * sound.rate), total)
            if end > start:
                yield from sound.lasting(end - start).frames()
            start = end

    return AudioStream(sound.rate, sound.layout, lambda: total, source)
