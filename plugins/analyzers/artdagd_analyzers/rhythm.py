"""beats and tempo, by librosa's beat tracker, and an estimate of the downbeats.

Onset strength is the mean rise of a mel spectrogram in decibels, the tempo the strongest period of its autocorrelation,
the beats the best sequence of onsets about one period apart (dynamic programming: Ellis, "Beat tracking by dynamic
programming", Journal of New Music Research 36, 2007). All of that is librosa's, fed block by block, because a spectrum
of a song of hours would need gigabytes. Two things are ours: librosa's lag is taken off, and where bass drum
and beats contradict each other, the bass drum is right (Goto, "An audio-based real-time beat tracking system", Journal
of New Music Research 30, 2001).

A bar begins where the sound changes most from two beats to the next two (harmony mostly does so on bar lines: Goto; the
spectral difference of Davies and Plumbley, "A spectral difference approach to downbeat extraction", EUSIPCO 2006) and
where the bass is. Where bars lie is chosen for all beats together, by dynamic programming.

Everything that shapes the result is in this module: it is the analyzer's identity.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from artdagd.hooks import AnalysisRequest, Analyzer
from artdagd_analyzers import compiled

if TYPE_CHECKING:
    import numpy

RATE = 22_050
HOP = 512
WINDOW = 2048
BANDS = 128
BLOCK = 1024
"""Frames (hops) that are worked on at a time; no result depends on it."""

SHORTEST = 1.0
"""Seconds of sound below which there is no rhythm to find."""

RANGE = 80.0
"""Decibels below the loudest moment that count as silence."""

TEMPO_SECONDS = 8.0
"""How much sound one measurement of the tempo looks at."""

LAG = HOP
"""Samples by which librosa finds beats late, on the mean (measured: README)."""

BASS = 5
"""Mel bands up to 190 Hz: the bass drum."""

BASS_AHEAD = 2.0
"""How many times stronger a bass onset between two beats must be than that on the beat, to count."""

BASS_FAINTEST = 0.1
"""Share of the song's strongest bass onset below which none counts."""

METRES = (4, 3)
"""Beats of a bar that are tried."""

THREE = 1.2
"""How much better bars of any other length must fit than those of the first."""

JUMP = 8.0
"""What a bar of another length costs, in deviations of what the beats say: where a beat was missed or found twice."""

BASS_SHARE = 0.5
"""How much the bass counts beside the change of the sound."""

DECIMALS = 4


def analyze(request: AnalysisRequest) -> dict[str, Any]:
    """``beats``, ``downbeats``: seconds, increasing; ``tempo``: beats a minute. None and 0.0 where there is no rhythm.

    Beats lie on the raster of HOP samples, 23.2 ms; downbeats are some of them.
    """
    samples = request.audio(RATE)
    request.progress(0.2)
    beats: list[float] = []
    downbeats: list[float] = []
    tempo = 0.0
    if len(samples) >= SHORTEST * RATE:
        librosa = _librosa(request.state)
        beats, downbeats, tempo = track(samples, librosa, lambda share: request.progress(0.2 + 0.6 * share))
    request.progress(1.0)
    return {"beats": beats, "downbeats": downbeats, "tempo": tempo}


@cache
def _librosa(state: Path) -> Any:
    with compiled.kept(state / "numba"):
        import librosa

        # librosa's own modules are imported when first named.
        _ = librosa.beat.beat_track, librosa.feature.tempogram, librosa.onset.onset_strength
    return librosa


def track(
    samples: numpy.ndarray, librosa: Any, progress: Callable[[float], None] = lambda share: None
) -> tuple[list[float], list[float], float]:
    """Beats and downbeats in seconds and tempo of mono ``samples`` at RATE. Not finite samples count as silence, louder
    ones as 1."""

    decibels, bass = spectrum(samples, librosa, progress)
    onsets = strength(decibels, librosa)
    if not onsets.any():
        return [], [], 0.0
    tempo = pace(onsets, librosa)
    _, frames = librosa.beat.beat_track(onset_envelope=onsets, bpm=tempo, sr=RATE, hop_length=HOP)
    frames = on_the_bass(frames, bass)
    first = bars(frames, decibels, bass)
    return _seconds(frames), _seconds(frames[first]), round(float(tempo[0]), 2)


