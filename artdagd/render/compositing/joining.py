"""Clips one after the other, each overlapping the next by the length of the transition between them."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import accumulate, islice

import numpy
from av import AudioFrame, VideoFrame

from artdagd.hooks.types import Filter
from artdagd.render.compositing.conform import alpha_of
from artdagd.render.compositing.transitions import Transition
from artdagd.render.networks import Network, run_network
from artdagd.render.sounds.blocks import silence, sound_frame
from artdagd.render.streams import AudioStream, Picture, VideoStream, close


def joined_pictures(
    clips: Sequence[VideoStream],
    joints: Sequence[Transition],
    overlaps: Sequence[int],
    shape: Picture,
    alphas: Sequence[VideoStream] | None = None,
) -> VideoStream:
    """Clips of one shape, one after the other; ``overlaps`` are the frames that the ``joints`` between them take.

    Frame ``j`` of ``d`` in an overlap is ``j / d`` of the way. A clip's frames are read once, in order. The ``alphas``
    of the clips say how much their colours count in a crossfade.
    """
    line = _Timeline(clips, joints, overlaps, shape, alphas)
    return VideoStream(shape, line.ends[-1], shape, line.frames, line.preroll)


class _Timeline:
    """The stretches of the result in turn: a clip alone, its transition to the next, the next alone, …

    Stretch ``2 k`` is clip ``k`` alone, stretch ``2 k + 1`` the transition after it; ``ends`` are the frames at which
    they end.
    """

    def __init__(
        self,
        clips: Sequence[VideoStream],
        joints: Sequence[Transition],
        overlaps: Sequence[int],
        shape: Picture,
        alphas: Sequence[VideoStream] | None,
    ) -> None:
        self._clips, self._joints, self._shape, self._alphas = clips, joints, shape, alphas
        self._before, self._after = [0, *overlaps], [*overlaps, 0]
        lengths = []
        for clip, before, after in zip(clips, self._before, self._after, strict=True):
            lengths += [clip.count - before - after, after]
        self.ends = list(accumulate(lengths))

    def preroll(self, frame: int) -> int:
        return max(self._clips[number].preroll(begin) for number, begin in self._begins(*self._place(frame)))

    def frames(self, start: int) -> Iterator[VideoFrame]:
        if start >= self.ends[-1]:
            return
        first, offset = self._place(start)
        readers: dict[int, Iterator[VideoFrame]] = {}
        try:
            for stretch in range(first, len(self.ends)):
                number, both = divmod(stretch, 2)
                left = self.ends[stretch] - (self.ends[stretch - 1] if stretch else 0) - offset
                if left:
                    for clip, begin in self._begins(stretch, offset):
                        if clip not in readers:
                            readers[clip] = self._clips[clip].frames(begin)
                    pieces = [islice(readers[clip], left) for clip, _ in self._begins(stretch, offset)]
                    yield from self._mixed(number, pieces, offset) if both else pieces[0]
                if both:
                    close(readers.pop(number, None))
                offset = 0
        finally:
            for reader in readers.values():
                close(reader)

    def _place(self, frame: int) -> tuple[int, int]:
        """The stretch that has ``frame``, and which of its frames that is."""
        stretch = bisect_right(self.ends, frame)
        return stretch, frame - (self.ends[stretch - 1] if stretch else 0)

    def _begins(self, stretch: int, offset: int) -> list[tuple[int, int]]:
        """The clips that are seen in a stretch, and which of their frames at ``offset``."""
        number, both = divmod(stretch, 2)
        if not both:
            return [(number, self._before[number] + offset)]
        return [(number, self._clips[number].count - self._after[number] + offset), (number + 1, offset)]

    def _mixed(self, number: int, pieces: Sequence[Iterator[VideoFrame]], offset: int) -> Iterator[VideoFrame]:
        joint, length, shape = self._joints[number], self._after[number], self._shape
        if self._alphas is not None and joint.kind == "crossfade":
            return self._weighed(number, pieces, offset, self._alphas)

        def network_at(frame: int) -> Network:
            return joint.network(Fraction(frame, length), shape)

        return run_network(network_at, [shape, shape], pieces, offset)

    def _weighed(
        self, number: int, pieces: Sequence[Iterator[VideoFrame]], offset: int, alphas: Sequence[VideoStream]
    ) -> Iterator[VideoFrame]:
        joint, length, shape = self._joints[number], self._after[number], self._shape

        def network_at(frame: int) -> Network:
            return joint.weighed(Fraction(frame, length), shape)

        grey = alpha_of(shape)
        readers = [alphas[clip].frames(begin) for clip, begin in self._begins(2 * number + 1, offset)]
        try:
            yield from run_network(network_at, [shape, shape, grey, grey], [*pieces, *readers], offset)
        finally:
            for reader in readers:
                close(reader)


def joined_sound(
    tracks: Sequence[AudioStream | None], lengths: Sequence[int], overlaps: Sequence[int], rate: int, layout: str
) -> AudioStream:
    """Track ``i`` (None is silence), cut or padded to ``lengths[i]`` samples, after the one before it. Where two
    overlap, their gains are the cosine and the sine of a quarter turn, so that the power stays the same (ffmpeg's
    acrossfade with the curve qsin)."""
    before, after = [0, *overlaps], [*overlaps, 0]
    total = sum(lengths) - sum(overlaps)

    def reader(number: int) -> Iterator[AudioFrame]:
        track, length = tracks[number], lengths[number]
        if track is None:
            return silence(length, rate, layout)
        track = track.conformed(rate, layout).lasting(length)
        # afade goes by the time stamps, which after a cut in the same graph don't begin at 0.
        fades = [Filter("asetpts", {"expr": "NB_CONSUMED_SAMPLES"})]
        if before[number]:
            fades.append(_fade("in", 0, before[number]))
        if after[number]:
            fades.append(_fade("out", length - after[number], after[number]))
        return track.filtered(fades, lambda: length).frames()

    def source() -> Iterator[AudioFrame]:
        if not any(overlaps):
            for number in range(len(tracks)):
                if lengths[number] > 0:
                    yield from reader(number)
            return
        current = _Samples(reader(0))
        for number, length in enumerate(lengths):
            yield from (
                sound_frame(part, rate, layout) for part in current.take(length - before[number] - after[number])
            )
            if number + 1 == len(lengths):
                return
            following = _Samples(reader(number + 1))
            left = after[number]
            while left:
                ending = next(current.take(min(left, CHUNK)))
                left -= ending.shape[1]
                starting = numpy.concatenate(list(following.take(ending.shape[1])), axis=1)
                yield sound_frame(ending + starting, rate, layout)
            current = following

    return AudioStream(rate, layout, lambda: total, source)


CHUNK = 4096
"""Samples that are mixed at once."""


class _Samples:
    """The samples of a track, taken by number: arrays of (channels, samples)."""

    def __init__(self, frames: Iterator[AudioFrame]) -> None:
        self._frames = frames
        self._held: numpy.ndarray | None = None

    def take(self, samples: int) -> Iterator[numpy.ndarray]:
        while samples > 0:
            array = next(self._frames).to_ndarray() if self._held is None else self._held
            part, self._held = array[:, :samples], array[:, samples:] if array.shape[1] > samples else None
            samples -= part.shape[1]
            yield part


def _fade(kind: str, start: int, samples: int) -> Filter:
    return Filter("afade", {"type": kind, "start_sample": start, "nb_samples": samples, "curve": "qsin"})
