"""bands and centroid: how strong bass, middle and treble are, and how bright the sound is, moment by moment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from artdagd.hooks import AnalysisRequest, Analyzer, Sound

if TYPE_CHECKING:
    import numpy

RATE = 22_050
HOP = 512
"""Samples from window to window, 23.2 ms: the raster of energy and of the beats, too."""

WINDOW = 2048

EDGES = {"low": (20.0, 250.0), "mid": (250.0, 4000.0), "high": (4000.0, RATE / 2)}
"""The bands, in Hz."""

FAINTEST = 0.003
"""Share (-50 dB) of the strongest band's loudest moment, of which a weaker band counts as a share."""

QUIET = 0.001
"""Share of the loudest moment's level below which the sound has no brightness."""

MOST = 25_000
"""Values of a curve: 9.7 minutes at a value for each HOP. Longer sounds have them further apart."""

DECIMALS = 3


def analyze(request: AnalysisRequest) -> dict[str, Any]:
    """``bands``: {"low": curve, "mid": curve, "high": curve} in 0..1; ``centroid``: a curve in Hz.

    A curve is {"hop": seconds, "values": [...]}; value ``i`` stands for the sound around ``i * hop``.
    """
    power, moment = spectra(request.sound(RATE, mono=True))
    request.progress(0.9)
    hop = HOP * step(power.shape[1]) / RATE
    named = dict(zip(EDGES, bands(power), strict=True))
    result = {
        "bands": {name: {"hop": hop, "values": values} for name, values in named.items()},
        "centroid": {"hop": hop, "values": centroid(moment)},
    }
    request.progress(1.0)
    return {name: result[name] for name in request.features}


def spectra(sound: Sound) -> tuple[numpy.ndarray, numpy.ndarray]:
    """For each HOP the power in each band, (bands, hops), and the sums of magnitude and of frequency times magnitude
    over all bins, (2, hops), of the WINDOW around it under a Hann window; float64."""
    import numpy as np

    hann = np.hanning(WINDOW + 1)[:-1].astype(np.float32)
    frequencies = np.arange(WINDOW // 2 + 1) * RATE / WINDOW
    edges = np.searchsorted(frequencies, [low for low, _ in EDGES.values()])
    powers, moments = [np.zeros((len(EDGES), 0))], [np.zeros((2, 0))]
    for windows in sound.windows(WINDOW, HOP):
        magnitude = np.abs(np.fft.rfft(windows * hann)).astype(np.float64)
        powers.append(np.add.reduceat(np.square(magnitude), edges, axis=1).T)
        moments.append(np.stack([magnitude.sum(axis=1), (magnitude * frequencies).sum(axis=1)]))
    return np.concatenate(powers, axis=1), np.concatenate(moments, axis=1)


def bands(power: numpy.ndarray) -> list[list[float]]:
    """The root of each band's mean power, as a share of the band's loudest moment; 0 in silence."""
    import numpy as np

    levels = np.sqrt(thinned(power))
    loudest = levels.max(axis=1, initial=0.0)
    loudest = np.maximum(loudest, FAINTEST * loudest.max(initial=0.0))
    shares = levels / np.where(loudest > 0.0, loudest, 1.0)[:, np.newaxis]
    return [np.round(curve, DECIMALS).tolist() for curve in shares]


def centroid(moment: numpy.ndarray) -> list[int]:
    """The mean frequency in Hz, weighted by magnitude; 0 where the sound is QUIET."""
    import numpy as np

    magnitude, weighted = thinned(moment)
    heard = magnitude > QUIET * magnitude.max(initial=0.0)
    mean = weighted / np.where(heard, magnitude, 1.0)
    return [round(float(value)) if loud else 0 for value, loud in zip(mean, heard, strict=True)]


def step(hops: int) -> int:
    """How many hops one value stands for: an odd number, so that they lie around its time."""
    return 1 if hops <= MOST else -(-(-(-hops // MOST) - 1) // 2) * 2 + 1


def thinned(curves: numpy.ndarray) -> numpy.ndarray:
    """Means over ``step`` hops around each ``step``-th one: (curves, at most MOST) of (curves, hops)."""
    import numpy as np

    hops = curves.shape[1]
    size = step(hops)
    if size == 1:
        return curves
    places = np.maximum(np.arange(0, hops, size) - size // 2, 0)
    # What reaches beyond an end is a mean of what there is.
    counts = np.diff(np.append(places, hops))
    return np.asarray(np.add.reduceat(curves, places, axis=1) / counts)


ANALYZER = Analyzer(
    name="spectrum",
    version="1",
    description="Bass, middle, treble and brightness of the sound, moment by moment",
    features={
        "bands": (
            '{"low": curve, "mid": curve, "high": curve}, a curve being {"hop": seconds from value to value, "values": '
            "[0..1, ...]}: level of 20 to 250, 250 to 4,000 and 4,000 to 11,025 Hz around i * hop, as a share of the "
            "band's loudest moment, to 3 decimals"
        ),
        "centroid": (
            '{"hop": seconds from value to value, "values": [Hz, ...]}: spectral centroid around i * hop, in whole Hz; '
            "0 in silence"
        ),
    },
    analyze=analyze,
    libraries=("numpy",),
)
