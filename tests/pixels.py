"""The pixels of decoded frames as arrays."""

from __future__ import annotations

import av
import numpy


def plane(frame: av.VideoFrame, number: int = 0) -> numpy.ndarray:
    """A plane of 8-bit samples: integers of shape (rows, columns)."""
    stored = frame.planes[number]
    return numpy.frombuffer(stored, numpy.uint8).reshape(stored.height, stored.line_size)[:, : stored.width].astype(int)
