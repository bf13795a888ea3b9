"""Gains that follow the level of a sound: a compressor that listens to another sound, and a limiter.

Levels are peaks of hops of some 5 ms: unlike sums of squares, they are the same on every processor. The compressor is
the feed-forward design with its smoothing after the gain computer, in decibels (Giannoulis, Massberg and Reiss,
"Digital Dynamic Range Compressor Design", J. Audio Eng. Soc. 60, 2012), with a hard knee.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy

from artdagd.render.sounds.blocks import amplitude, peaks, ramp

RELEASE = 0.1
"""Seconds that the limiter takes from silence back to full gain."""


class Ducker:
    """How far others are turned down under a sound. ``threshold`` is dB of full scale; times are seconds."""

    def __init__(self, hop: int, rate: int, threshold: float, ratio: float, attack: float, release: float) -> None:
        self._hop = hop
        self._threshold = threshold
        self._share = 1 - 1 / ratio
        self._attack, self._release = (math.exp(-hop / rate / time) if time > 0 else 0.0 for time in (attack, release))
        self._reduction = 0.0

    def gains(self, block: numpy.ndarray) -> numpy.ndarray:
        """The factor for each sample of ``block``, the next part of the sound that is listened to."""
        values = [amplitude(-self._reduction)]
        for peak in peaks(block, self._hop):
            level = 20 * math.log10(max(peak, 1e-9))
            wanted = max(0.0, level - self._threshold) * self._share
            keep = self._attack if wanted > self._reduction else self._release
            self._reduction = wanted + (self._reduction - wanted) * keep
            values.append(amplitude(-self._reduction))
        return ramp(numpy.array(values), self._hop)[: block.shape[1]]


def limited(parts: Iterator[numpy.ndarray], ceiling: float, hop: int, rate: int) -> Iterator[numpy.ndarray]:
    """The same samples, turned down in time wherever they would pass ``ceiling``; others are left as they are.

    The gain at the border of two hops is the lower of what both need, so that on the line between two borders no sample
    passes. It is reached within the hop before, and left over ``RELEASE`` seconds. ``parts`` hold whole hops, but for
    the last.
    """
    rise = hop / rate / RELEASE
    part = next(parts, None)
    needed = _needed(part, ceiling, hop)
    border = needed[0]
    while part is not None:
        following = next(parts, None)
        wanted = _needed(following, ceiling, hop)
        values = [border]
        for need, after in zip(needed, [*needed[1:], wanted[0]], strict=True):
            values.append(min(need, after, values[-1] + rise))
        if min(values) == 1.0:
            yield part
        else:
            yield numpy.clip(part * ramp(numpy.array(values), hop)[: part.shape[1]], -ceiling, ceiling)
        part, needed, border = following, wanted, values[-1]


def _needed(part: numpy.ndarray | None, ceiling: float, hop: int) -> list[float]:
    if part is None:
        return [1.0]
    return [ceiling / peak if peak > ceiling else 1.0 for peak in peaks(part, hop)]
