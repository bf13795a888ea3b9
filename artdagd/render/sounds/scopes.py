"""Pictures of sound, drawn by libavfilter's scopes.

A scope draws a picture of so many samples, whatever they are. So it is given, for each picture, the samples around that
picture's time: the number of pictures and their times are ours, and exact.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import islice
from typing import Any

import numpy
from av import VideoFrame
from av.filter import Graph

from artdagd.hooks.types import Filter
from artdagd.render import threads
from artdagd.render.graphs import add, linked, pull, push, scale
from artdagd.render.sounds.blocks import blocks, sound_frame
from artdagd.render.streams import AudioStream, Colour, Picture, VideoStream
from artdagd.render.wanted import still_wanted
from artdagd.steps.numbers import even, exact, nearest

BT709 = Colour(1, 1, 1)
BLOCK = 8192


def shape_of(config: Mapping[str, Any]) -> Picture:
    """The shape of the pictures that ``config`` (``width``, ``height``, ``fps``) asks for."""
    width, height = even(config.get("width", 1280)), even(config.get("height", 720))
    return Picture(width, height, "yuv444p", exact(config.get("fps", 25)), BT709)


def colours(config: Mapping[str, Any]) -> str:
    """``colors``, one for each of two channels or one for both, as the filters take them."""
    given = [colour.replace("#", "0x") for colour in config.get("colors", ("#FFFFFF",))]
    return "|".join(given[i % len(given)] for i in range(2))


def windows(sound: AudioStream, size: int, per_second: Fraction) -> Iterator[numpy.ndarray]:
    """Without end: window ``i`` holds ``size`` samples around ``i / per_second`` seconds; silence beyond the sound."""
    reader = blocks(sound.frames(), BLOCK)
    held, position, number = numpy.zeros((sound.channels, size // 2), numpy.float32), -(size // 2), 0
    while True:
        still_wanted()
        begin = nearest(number * sound.rate / per_second) - size // 2
        while position + held.shape[1] < begin + size:
            block = next(reader, None)
            passed = min(max(0, begin - position), held.shape[1])
            added = numpy.zeros((sound.channels, size), numpy.float32) if block is None else block
            held, position = numpy.concatenate([held[:, passed:], added], axis=1), position + passed
        held, position = held[:, begin - position :], begin
        yield held[:, :size]
        number += 1


def drawn(
    scope: Sequence[Filter], feed: Callable[[], Iterator[numpy.ndarray]], sound: AudioStream, shape: Picture
) -> Callable[[], Iterator[VideoFrame]]:
    """What ``scope``, a chain that gives RGB, draws of the arrays of ``feed``, one after the other. The pictures come
    out as ``shape``, in BT.709."""
    to_shape = scale(out_color_matrix="bt709", out_range="tv")
    filters = (*scope, to_shape, Filter("format", {"pix_fmts": shape.format}), Filter("setsar", {"sar": "1"}))

    def source() -> Iterator[VideoFrame]:
        graph = Graph()
        graph.threads = threads.filters()
        base = Fraction(1, sound.rate)
        options = {"sample_rate": sound.rate, "sample_fmt": "fltp", "channel_layout": sound.layout, "time_base": base}
        begin = add(graph, "abuffer", options)
        sink = linked(graph, begin, filters, "buffersink")
        position = 0
        for samples in feed():
            frame = sound_frame(samples, sound.rate, sound.layout)
            frame.pts, frame.time_base = position, base
            position += frame.samples
            push(begin, frame)
            yield from pull(sink)  # type: ignore[misc]
        push(begin, None)
        yield from pull(sink)  # type: ignore[misc]

    return source


def film(source: Callable[[], Iterator[VideoFrame]], shape: Picture, count: int, late: int = 0) -> VideoStream:
    """A stream of ``count`` pictures of ``source``, after the first ``late``."""

    def frames(start: int) -> Iterator[VideoFrame]:
        return islice(source(), late + start, late + count)

    return VideoStream(shape, count, shape, frames, lambda number: number)
