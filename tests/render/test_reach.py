"""Filters with a short memory: a jump reads a few frames more, and gives what reading from the first frame gives."""

from __future__ import annotations

from fractions import Fraction

import av
import numpy
import pytest

from artdagd.hooks.types import Filter
from artdagd.render.graphs import reach
from artdagd.render.streams import Colour, Picture, VideoStream

SHAPE = Picture(64, 48, "yuv420p", Fraction(25), Colour(5))
BLUR, MIX, TRAIL = Filter("gblur", {"sigma": 2}), Filter("tmix", {"frames": 4}), Filter("lagfun", {"decay": 0.9})
WHOLE = Filter("bwdif", {"mode": "send_frame", "deint": "all"})


def stream(read: list[int]) -> VideoStream:
    """Thirty frames of noise; the numbers of those that are read are noted."""

    def source(start: int):
        for number in range(start, 30):
            read.append(number)
            made = numpy.random.default_rng(number).integers(16, 235, (72, 64), numpy.uint8)
            frame = av.VideoFrame.from_ndarray(made, format="yuv420p")
            frame.colorspace, frame.color_range = 5, 1
            yield frame

    return VideoStream(SHAPE, 30, SHAPE, source, lambda start: 0)


@pytest.mark.parametrize(
    ("filters", "before"),
    [((BLUR,), 0), ((MIX,), 3), ((WHOLE,), 2), ((BLUR, WHOLE, MIX, MIX), 8), ((MIX, TRAIL), None)],
)
def test_a_jump_reads_what_the_filters_reach_and_no_more(filters, before):
    assert reach(filters) == before
    read: list[int] = []
    filtered = stream(read).filtered(filters, SHAPE)
    whole = [frame.to_ndarray().tobytes() for frame in filtered.frames()]
    assert len(whole) == 30
    for start in (1, 5, 20, 29):
        read.clear()
        assert [frame.to_ndarray().tobytes() for frame in filtered.frames(start)] == whole[start:]
        assert read[0] == (0 if before is None else max(0, start - before))
        assert filtered.preroll(start) == start - read[0]
