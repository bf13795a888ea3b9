"""Which way up a picture is shown: the display matrix of phone footage, the orientation of a photograph."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from fractions import Fraction
from typing import cast

from av import VideoFrame
from av.filter import Graph
from av.sidedata.sidedata import SideData, Type

from artdagd.hooks.types import Filter

UNNAMED = range(len(Type), len(Type) + 12)
"""Kinds of side data that FFmpeg has and av can't name: it refuses to read any of a frame that has one of these (the
EXIF of a photograph)."""

TURNS = {(True, True): "cclock_flip", (False, True): "clock", (True, False): "cclock", (False, False): "clock_flip"}
"""The transposition for the signs of a matrix's c and b."""


def upright(frame: VideoFrame) -> tuple[tuple[Filter, ...], int]:
    """Filters that show ``frame`` as its display matrix asks, to the nearest quarter turn, mirrored or not; and the
    degrees, clockwise, that a picture which is not mirrored is turned by."""
    matrix = _matrix(frame)
    if matrix is None:
        return (), 0
    # The matrix of ISO/IEC 14496-12: x' = a x + c y, y' = b x + d y, with y downwards.
    a, b, _, c, d = matrix[:5]
    if abs(a) + abs(d) < abs(b) + abs(c):
        return (Filter("transpose", {"dir": TURNS[c > 0, b > 0]}),), 90 if b > 0 else 270
    if d >= 0:
        return ((Filter("hflip"),) if a < 0 else ()), 0
    # vflip leaves the rows in memory from the last to the first; hflip puts them right, and so does copy.
    return (Filter("vflip"), Filter("hflip" if a < 0 else "copy")), 180 if a < 0 else 0


def swaps(filters: tuple[Filter, ...]) -> bool:
    """Whether width and height change places."""
    return any(filter.name == "transpose" for filter in filters)


def _matrix(frame: VideoFrame) -> tuple[int, ...] | None:
    try:
        data = frame.side_data
    except ValueError:
        data = _without(frame).side_data
    found = bytes(cast("Mapping[Type, SideData]", data).get(Type.DISPLAYMATRIX, b""))
    return struct.unpack("=9i", found) if len(found) == 36 else None


def _without(frame: VideoFrame) -> VideoFrame:
    """The frame, but for its side data of UNNAMED kinds."""
    graph = Graph()
    size, base = f"{frame.width}x{frame.height}", Fraction(1, 25)
    source = last = graph.add("buffer", video_size=size, pix_fmt=frame.format.name, time_base=str(base))
    for kind in UNNAMED:
        bare = graph.add("sidedata", mode="delete", type=str(kind))
        last.link_to(bare)
        last = bare
    sink = graph.add("buffersink")
    last.link_to(sink)
    graph.configure()
    frame.pts, frame.time_base = 0, base
    source.push(frame)
    source.push(None)
    bared = sink.pull()
    assert isinstance(bared, VideoFrame)
    return bared
