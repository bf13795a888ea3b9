"""Sound at another speed and at the same pitch.

Frames of 40 ms are laid over each other by half, taken from where the sound is most like what comes next by itself:
WSOLA (Verhelst and Roelands, "An overlap-add technique based on waveform similarity", ICASSP 1993). Beyond that, onsets
are held: the frames around one are taken so that it stands at its exact time, once, and no other frame contains it
(where two stand within 40 ms of each other, each has the frames that are nearer to it).
What is compared are whole numbers, so that every processor finds the same place.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction

import numpy
from numpy.lib.stride_tricks import sliding_window_view

from artdagd.render.sounds.blocks import blocks, sound_of
from artdagd.render.streams import AudioStream
from artdagd.steps.numbers import nearest

SPARSE = 4
"""Places are first compared at every fourth sample; then the neighbours of the best one at all of them."""

RISE, FALL, FLOOR = 3, 0.93, 60
"""An onset is where the steps from sample to sample grow to ``RISE`` times what they were; that is forgotten by the
factor ``FALL`` each 2.5 ms, and never less than ``FLOOR`` (of 32767)."""


def stretched(sound: AudioStream, factor: Fraction, samples: int) -> AudioStream:
    """``samples`` samples of ``sound``, ``factor`` times as fast."""
    return sound_of(sound.rate, sound.layout, lambda: samples, lambda: _stretched(sound, factor, samples))


def _stretched(sound: AudioStream, factor: Fraction, samples: int) -> Iterator[numpy.ndarray]:
    half = max(SPARSE, round(sound.rate / 50))
    window = numpy.array([0.5 - 0.5 * math.cos(math.pi * (i + 0.5) / half) for i in range(2 * half)])
    source = _Source(sound, factor)
    place, tail = 0, numpy.zeros((1, half))
    for middle in range(0, samples + half, half):
        usual = nearest(middle * factor)
        source.read_to(usual + math.ceil(2 * half * max(Fraction(1), factor)) + half)
        place = _place(source, usual, middle, place, half) if middle else 0
        frame = source.samples(place - half, place + half) * window
        if middle:
            yield (tail + frame[:, :half])[:, : samples - middle + half]
        tail = frame[:, half:]
        source.forget(min(place, usual) - 3 * half)


def _place(source: _Source, usual: int, middle: int, before: int, half: int) -> int:
    """Which sample of the source stands in the middle of the frame at ``middle``: one that is near to ``usual``. The
    last frame had ``before``."""
    search, onsets = half // 2, source.onsets
    held = [(abs(middle - time), onset + middle - time) for onset, time in onsets if abs(middle - time) < half]
    if held:
        return min(held)[1]
    last = min([usual + search, *(onset - half - half // 10 for onset, time in onsets if time >= middle + half)])
    first = min(usual - search, last)
    first = max([first, *(onset + half for onset, time in onsets if time <= middle - half)])
    wanted = source.mono(before, before + half)
    coarse = range(first, max(first, last) + 1, SPARSE)
    best = _nearest_like(source, wanted, coarse, usual, half, SPARSE)
    fine = range(max(first, best - SPARSE + 1), min(max(first, last), best + SPARSE - 1) + 1)
    return _nearest_like(source, wanted, fine, usual, half, 1)


def _nearest_like(source: _Source, wanted: numpy.ndarray, places: range, usual: int, half: int, sparse: int) -> int:
    """The place before which the sound is most like ``wanted``; of equal ones, that which is next to ``usual``."""
    region = source.mono(places[0] - half, places[-1])
    parts = sliding_window_view(region, half)[:: places.step, ::sparse]
    unlike = numpy.abs(parts - wanted[::sparse]).sum(axis=1, dtype=numpy.int64)
    equal = numpy.flatnonzero(unlike == unlike.min())
    return min((places[int(index)] for index in equal), key=lambda place: (abs(place - usual), place))


class _Source:
    """A part of the sound, as it is and as whole numbers of one channel; and the ``onsets`` in it, as pairs of where
    they stand in the sound and in the result."""

    def __init__(self, sound: AudioStream, factor: Fraction) -> None:
        self._factor = factor
        self._step = max(1, round(sound.rate / 400))
        self._blocks = blocks(sound.frames(), 32 * self._step)
        self._start = 0
        self._samples = numpy.zeros((sound.channels, 0), numpy.float32)
        self._mono = numpy.zeros(0, numpy.int32)
        self._level = float(FLOOR)
        self.onsets: list[tuple[int, int]] = []

    def read_to(self, end: int) -> None:
        while self._start + self._samples.shape[1] < end:
            block = next(self._blocks, None)
            if block is None:
                block = numpy.zeros((len(self._samples), 32 * self._step), numpy.float32)
            # Not in equal parts: sides in opposite phase would cancel.
            mixed = block[0] if len(block) == 1 else (2 * block[0] + block[1]) / 3
            mono = numpy.rint(numpy.clip(mixed, -64, 64) * 32767).astype(numpy.int32)
            begin = self._start + self._samples.shape[1]
            before = self._mono[-1:] if len(self._mono) else mono[:1]
            self._find_onsets(numpy.abs(numpy.diff(mono, prepend=before)), begin)
            self._samples = numpy.concatenate([self._samples, block], axis=1)
            self._mono = numpy.concatenate([self._mono, mono])

    def _find_onsets(self, steps: numpy.ndarray, begin: int) -> None:
        for start in range(0, len(steps), self._step):
            part = steps[start : start + self._step]
            peak = float(part.max())
            if peak > RISE * self._level:
                onset = begin + start + int((part * 2 >= peak).argmax())
                self.onsets.append((onset, nearest(onset / self._factor)))
            self._level = max(peak, self._level * FALL, float(FLOOR))

    def forget(self, end: int) -> None:
        """What stands before ``end`` is not asked for any more."""
        if end - self._start > self._samples.shape[1] // 2:
            self._samples, self._mono = self._samples[:, end - self._start :], self._mono[end - self._start :]
            self._start = end
        while self.onsets and self.onsets[0][0] < end:
            self.onsets.pop(0)

    def samples(self, first: int, stop: int) -> numpy.ndarray:
        return self._part(self._samples, first, stop)

    def mono(self, first: int, stop: int) -> numpy.ndarray:
        return self._part(self._mono, first, stop)

    def _part(self, array: numpy.ndarray, first: int, stop: int) -> numpy.ndarray:
        """Samples ``first`` … ``stop - 1``; zeros before the beginning."""
        missing = min(max(0, self._start - first), stop - first)
        part = array[..., max(0, first - self._start) : max(0, stop - self._start)]
        after = stop - first - missing - part.shape[-1]
        pads = [(0, 0)] * (array.ndim - 1) + [(missing, after)]
        return numpy.pad(part, pads) if missing or after else part
