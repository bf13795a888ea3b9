"""The pixels of decoded frames as arrays."""

from __future__ import annotations

import av
import numpy


def plane(frame: av.VideoFrame, number: int = 0) -> numpy.ndarray:
    """A plane of 8-bit samples: integers of shape (rows, columns)."""
    stored = frame.planes[number]
    return numpy.frombuffer(stored, numpy.uint8).reshape(stored.height, stored.line_size)[:, : stored.width].astype(int)


def ssim(one: numpy.ndarray, other: numpy.ndarray, side: int = 8) -> float:
    """The mean structural similarity, at most 1, of two planes of bytes, over the squares of ``side`` pixels that they
    are made of. Wang et al., Image quality assessment: from Error Visibility to Structural Similarity (2004), (13)."""
    height, width = (length // side for length in one.shape)
    cut = (slice(height * side), slice(width * side))
    a, b = (samples[cut].astype(float).reshape(height, side, width, side) for samples in (one, other))
    inside = (1, 3)
    mean_a, mean_b = a.mean(inside), b.mean(inside)
    together = (a * b).mean(inside) - mean_a * mean_b
    steady_mean, steady_spread = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    above = (2 * mean_a * mean_b + steady_mean) * (2 * together + steady_spread)
    below = (mean_a**2 + mean_b**2 + steady_mean) * (a.var(inside) + b.var(inside) + steady_spread)
    return float((above / below).mean())


def psnr(one: numpy.ndarray, other: numpy.ndarray) -> float:
    """Peak signal to noise over all of these 8-bit samples, in dB; infinite where all are equal."""
    assert one.shape == other.shape
    error = float(((one.astype(int) - other.astype(int)) ** 2).mean())
    return float("inf") if error == 0 else 10 * float(numpy.log10(255 * 255 / error))
