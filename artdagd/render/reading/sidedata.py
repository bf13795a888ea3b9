"""What a decoded frame carries beside its pixels."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import cast

from av import VideoFrame
from av.filter import Graph
from av.sidedata.sidedata import SideData, Type

UNNAMED = range(len(Type), len(Type) + 12)
"""Kinds of side data that FFmpeg has and av can't name: it refuses to read any of a frame that has one of these (the
EXIF of a photograph)."""


def side_data(frame: VideoFrame, kind: Type) -> bytes:
    """The bytes of FFmpeg's structure of this kind, or none."""
    try:
        data = frame.side_data
    except ValueError:
        data = _without(frame).side_data
    return bytes(cast("Mapping[Type, SideData]", data).get(kind, b""))


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
