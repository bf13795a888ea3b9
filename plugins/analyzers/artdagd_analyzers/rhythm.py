"""Beats and tempo by librosa's beat tracker (dynamic programming over onset strength; Ellis 2007)."""

from __future__ import annotations

import os
from typing import Any

from artdagd.hooks import AnalysisRequest, Analyzer

RATE = 22050
HOP = 512
SHORTEST = 1.0
"""Seconds of sound below which there is no rhythm to find."""


def analyze(request: AnalysisRequest) -> dict[str, Any]:
    samples = request.audio(RATE)
    request.progress(0.3)
    if len(samples) < SHORTEST * RATE or not samples.any():
        return {"beats": [], "tempo": 0.0}
    # numba must know where to keep compiled code before it is imported.
    os.environ.setdefault("NUMBA_CACHE_DIR", str(request.state / "numba"))
    import librosa

    strength = librosa.onset.onset_strength(y=samples, sr=RATE, hop_length=HOP)
    request.progress(0.7)
    if not strength.any():
        return {"beats": [], "tempo": 0.0}
    tempo, beats = librosa.beat.beat_track(onset_envelope=strength, sr=RATE, hop_length=HOP, units="time")
    seconds = sorted({round(float(beat), 4) for beat in beats})
    return {"beats": seconds, "tempo": round(float(tempo.item() if hasattr(tempo, "item") else tempo), 2)}


ANALYZER = Analyzer(
    name="rhythm",
    version="1",
    description="Beat times and tempo of a sound track.",
    features={
        "beats": "times of the beats in seconds, increasing, rounded to 0.1 ms",
        "tempo": "estimated tempo in beats a minute; 0 where there is none",
    },
    analyze=analyze,
    needs="audio",
    libraries=("librosa", "numba", "scipy"),
)
