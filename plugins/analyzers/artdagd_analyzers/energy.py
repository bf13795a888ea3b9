"""energy: how loud the sound is, moment by moment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from artdagd.hooks import AnalysisRequest, Analyzer
from artdagd_analyzers.spectrum import step, thinned

if TYPE_CHECKING:
    import numpy

RATE = 22_050
"""Samples a second that are looked at."""

HOP = 512
"""Samples from value to value of a sound of up to 9.7 minutes, 23.2 ms: the raster of the beats, too."""

BLOCK = 1024
"""Hops that are worked on at a time; no result depends on it."""

DECIMALS = 4


def analyze(request: AnalysisRequest) -> dict[str, Any]:
    """``energy``: {"hop": seconds, "values": [0..1, ...]}."""
    samples = request.audio(RATE)
    values = levels(samples)
    request.progress(1.0)
    return {"energy": {"hop": HOP * step(-(-len(samples) // HOP)) / RATE, "values": values}}


def levels(samples: numpy.ndarray) -> list[float]:
    """The root mean square around sample 0, HOP, 2 * HOP, ..., as a share of the loudest one; all 0.0 in silence.

    ``samples`` are mono at RATE. Value ``i`` covers the two hops that meet at ``i * HOP``; what is missing before the
    start and after the end counts as silence. Samples beyond -1..1 are clipped; one that is not finite is silence. Of a
    sound that is longer than spectrum.MOST values a value is the root of the mean power of several, as that of a band.
    """
    import numpy as np

    hops = -(-len(samples) // HOP)
    # Block by block: a song of hours needs no second copy of itself in double precision.
    power = np.zeros(hops + 2)
    for first in range(0, hops, BLOCK):
        count = min(BLOCK, hops - first)
        piece = np.zeros(count * HOP)
        taken = samples[first * HOP : (first + count) * HOP]
        piece[: len(taken)] = np.clip(np.nan_to_num(taken, nan=0.0, posinf=0.0, neginf=0.0), -1.0, 1.0)
        power[first + 1 : first + count + 1] = np.square(piece).reshape(count, HOP).sum(axis=1)
    level = np.sqrt(thinned(((power[:-1] + power[1:]) / (2 * HOP))[np.newaxis, :hops])[0])
    loudest = float(level.max(initial=0.0))
    if loudest == 0.0:
        return [0.0] * len(level)
    return [round(float(value), DECIMALS) for value in level / loudest]


ANALYZER = Analyzer(
    name="energy",
    version="1",
    description="How loud the sound is, moment by moment",
    features={
        "energy": (
            '{"hop": seconds from value to value, "values": [0..1, ...]}: root mean square around i * hop, '
            "as a share of the loudest moment, to 4 decimals"
        )
    },
    analyze=analyze,
    libraries=("numpy",),
)