def _seconds(frames: numpy.ndarray) -> list[float]:
    return sorted({round(max(int(frame) * HOP - LAG, 0) / RATE, DECIMALS) for frame in frames})


def spectrum(
    samples: numpy.ndarray, librosa: Any, progress: Callable[[float], None]
) -> tuple[numpy.ndarray, numpy.ndarray]:
    """The mel spectrogram in decibels, (BANDS, frames), and the level of the bass, (frames,); both float32.

    Frame ``i`` looks at the WINDOW around sample ``i * HOP``; what is missing at the ends counts as silence.
    """
    import numpy as np
    import scipy.sparse

    count = 1 + len(samples) // HOP
    # Sparse: a thirtieth of the work, and sums whose order depends neither on threads nor on the block.
    mel = scipy.sparse.csr_array(librosa.filters.mel(sr=RATE, n_fft=WINDOW, n_mels=BANDS))
    decibels, bass = np.empty((BANDS, count), np.float32), np.empty(count, np.float32)
    for first in range(0, count, BLOCK):
        last = min(first + BLOCK, count)
        piece = _piece(samples, first * HOP - WINDOW // 2, (last - 1) * HOP + WINDOW // 2)
        power = mel @ np.square(np.abs(librosa.stft(piece, n_fft=WINDOW, hop_length=HOP, center=False)))
        decibels[:, first:last] = librosa.power_to_db(power, top_db=None)
        bass[first:last] = np.sqrt(power[:BASS].sum(axis=0))
        progress(last / count)
    return decibels, bass


def _piece(samples: numpy.ndarray, start: int, end: int) -> numpy.ndarray:
    import numpy as np

    piece = np.zeros(end - start, np.float32)
    inside = samples[max(start, 0) : end]
    inside = np.clip(np.nan_to_num(inside, nan=0.0, posinf=0.0, neginf=0.0), -1.0, 1.0)
    piece[max(-start, 0) :][: len(inside)] = inside
    return piece


def strength(decibels: numpy.ndarray, librosa: Any) -> numpy.ndarray:
    """librosa's onset strength, float32 of shape (frames,)."""
    import numpy as np

    count = decibels.shape[1]
    silence = decibels.max() - np.float32(RANGE)
    rises = np.zeros(count, np.float32)
    for first in range(1, count, BLOCK):
        last = min(first + BLOCK, count)
        # One frame more than needed: numpy sums a single column in another order.
        piece = np.maximum(decibels[:, max(first - 2, 0) : last], silence)
        rises[first:last] = librosa.onset.onset_strength(S=piece, sr=RATE, center=False)[first - last :]
    # As librosa has it: a rise counts when it reaches the middle of the window.
    late = WINDOW // (2 * HOP)
    return np.concatenate([np.zeros(late, np.float32), rises])[:count]


def pace(onsets: numpy.ndarray, librosa: Any) -> numpy.ndarray:
    """librosa's estimate of the tempo: beats a minute, of shape (1,)."""
    import numpy as np

    width = int(TEMPO_SECONDS * RATE) // HOP
    padded = np.pad(onsets, width // 2, mode="linear_ramp", end_values=0)
    total = np.zeros(width)
    for first in range(0, len(onsets), BLOCK):
        last = min(first + BLOCK, len(onsets))
        piece = padded[first : last - 1 + width]
        tempogram = librosa.feature.tempogram(
            onset_envelope=piece, sr=RATE, hop_length=HOP, win_length=width, center=False
        )
        # One after the other, so that the sum does not depend on the block.
        total = np.add.accumulate(np.column_stack([total, tempogram]), axis=1)[:, -1]
    mean = total[:, np.newaxis] / len(onsets)
    return np.asarray(librosa.feature.tempo(tg=mean, sr=RATE, hop_length=HOP, aggregate=None))


def on_the_bass(frames: numpy.ndarray, bass: numpy.ndarray) -> numpy.ndarray:
    """``frames`` as they are, or each half a beat later if that is where the bass begins, for most of them.

    Onset strength counts all bands alike: a hi-hat between the beats can outdo the bass drum on them.
    """
    import numpy as np

    if len(frames) < 2:
        return frames
    steps = np.diff(frames)
    later = frames + np.append(steps, steps[-1]) // 2
    begun = np.cumsum(np.maximum(np.diff(bass, prepend=bass[:1]), 0.0), dtype=np.float64)
    end = len(begun) - 1

    def around(places: numpy.ndarray) -> numpy.ndarray:
        # A window of 4 hops sees an onset from 2 hops before to 1 after; librosa's frames are one hop late.
        return np.asarray(begun[np.clip(places + 1, 0, end)] - begun[np.clip(places - 4, 0, end)])

    there, here = around(later), around(frames)
    faintest = BASS_FAINTEST * max(there.max(), here.max())
    if 2 * np.count_nonzero(there > np.maximum(here * BASS_AHEAD, faintest)) <= len(frames):
        return frames
    return np.asarray(later[later <= end])


def bars(frames: numpy.ndarray, decibels: numpy.ndarray, bass: numpy.ndarray) -> list[int]:
    """Which of the beats at ``frames`` begin a bar: numbers of beats, increasing; none of fewer than two bars."""

    if len(frames) < 2 * METRES[0]:
        return []
    signs = _standard(_changes(frames, decibels)) + BASS_SHARE * _standard(_begun(frames, bass))
    found = {metre: _phases(signs, metre) for metre in METRES}
    fits = {metre: float(signs[starts].mean() * len(starts) ** 0.5) for metre, starts in found.items()}
    best = max(METRES, key=lambda metre: fits[metre] * (THREE if metre == METRES[0] else 1.0))
    return found[best]


def _changes(frames: numpy.ndarray, decibels: numpy.ndarray) -> numpy.ndarray:
    """How much the sound of the two beats from each one on differs from that of the two before; 0 near both ends."""
    import numpy as np

    floor = decibels.max() - np.float32(RANGE)
    sounds = [
        np.maximum(decibels[:, start:end], floor).mean(axis=1, dtype=np.float64)
        for start, end in zip(frames, np.append(frames[1:], decibels.shape[1]), strict=True)
    ]
    pairs = np.array([sounds[place] + sounds[place + 1] for place in range(len(sounds) - 1)])
    change = np.zeros(len(frames))
    change[2:-1] = np.abs(pairs[2:] - pairs[:-2]).mean(axis=1)
    return change


def _begun(frames: numpy.ndarray, bass: numpy.ndarray) -> numpy.ndarray:
    """How much bass begins on each beat."""
    import numpy as np

    risen = np.cumsum(np.maximum(np.diff(bass, prepend=bass[:1]), 0.0), dtype=np.float64)
    end = len(risen) - 1
    return np.asarray(risen[np.clip(frames + 1, 0, end)] - risen[np.clip(frames - 4, 0, end)])


def _standard(values: numpy.ndarray) -> numpy.ndarray:
    """Around 0, with a deviation of 1; all 0 if they are alike."""
    import numpy as np

    spread = values.std()
    return np.asarray((values - values.mean()) / spread) if spread > 1e-9 * abs(values).max() else np.zeros(len(values))


def _phases(signs: numpy.ndarray, metre: int) -> list[int]:
    """The beats that begin bars of ``metre`` beats, so that the sum of their ``signs`` less the JUMPs is greatest."""
    import numpy as np

    best = np.where(np.arange(metre) == 0, signs[0], 0.0)
    came = np.zeros((len(signs), metre), int)
    for beat in range(1, len(signs)):
        # From the beat of the bar before, or from the best of all.
        before, leap = np.roll(best, 1), int(best.argmax())
        leaps = best[leap] - JUMP > before
        came[beat] = np.where(leaps, leap, (np.arange(metre) - 1) % metre)
        best = np.where(leaps, best[leap] - JUMP, before)
        best[0] += signs[beat]
    place = int(best.argmax())
    starts = []
    for beat in range(len(signs) - 1, -1, -1):
        if place == 0:
            starts.append(beat)
        place = int(came[beat][place])
    return starts[::-1]


ANALYZER = Analyzer(
    name="rhythm",
    version="1",
    description="Beat times and tempo of a sound track",
    features={
        "beats": "times of the beats in seconds, increasing, to 4 decimals; on a raster of 23.2 ms",
        "downbeats": (
            "those of the beats that begin a bar, in seconds, increasing: an estimate, for bars of 4 or 3 beats; empty "
            "where there are fewer than 8 beats"
        ),
        "tempo": "estimated tempo in beats a minute, to 2 decimals; 0 where there is none",
    },
    analyze=analyze,
    libraries=("librosa", "numba", "numpy", "scipy"),
)
