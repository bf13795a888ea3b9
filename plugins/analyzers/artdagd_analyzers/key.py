"""key: the musical key that a piece is most likely in.

Krumhansl-Schmuckler (Krumhansl, "Cognitive foundations of musical pitch", 1990): how strong each pitch class is over
the whole piece is compared with how well listeners found that it fits each of the 24 keys (profiles of Krumhansl and
Kessler, Psychological Review 89, 1982). Pitch classes are taken from the peaks of the spectrum, after finding how the
piece is tuned (as in Gómez, "Tonal description of polyphonic audio", INFORMS Journal on Computing 18, 2006).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from artdagd.hooks import AnalysisRequest, Analyzer, Sound

if TYPE_CHECKING:
    import numpy

RATE = 11_025
WINDOW = 4096
HOP = 2048
LOWEST, HIGHEST = 65.0, 2100.0
"""Hz between which peaks are looked for: C2 to C7."""

FINE = 10
"""Steps of a semitone in which pitches are counted, before the tuning is known."""

RANGE = 0.003
"""Share (-50 dB) of a window's highest peak below which its peaks don't count."""

AROUND = 16
"""Bins on both sides, 43 Hz, that a peak is compared with."""

ABOVE = 2.5
"""How many times higher than the mean around it a peak is: what noise has hardly any of."""

NAMES = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")

PROFILES = {
    "major": (6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88),
    "minor": (6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17),
}

SURE = 0.15
"""How much better the best key must fit than the second (as correlations) for full confidence."""

UNEVEN = 0.5
"""How uneven the pitch classes must be (deviation by mean) for full confidence: those of noise are even."""

NONE: dict[str, Any] = {"tonic": None, "mode": None, "confidence": 0.0}


def analyze(request: AnalysisRequest) -> dict[str, Any]:
    """``key``: {"tonic": "C" … "B", "mode": "major" or "minor", "confidence": 0..1}; null, null and 0 without pitch."""
    found = estimate(tuned(pitches(request.sound(RATE, mono=True))))
    request.progress(1.0)
    return {"key": found}


def pitches(sound: Sound) -> numpy.ndarray:
    """How much of each pitch, whatever its octave: float64 of shape (12 * FINE,); element 0 is C of A = 440 Hz."""
    import numpy as np

    hann = np.hanning(WINDOW + 1)[:-1].astype(np.float32)
    first, last = round(LOWEST * WINDOW / RATE), round(HIGHEST * WINDOW / RATE)
    total = np.zeros(12 * FINE)
    for windows in sound.windows(WINDOW, HOP):
        magnitude = np.abs(np.fft.rfft(windows * hann)[:, first - 1 : last + 2])
        before, here, after = magnitude[:, :-2], magnitude[:, 1:-1], magnitude[:, 2:]
        least = np.maximum(RANGE * here.max(axis=1, keepdims=True), ABOVE * _around(here))
        window, place = np.nonzero((here > before) & (here >= after) & (here > least))
        # A parabola through the logarithms: the true peak of a Hann window to a hundredth of a bin.
        left, top, right = (np.log(part[window, place] + 1e-30) for part in (before, here, after))
        bins = first + place + 0.5 * (left - right) / np.minimum(left - 2 * top + right, -1e-9)
        pitch = 12 * np.log2(bins * RATE / WINDOW / 440.0) + 9
        # The roots keep loud voices, and the many bins of the octaves above, from hiding the others.
        weight = np.sqrt(here[window, place] / bins)
        total += np.bincount(np.round(pitch * FINE).astype(int) % (12 * FINE), weight, 12 * FINE)
    return total


def _around(magnitude: numpy.ndarray) -> numpy.ndarray:
    """The mean of AROUND bins on both sides, or of as many as there are."""
    import numpy as np

    count = magnitude.shape[1]
    summed = np.pad(np.cumsum(magnitude, axis=1, dtype=np.float64), ((0, 0), (1, 0)))
    first = np.maximum(np.arange(count) - AROUND, 0)
    end = np.minimum(np.arange(count) + AROUND + 1, count)
    return np.asarray((summed[:, end] - summed[:, first]) / (end - first))


def tuned(fine: numpy.ndarray) -> numpy.ndarray:
    """The twelve pitch classes from C on, float64: a semitone lies around the mean offset of all pitches."""
    import numpy as np

    angles = 2 * np.pi * np.arange(len(fine)) / FINE
    offset = np.angle((fine * np.exp(1j * angles)).sum()) / (2 * np.pi) * FINE
    shifted = np.roll(fine, FINE // 2 - round(float(offset)))
    return np.asarray(shifted.reshape(12, FINE).sum(axis=1))


def estimate(chroma: numpy.ndarray) -> dict[str, Any]:
    """The key whose profile correlates best with ``chroma``, (12,) from C on."""
    import numpy as np

    if chroma.std() <= 1e-9 * max(1.0, float(chroma.max())):
        return NONE
    fits = {
        (name, mode): float(np.corrcoef(chroma, np.roll(profile, tonic))[0, 1])
        for tonic, name in enumerate(NAMES)
        for mode, profile in PROFILES.items()
    }
    (best, fit), (_, second) = sorted(fits.items(), key=lambda item: -item[1])[:2]
    uneven = float(chroma.std() / chroma.mean())
    confidence = max(0.0, fit) * min(1.0, (fit - second) / SURE) * min(1.0, uneven / UNEVEN)
    return {"tonic": best[0], "mode": best[1], "confidence": round(confidence, 2)}


ANALYZER = Analyzer(
    name="key",
    version="1",
    description="The musical key",
    features={
        "key": (
            '{"tonic": "C", "C#", ... or "B", "mode": "major" or "minor", "confidence": 0..1 to 2 decimals}, an '
            "estimate for the whole piece; null, null and 0 where there is no pitch"
        )
    },
    analyze=analyze,
    libraries=("numpy",),
)
