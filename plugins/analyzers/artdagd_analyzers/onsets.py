"""onsets: when notes and hits begin.

SuperFlux (Böck and Widmer, "Maximum filter vibrato suppression for onset detection", DAFx 2013): the rise of a
logarithmic spectrum over two frames, against the maximum of three neighbouring bands, so that vibrato does not count.
Onsets are its local maxima above a moving mean.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from artdagd.hooks import AnalysisRequest, Analyzer, Sound

if TYPE_CHECKING:
    import numpy
    import scipy.sparse

RATE = 22_050
HOP = 220
"""Samples from frame to frame, 10 ms."""

WINDOW = 1024
BANDS_PER_OCTAVE = 24
LOWEST, HIGHEST = 30.0, 11_000.0
"""Hz."""

LAG = 2
"""Frames over which a rise is measured."""

KNEE = 1000.0
"""How far below the loudest sample a sine starts to count: -60 dB."""

BEFORE, AFTER = 10, 7
"""Frames before and after that the moving mean looks at: 100 and 70 ms."""

APART = 3
"""Frames before and after which an onset outdoes: 30 ms."""

DELTA = 0.07
"""By how much an onset rises above the moving mean, as a share of the strong rises of the piece."""

FAINTEST = 0.3
"""Mean rise of a band, summed over the bands in powers of ten, below which nothing counts, however quiet the rest."""

DECIMALS = 3


def analyze(request: AnalysisRequest) -> dict[str, Any]:
    """``onsets``: seconds, increasing, on a raster of 10 ms."""
    sound = request.sound(RATE, mono=True)
    peak = loudest(sound)
    request.progress(0.3)
    frames = peaks(rises(sound, peak)) if peak > 0.0 else []
    times = [round(frame * HOP / RATE, DECIMALS) for frame in frames]
    request.progress(1.0)
    return {"onsets": times}


def loudest(sound: Sound) -> float:
    """The highest sample, without its sign."""
    import numpy as np

    return max((float(np.abs(block).max()) for block in sound), default=0.0)


def rises(sound: Sound, peak: float) -> numpy.ndarray:
    """The strength of the rise at each HOP, float64; ``peak`` is the level that counts as full scale."""
    import numpy as np

    hann = np.hanning(WINDOW + 1)[:-1].astype(np.float32) / np.float32(peak * WINDOW / 4)
    bank = filters()
    parts = []
    recent = np.zeros((LAG, bank.shape[0]), np.float32)
    for windows in sound.windows(WINDOW, HOP):
        magnitude = np.abs(np.fft.rfft(windows * hann))
        level = np.log10(1 + np.float32(KNEE) * (bank @ magnitude.T).T)
        level = np.concatenate([recent, level])
        edged = np.pad(level[:-LAG], ((0, 0), (1, 1)), mode="edge")
        widest = np.maximum(np.maximum(edged[:, :-2], edged[:, 1:-1]), edged[:, 2:])
        parts.append(np.maximum(level[LAG:] - widest, 0).sum(axis=1, dtype=np.float64))
        recent = level[-LAG:]
    return np.concatenate(parts) if parts else np.zeros(0)


def filters() -> scipy.sparse.csr_array:
    """Triangles a quarter tone apart and half a tone wide, float32 of shape (bands, bins); those too narrow for a bin
    are left out."""
    import numpy as np
    import scipy.sparse

    count = int(np.log2(HIGHEST / LOWEST) * BANDS_PER_OCTAVE)
    frequencies = LOWEST * 2 ** (np.arange(count) / BANDS_PER_OCTAVE)
    places = np.unique(np.round(frequencies * WINDOW / RATE).astype(int))
    bins = np.arange(WINDOW // 2 + 1)
    triangles = [
        np.interp(bins, [low, centre, high], [0, 1, 0])
        for low, centre, high in zip(places, places[1:], places[2:], strict=False)
    ]
    # Sparse: sums whose order depends on no thread.
    return scipy.sparse.csr_array(np.array(triangles, np.float32))


def peaks(strength: numpy.ndarray) -> list[int]:
    """The frames whose strength is the highest around, and rises above the moving mean."""
    import numpy as np
    from scipy.ndimage import maximum_filter1d

    if len(strength) == 0:
        return []
    strong = max(float(np.sort(strength)[-max(1, len(strength) // 200) :].mean()), FAINTEST)
    padded = np.pad(strength, (BEFORE, AFTER))
    summed = np.concatenate([[0.0], np.cumsum(padded)])
    width = BEFORE + AFTER + 1
    mean = (summed[width:] - summed[:-width]) / width
    highest = maximum_filter1d(strength, 2 * APART + 1, mode="constant")
    chosen: list[int] = []
    for frame in np.flatnonzero((strength == highest) & (strength >= mean + DELTA * strong)).tolist():
        if not chosen or frame - chosen[-1] > APART:
            chosen.append(frame)
    return chosen


ANALYZER = Analyzer(
    name="onsets",
    version="1",
    description="When notes and hits begin",
    features={"onsets": "times in seconds at which notes and hits begin, increasing, to 3 decimals"},
    analyze=analyze,
    libraries=("numpy", "scipy"),
)
