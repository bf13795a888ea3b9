"""Sound as numpy arrays, for what libavfilter can't do exactly: in blocks that are counted from the first sample.

Frames come in any size, and in another one after an intermediate was kept; blocks do not. So what is computed from
blocks is the same in one pass or two. Only sums, products, quotients and maxima are taken of whole arrays: numpy's
other functions are not the same to the last bit on every processor.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator

import numpy
from av import AudioFrame

from artdagd.render.streams import AudioStream
from artdagd.render.wanted import still_wanted

HOPS = 32
"""Hops in a block."""


def hop(rate: int) -> int:
    """Samples from one value of a level to the next, some 5 ms; between them is a straight line."""
    return max(1, round(rate / 200))


def blocks(frames: Iterable[AudioFrame], size: int) -> Iterator[numpy.ndarray]:
    """The samples of mono or stereo as float32 of shape (channels, ``size``); the last block may be shorter."""
    return regrouped((frame.to_ndarray() for frame in frames), size)


def regrouped(arrays: Iterable[numpy.ndarray], size: int) -> Iterator[numpy.ndarray]:
    """Arrays of shape (channels, any number) as arrays of shape (channels, ``size``); the last may be shorter."""
    held: list[numpy.ndarray] = []
    waiting = 0
    for array in arrays:
        still_wanted()
        held.append(array)
        waiting += array.shape[1]
        if waiting >= size:
            whole = numpy.concatenate(held, axis=1)
            ready = waiting // size * size
            for start in range(0, ready, size):
                yield whole[:, start : start + size]
            held, waiting = [whole[:, ready:]], waiting - ready
    if waiting:
        yield numpy.concatenate(held, axis=1)


def sound_frame(samples: numpy.ndarray, rate: int, layout: str) -> AudioFrame:
    """A frame that holds a copy of ``samples``, of shape (channels, any number)."""
    frame = AudioFrame.from_ndarray(numpy.ascontiguousarray(samples, numpy.float32), format="fltp", layout=layout)
    frame.sample_rate = rate
    return frame


def sound_of(
    rate: int, layout: str, measure: Callable[[], int], make: Callable[[], Iterator[numpy.ndarray]]
) -> AudioStream:
    """The sound whose samples are those of the arrays (channels, samples) that ``make()`` yields."""

    def source() -> Iterator[AudioFrame]:
        return (sound_frame(block, rate, layout) for block in make())

    return AudioStream(rate, layout, measure, source)


def silence(samples: int, rate: int, mix: str) -> Iterator[AudioFrame]:
    """``samples`` zeros a channel."""
    while samples > 0:
        frame = AudioFrame(format="fltp", layout=mix, samples=min(samples, 4096))
        frame.sample_rate = rate
        for plane in frame.planes:
            plane.update(bytes(plane.buffer_size))
        samples -= frame.samples
        yield frame


def amplitude(decibels: float) -> float:
    """The factor that a gain stands for; -120 dB and less is silence."""
    return 0.0 if decibels <= -120 else math.pow(10.0, decibels / 20)


def ramp(values: numpy.ndarray, length: int) -> numpy.ndarray:
    """Straight lines through ``values``, which stand ``length`` samples apart; the last one is where the next ramp
    begins, and stays out."""
    part = numpy.arange(length) / length
    line: numpy.ndarray = values[:-1, None] + (values[1:] - values[:-1])[:, None] * part
    return line.reshape(-1)


def sampled(value: Callable[[float], float], start: int, count: int, length: int, rate: int) -> numpy.ndarray:
    """``value`` (of seconds) at sample ``start`` and at ``count`` more, ``length`` samples apart."""
    return numpy.array([value((start + i * length) / rate) for i in range(count + 1)])


def peaks(block: numpy.ndarray, length: int) -> list[float]:
    """The largest absolute value over all channels in each ``length`` samples."""
    loudest = numpy.abs(block).max(axis=0)
    padded = numpy.pad(loudest, (0, -len(loudest) % length))
    found: list[float] = padded.reshape(-1, length).max(axis=1).tolist()
    return found
