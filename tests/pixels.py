"""The pixels of decoded frames as arrays."""

from __future__ import annotations

import av
import numpy


def plane(frame: av.VideoFrame, number: int = 0) -> numpy.ndarray:
    """A plane of 8-bit samples: integers of shape (rows, columns)."""
    stored = frame.planes[number]
    return numpy.frombuffer(stored, numpy.uint8).reshape(stored.height, stored.line_size)[:, : stored.width].astype(int)


def psnr(one: numpy.ndarray, other: numpy.ndarray) -> float:
    """Peak signal to noise over all of these 8-bit samples, in dB; infinite where all are equal."""
    assert one.shape == other.shape
    error = float(((one.astype(int) - other.astype(int)) ** 2).mean())
    return float("inf") if error == 0 else 10 * float(numpy.log10(255 * 255 / error))
