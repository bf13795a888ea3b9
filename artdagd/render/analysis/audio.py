"""Sound as arrays, for analyzers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy
from av import AudioFrame, AudioLayout, AudioResampler

from artdagd.errors import StepFailed
from artdagd.hooks.types import Filter
from artdagd.render.failures import reporting
from artdagd.render.graphs import run_audio
from artdagd.render.reading.opening import open_media
from artdagd.render.reading.sound import MAX_RATE, decode, track
from artdagd.render.sounds.blocks import regrouped

BLOCK = 65_536
"""Samples of a block; no more are held at a time, of each channel, than two of them and a window."""


def mono(path: Path, rate: int) -> numpy.ndarray:
    """The whole sound track of ``path`` mixed to mono: float32 of shape (samples,), in -1..1, at ``rate`` Hz.

    Element 0 is the track's first sample. Raises StepFailed (``bad_media``) if there is no readable sound.
    """
    parts = [frame.to_ndarray()[0] for frame in decode(path, rate, "mono")]
    whole = numpy.concatenate(parts) if parts else numpy.zeros(0, numpy.float32)
    return numpy.clip(whole, -1.0, 1.0, out=whole)


LAYOUTS = ("mono", "stereo", "2.1", "4.0", "5.0", "5.1", "6.1", "7.1")
"""What FFmpeg takes the channels of a track for that doesn't name them, by their number less one."""


@dataclass(frozen=True)
class Blocks:
    """The sound track of a file, as :class:`artdagd.hooks.Sound` has it. Reading raises StepFailed (``bad_media``)."""

    path: Path
    rate: int
    layout: str
    channels: tuple[str, ...]

    @classmethod
    def of(cls, path: Path, rate: int | None = None, mono: bool = False) -> Blocks:
        """Raises StepFailed (``bad_media``) if there is no sound, and ValueError for a rate that can't be."""
        if rate is not None and not 0 < rate <= MAX_RATE:
            raise ValueError(f"{rate} is no sample rate: give 1 to {MAX_RATE} Hz")
        with reporting("the sound can't be read"), open_media(path) as container:
            stream = track(container)
            if stream is None:
                raise StepFailed("the file has no sound that can be decoded", code="bad_media")
            context = stream.codec_context
            layout = AudioLayout("mono") if mono else context.layout
            if layout.channels[0].name == "NONE" and layout.nb_channels <= len(LAYOUTS):
                layout = AudioLayout(LAYOUTS[layout.nb_channels - 1])
            names = tuple(channel.name for channel in layout.channels)
            return cls(path, rate or context.sample_rate, layout.name, names)

    def __iter__(self) -> Iterator[numpy.ndarray]:
        return regrouped(self._decoded(), BLOCK)

    def _decoded(self) -> Iterator[numpy.ndarray]:
        # Packed: av takes the planes of 8 channels for 9, and reads beyond them.
        packed = AudioResampler("flt", self.layout, self.rate)
        for frame in decode(self.path, self.rate, self.layout):
            frame.pts = None
            for one in packed.resample(frame):
                yield finite(one.to_ndarray().reshape(-1, len(self.channels)).T)

    def windows(self, size: int, hop: int) -> Iterator[numpy.ndarray]:
        if size < 1 or hop < 1:
            raise ValueError(f"windows of {size} samples every {hop} can't be: give at least 1 of each")
        if len(self.channels) != 1:
            raise ValueError(f"the sound has {len(self.channels)} channels; windows are of mono sound")
        return _windows((block[0] for block in self), size, hop)

    def measured(self, filters: Sequence[Filter]) -> Iterator[tuple[float, Mapping[str, str]]]:
        for frame in run_audio(filters, self._frames()):
            if frame.metadata:
                yield frame.time or 0.0, dict(frame.metadata)

    def _frames(self) -> Iterator[AudioFrame]:
        for samples in self:
            packed = numpy.ascontiguousarray(samples.T).reshape(1, -1)
            frame = AudioFrame.from_ndarray(packed, "flt", self.layout)
            frame.sample_rate = self.rate
            yield frame


def finite(samples: numpy.ndarray) -> numpy.ndarray:
    """The samples, with 0 for those that are no finite number."""
    # The sum is finite only if all are; a sum that overflows costs a look at each.
    if numpy.isfinite(samples.sum(dtype=numpy.float64)):
        return samples
    return numpy.where(numpy.isfinite(samples), samples, numpy.float32(0))


def _windows(blocks: Iterable[numpy.ndarray], size: int, hop: int) -> Iterator[numpy.ndarray]:
    """Windows that begin ``size // 2`` before sample 0, ``hop``, …; as many as there are hops, begun ones included."""
    held = numpy.zeros(size // 2, numpy.float32)
    total = made = 0
    for block in blocks:
        total += len(block)
        held = numpy.concatenate([held, block])
        count = min((len(held) - size) // hop + 1, len(held) // hop)
        if count > 0:
            yield _overlapping(held, size, hop)[:count]
            made += count
            held = held[count * hop :]
    left = -(-total // hop) - made
    while left > 0:
        count = min(left, max(1, BLOCK // hop))
        missing = max((count - 1) * hop + size, count * hop) - len(held)
        held = numpy.concatenate([held, numpy.zeros(max(0, missing), numpy.float32)])
        yield _overlapping(held, size, hop)[:count]
        held, left = held[count * hop :], left - count


def _overlapping(samples: numpy.ndarray, size: int, hop: int) -> numpy.ndarray:
    return numpy.lib.stride_tricks.sliding_window_view(samples, size)[::hop]
