"""Energy: the level of the sound over time."""

from __future__ import annotations

from typing import Any

from artdagd.hooks import AnalysisRequest, Analyzer

RATE = 22050
HOP = 512
FRAME = 2048


def analyze(request: AnalysisRequest) -> dict[str, Any]:
    import numpy

    samples = request.audio(RATE).astype(numpy.float64)
    count = -(-len(samples) // HOP)
    # Power summed over FRAME samples around each hop, by differences of a running sum.
    running = numpy.concatenate([[0.0], numpy.cumsum(samples**2)])
    centres = numpy.arange(count) * HOP
    first = numpy.clip(centres - FRAME // 2, 0, len(samples))
    last = numpy.clip(centres + FRAME // 2, 0, len(samples))
    rms = numpy.sqrt(numpy.maximum(running[last] - running[first], 0.0) / FRAME)
    peak = rms.max(initial=0.0)
    values = numpy.round(rms / peak if peak > 0 else rms, 4)
    return {"energy": {"hop": HOP / RATE, "values": [float(value) for value in values]}}


ANALYZER = Analyzer(
    name="energy",
    version="1",
    description="Level of a sound track over time.",
    features={"energy": "hop: seconds between values; values: RMS level, 0..1 where 1 is the loudest of the track"},
    analyze=analyze,
    needs="audio",
    libraries=(),
)
