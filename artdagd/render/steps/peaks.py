"""PEAKS: a sound's waveform as one picture."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any

import numpy
from av import VideoFrame

from artdagd.errors import StepFailed
from artdagd.hooks.types import Effect
from artdagd.render.streams import AudioStream, Colour, Media, Picture, VideoStream

FPS = Fraction(25)
WAVE = (129, 154, 110)
"""Y, U and V (BT.709, limited range) of the wave: a blue that can be read on light and on dark."""


def lower(config: Mapping[str, Any], inputs: Sequence[Media], effects: Mapping[str, Effect]) -> Media:
    """One frame, transparent but for the wave. Column ``c`` of ``w`` reaches from the least to the greatest sample, of
    all channels, of the sound's ``c``-th part; full scale fills the height."""
    audio = inputs[0].audio
    if audio is None:
        raise StepFailed("its input has no sound", code="refused", advice="give it a file with sound")
    width, height = config["width"], config["height"]

    def colour(start: int) -> Iterator[VideoFrame]:
        planes = numpy.array(WAVE, numpy.uint8)[:, None, None]
        yield VideoFrame.from_ndarray(numpy.broadcast_to(planes, (3, height, width)).copy(), format="yuv444p")

    def wave(start: int) -> Iterator[VideoFrame]:
        yield VideoFrame.from_ndarray(_drawn(*peaks(audio, width), height), format="gray")

    shape = Picture(width, height, "yuv444p", FPS, Colour(1, 1, 1))
    mask = Picture(width, height, "gray", FPS, Colour(full_range=True))
    return Media(
        VideoStream(shape, 1, shape, colour, lambda i: 0), None, alpha=VideoStream(mask, 1, mask, wave, lambda i: 0)
    )


def peaks(audio: AudioStream, columns: int) -> tuple[numpy.ndarray, numpy.ndarray]:
    """The least and the greatest sample of each of ``columns`` equal parts of a sound: float32 of shape (columns,)."""
    total = max(1, audio.samples)
    low, high = numpy.zeros(columns, numpy.float32), numpy.zeros(columns, numpy.float32)
    position = 0
    for frame in audio.frames():
        samples = frame.to_ndarray()
        column = numpy.minimum((position + numpy.arange(samples.shape[1])) * columns // total, columns - 1)
        starts = numpy.flatnonzero(numpy.diff(column, prepend=-1))
        at = column[starts]
        low[at] = numpy.minimum(low[at], numpy.minimum.reduceat(samples.min(0), starts))
        high[at] = numpy.maximum(high[at], numpy.maximum.reduceat(samples.max(0), starts))
        position += samples.shape[1]
    return numpy.clip(low, -1, 1), numpy.clip(high, -1, 1)


def _drawn(low: numpy.ndarray, high: numpy.ndarray, height: int) -> numpy.ndarray:
    """255 from each column's least to its greatest sample, at least one pixel: silence is a line."""
    middle = (height - 1) / 2
    top, bottom = numpy.floor(middle - high * middle), numpy.ceil(middle - low * middle)
    rows = numpy.arange(height)[:, None]
    return numpy.where((rows >= top) & (rows <= bottom), 255, 0).astype(numpy.uint8)
