"""AUDIO_MIX: several sounds at once, each with its gain, its place and its start."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy

from artdagd.errors import StepFailed
from artdagd.hooks.types import Effect
from artdagd.render.sounds.blocks import HOPS, amplitude, blocks, hop, ramp, sampled, sound_of
from artdagd.render.sounds.dynamics import Ducker, limited
from artdagd.render.streams import AudioStream, Media
from artdagd.steps.curves import Curve, curve, moves
from artdagd.steps.numbers import exact, nearest


def lower(config: Mapping[str, Any], inputs: Sequence[Media], effects: Mapping[str, Effect]) -> Media:
    """The sum of all sounds, at the rate of the first one that there is; stereo if one of them is, or is panned.

    The picture of the first input stays, and its sound is in sync with it; one without any sound is silent. ``length``
    tells how long the result is: as the ``first`` input (its picture, if it has one), the ``longest`` or the
    ``shortest``. Where the picture ends before, its last frame is held. Raises StepFailed (``refused``) if no input has
    sound.
    """
    first = inputs[0]
    sounds = [media.synced() for media in inputs]
    heard = [sound for sound in sounds if sound is not None]
    if not heard:
        raise StepFailed("none of its inputs has sound", code="refused", advice="give it music, or a video with sound")
    rate = heard[0].rate
    pans = _each(config.get("pan", 0.0), len(inputs))
    stereo = any(sound.layout == "stereo" for sound in heard) or any(moves(pan) or pan for pan in pans)
    gains = _each(config.get("gain", 0.0), len(inputs))
    delays = [nearest(exact(delay) * rate) for delay in _each(config.get("delay", 0.0), len(inputs))]
    tracks = [
        None if sound is None else _Track(sound.conformed(rate, sound.layout).delayed(delay), rate, gain, pan)
        for sound, gain, pan, delay in zip(sounds, gains, pans, delays, strict=True)
    ]
    samples = _samples(config.get("length", "first"), first, tracks, rate)
    mix = _Mix(tracks, samples, rate, 2 if stereo else 1, config.get("duck"), config.get("limit", 0.0))
    sound = sound_of(rate, "stereo" if stereo else "mono", lambda: samples, mix.blocks)
    if first.video is None:
        return Media(None, sound)
    count = max(1, nearest(Fraction(samples, rate) * first.video.picture.fps))
    return Media(first.video, sound, alpha=first.alpha).moved(lambda video: video.lasting(count))


def _each(value: Any, count: int) -> list[Any]:
    """One value for each input: those of a list, 0 where it ends; or the same for all."""
    if isinstance(value, list | tuple):
        return [*value, *([0.0] * (count - len(value)))]
    return [value] * count


def _samples(length: str, first: Media, tracks: Sequence[_Track | None], rate: int) -> int:
    ends = [None if track is None else track.sound for track in tracks]
    if first.video is not None:
        whole = nearest(first.video.duration * rate)
    else:
        whole = ends[0].samples if ends[0] is not None else 0
    if length != "first":
        others = [sound.samples for sound in ends[1:] if sound is not None]
        whole = max(whole, *others, 0) if length == "longest" else min([whole, *others])
    return max(1, whole)


@dataclass(frozen=True)
class _Track:
    """One sound; ``gain`` (dB) and ``pan`` (-1..1) are numbers or curves on the clock of the result."""

    sound: AudioStream
    rate: int
    gain: Any
    pan: Any

    def levelled(self, block: numpy.ndarray, start: int, channels: int) -> numpy.ndarray:
        """``block``, which begins at sample ``start``, on ``channels`` channels and at its levels."""
        block = numpy.broadcast_to(block, (channels, block.shape[1]))
        gain, pan = curve(self.gain), curve(self.pan)
        sides = [lambda time: amplitude(gain(time))]
        if channels == 2:
            sides = [
                lambda time: amplitude(gain(time)) * min(1.0, 1 - pan(time)),
                lambda time: amplitude(gain(time)) * min(1.0, 1 + pan(time)),
            ]
        levels: numpy.ndarray = block * numpy.stack([self._along(side, start, block.shape[1]) for side in sides])
        return levels

    def _along(self, level: Curve, start: int, length: int) -> numpy.ndarray:
        """``level`` for each of ``length`` samples; a single one for all if nothing moves."""
        if not moves(self.gain) and not moves(self.pan):
            return numpy.array([level(0.0)])
        step = hop(self.rate)
        return ramp(sampled(level, start, -(-length // step), step, self.rate), step)[:length]


@dataclass(frozen=True)
class _Mix:
    tracks: Sequence[_Track | None]
    samples: int
    rate: int
    channels: int
    duck: Mapping[str, Any] | None
    limit: float | None

    def blocks(self) -> Iterator[numpy.ndarray]:
        summed = self._summed()
        return summed if self.limit is None else limited(summed, amplitude(self.limit), hop(self.rate), self.rate)

    def _summed(self) -> Iterator[numpy.ndarray]:
        step = hop(self.rate)
        size = HOPS * step
        ducker, leader = None, -1
        if self.duck is not None:
            levels = (float(self.duck[key]) for key in ("threshold", "ratio", "attack", "release"))
            ducker, leader = Ducker(step, self.rate, *levels), int(self.duck["by"])
        readers = [iter(()) if track is None else blocks(track.sound.frames(), size) for track in self.tracks]
        for start in range(0, self.samples, size):
            length = min(size, self.samples - start)
            parts: list[numpy.ndarray] = []
            for track, reader in zip(self.tracks, readers, strict=True):
                block = next(reader, None) if track is not None else None
                part = numpy.zeros((self.channels, length))
                if track is not None and block is not None:
                    fitting = block[:, :length]
                    part[:, : fitting.shape[1]] = track.levelled(fitting, start, self.channels)
                parts.append(part)
            if ducker is not None:
                under = ducker.gains(parts[leader])
                parts = [part if number == leader else part * under for number, part in enumerate(parts)]
            yield sum(parts[1:], parts[0])
