"""loudness: how loud the sound seems to people, by EBU R128.

Measured by libavfilter's ebur128, on the sound's own channels and rate: loudness after ITU-R BS.1770, loudness range
after EBU Tech 3342, momentary and short-term loudness after EBU Tech 3341.
"""

from __future__ import annotations

import math
from typing import Any

from artdagd.hooks import AnalysisRequest, Analyzer, Filter

HOP = 0.1
"""Seconds from measurement to measurement: as the filter makes them."""

MOMENTARY, SHORT_TERM = 4, 30
"""Measurements that a momentary and a short-term value look back on: 0.4 s and 3 s."""

EVERY = 10
"""Measurements from short-term value to value: 1 s."""

FLOOR = -70.0
"""LUFS that count as silence: the absolute gate of BS.1770."""


def analyze(request: AnalysisRequest) -> dict[str, Any]:
    """``loudness``: {"integrated", "range", "true_peak", "momentary": curve, "short_term": curve}."""
    momentary, short_term = [], []
    last = None
    for _, last in request.sound().measured([Filter("ebur128", {"metadata": 1, "peak": "true"})]):
        momentary.append(max(FLOOR, float(last["lavfi.r128.M"])))
        short_term.append(max(FLOOR, float(last["lavfi.r128.S"])))
    integrated, extent, peak = -math.inf, 0.0, 0.0
    if last is not None:
        integrated = float(last["lavfi.r128.I"])
        extent, peak = float(last["lavfi.r128.LRA"]), float(last["lavfi.r128.true_peak"])
    request.progress(1.0)
    return {
        "loudness": {
            "integrated": round(integrated, 1) if integrated > FLOOR else None,
            "range": round(extent, 1),
            "true_peak": round(20 * math.log10(peak), 1) if peak > 0 else None,
            "momentary": {"hop": HOP, "values": centred(momentary, MOMENTARY, 1)},
            "short_term": {"hop": HOP * EVERY, "values": centred(short_term, SHORT_TERM, EVERY)},
        }
    }


def centred(values: list[float], width: int, every: int) -> list[float]:
    """``values[n]`` looks back on ``width`` measurements from ``n + 1`` on; the result's ``i`` around ``i * every``.

    Near both ends it is that of the nearest whole window; a sound that is shorter than a window has none, and is FLOOR.
    """
    ahead, first, last = width // 2 - 1, width - 1, len(values) - 1
    return [round(values[min(max(n + ahead, first), last)], 1) for n in range(0, len(values), every)]


ANALYZER = Analyzer(
    name="loudness",
    version="1",
    description="Loudness by EBU R128",
    features={
        "loudness": (
            '{"integrated": LUFS, "range": LU, "true_peak": dBTP, "momentary": curve, "short_term": curve}, a curve '
            'being {"hop": seconds from value to value, "values": [LUFS, ...]} around i * hop; all to 1 decimal; '
            "-70 is silence, and null where there is nothing to measure"
        )
    },
    analyze=analyze,
)
