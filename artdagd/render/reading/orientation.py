"""Which way up a picture is shown: the display matrix of phone footage, the orientation of a photograph."""

from __future__ import annotations

import struct

from av import VideoFrame
from av.sidedata.sidedata import Type

from artdagd.hooks.types import Filter
from artdagd.render.reading.sidedata import side_data

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
    data = side_data(frame, Type.DISPLAYMATRIX)
    return struct.unpack("=9i", data) if len(data) == 36 else None
