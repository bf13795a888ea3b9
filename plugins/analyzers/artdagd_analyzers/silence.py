"""silence: where there is no sound."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from artdagd.hooks import AnalysisRequest, Analyzer

if TYPE_CHECKING:
    import numpy

LOUDEST = 0.001
"""What no sample of a silence reaches: -60 dB of full scale."""

SHORTEST = 0.5
"""Seconds; a shorter gap is none."""

DECIMALS = 4


def analyze(request: AnalysisRequest) -> dict[str, Any]:
    """``silence``: [[start, end], ...] in seconds, in order; one that lasts to the end ends with the sound."""
    sound = request.sound()
    found = [
        [round(start / sound.rate, DECIMALS), round(end / sound.rate, DECIMALS)]
        for start, end in silences(sound, SHORTEST * sound.rate)
    ]
    request.progress(1.0)
    return {"silence": found}


def silences(blocks: Iterable[numpy.ndarray], shortest: float) -> list[tuple[int, int]]:
    """(start, end) of every run of at least ``shortest`` samples that are below LOUDEST in all channels.

    ``blocks`` are of shape (channels, samples); numbers count from the first sample, and ``end`` is the first after.
    """
    import numpy as np

    found = []
    begun = total = 0
    for block in blocks:
        loud = np.flatnonzero((np.abs(block) >= LOUDEST).any(axis=0)) + total
        begins = np.concatenate([[begun], loud + 1])[: len(loud)]
        long = loud - begins >= shortest
        found += list(zip(begins[long].tolist(), loud[long].tolist(), strict=True))
        total += block.shape[1]
        begun = int(loud[-1]) + 1 if len(loud) else begun
    if total - begun >= shortest:
        found.append((begun, total))
    return found


ANALYZER = Analyzer(
    name="silence",
    version="1",
    description="Where there is no sound",
    features={
        "silence": (
            "[[start, end], ...] in seconds, to 4 decimals: where no channel reaches -60 dB of full scale for at least "
            "half a second"
        )
    },
    analyze=analyze,
    libraries=("numpy",),
)
