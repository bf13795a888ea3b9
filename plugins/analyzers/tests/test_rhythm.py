from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import songs
from artdagd_analyzers import rhythm

Rhythm = Callable[..., dict[str, Any]]
RATE = songs.RATE

SONGS = {
    "clicks": lambda: songs.clicks(97.3, 30),
    "rock": lambda: songs.rock(lambda share: 92, 1),
    "noisy": lambda: songs.rock(lambda share: 140, 2, noise=0.1),
    "swing": lambda: songs.rock(lambda share: 104, 3, swing=2 / 3),
    "drift": lambda: songs.rock(lambda share: 110 + 20 * share, 4),
    "syncopated": lambda: songs.syncopated(100, 5),
    "techno": lambda: songs.techno(128, 6),
    "loud hats": lambda: songs.techno(122, 7, hats=0.5),
    "noisy techno": lambda: songs.techno(128, 8, noise=0.1),
}

ANALYZE = """
import json, sys
import numpy
from pathlib import Path
from artdagd.hooks import AnalysisRequest
from artdagd_analyzers import rhythm
samples = numpy.load(sys.argv[1])
found = rhythm.ANALYZER.analyze(
    AnalysisRequest(("beats",), lambda rate: samples, lambda share: None, Path(sys.argv[2]))
)
print(json.dumps(found))
"""


@pytest.fixture
def find(analyze: Callable[..., dict[str, Any]]) -> Rhythm:
    return lambda samples, *more: analyze(rhythm.ANALYZER, np.asarray(samples, np.float32), *more)


def librosas_own(samples: Any, state: Path) -> Any:
    return rhythm._librosa(state).beat.beat_track(y=samples, sr=RATE, units="time")[1]


@pytest.mark.parametrize("name", SONGS)
def test_beats_are_where_they_are_played(name: str, find: Rhythm) -> None:
    import mir_eval

    samples, beats = SONGS[name]()
    found = np.array(find(samples)["beats"])
    assert mir_eval.beat.f_measure(beats, found) > 0.95
    pairs = mir_eval.util.match_events(beats, found, 0.07)
    offsets = [found[there] - beats[here] for here, there in pairs]
    assert abs(np.mean(offsets)) < (0.02 if "noisy" in name else 0.012)


def test_beats_are_found_better_than_by_librosa_alone(find: Rhythm, state: Path) -> None:
    import mir_eval

    ours, theirs = [], []
    for song in SONGS.values():
        samples, beats = song()
        ours.append(mir_eval.beat.f_measure(beats, np.array(find(samples)["beats"])))
        theirs.append(mir_eval.beat.f_measure(beats, librosas_own(samples, state)))
    # A beat or two at the ends: librosa takes the median over the bands, we the mean.
    assert min(np.subtract(ours, theirs)) > -0.025
    assert np.mean(ours) > np.mean(theirs) + 0.1


def test_the_beats_are_librosas_without_its_lag(find: Rhythm, state: Path) -> None:
    samples, _ = songs.rock(lambda share: 118, 9)
    librosa = rhythm._librosa(state)
    onsets = librosa.onset.onset_strength(y=samples, sr=RATE)
    tempo, frames = librosa.beat.beat_track(onset_envelope=onsets, sr=RATE)
    found = find(samples)
    assert found["beats"] == [round((frame - 1) * 512 / RATE, 4) for frame in frames.tolist()]
    assert found["tempo"] == round(tempo.item(), 2)


def test_tempo_and_beats_of_a_steady_song(find: Rhythm) -> None:
    samples, _ = songs.clicks(120, 20)
    found = find(samples)
    assert found["tempo"] == pytest.approx(120, abs=3)
    assert found["beats"] == sorted(set(found["beats"]))
    assert np.diff(found["beats"]) == pytest.approx(0.5, abs=0.024)
    json.dumps(found, allow_nan=False)


BANDS = {
    "rock": lambda: songs.band(100, 1),
    "fast": lambda: songs.band(140, 2),
    "upbeat": lambda: songs.band(110, 4, start=1.7),
    "bass drum on one, no chords": lambda: songs.band(120, 5, kicks=(0,), pad=0),
    "waltz": lambda: songs.band(120, 6, metre=3, kicks=(0,)),
    "bass drum on all": lambda: songs.band(118, 7, kicks=(0, 1, 2, 3)),
    "a beat is missing": lambda: songs.band(100, 8, short=7),
}


@pytest.mark.parametrize("name", BANDS)
def test_downbeats_are_where_bars_begin(name: str, find: Rhythm) -> None:
    import mir_eval

    samples, beats, downbeats = BANDS[name]()
    found = find(samples)
    assert mir_eval.beat.f_measure(beats, np.array(found["beats"])) > 0.95
    assert mir_eval.beat.f_measure(downbeats, np.array(found["downbeats"])) > 0.9
    assert set(found["downbeats"]) <= set(found["beats"])


def test_there_are_no_bars_without_beats_for_two(find: Rhythm) -> None:
    found = find(songs.clicks(120, 3.3)[0])
    assert 0 < len(found["beats"]) < 8
    assert found["downbeats"] == []


NONE: dict[str, Any] = {"beats": [], "downbeats": [], "tempo": 0.0}


@pytest.mark.parametrize(
    "samples",
    [[], np.zeros(5 * RATE), songs.clicks(120, 0.9)[0], np.full(5 * RATE, np.nan), np.full(5 * RATE, 1e-40)],
    ids=["nothing", "silence", "too short", "not a number", "denormal"],
)
def test_where_there_is_no_rhythm_there_are_no_beats(find: Rhythm, samples: Any) -> None:
    assert find(samples) == NONE


@pytest.mark.parametrize("sound", ["click", "tone"])
def test_a_single_onset_is_one_beat(find: Rhythm, sound: str) -> None:
    samples = np.zeros(8 * RATE)
    if sound == "click":
        samples[5 * RATE : 5 * RATE + 200] = 0.5
    else:
        samples[5 * RATE :] = 0.5 * np.sin(2 * np.pi * 440 * np.arange(3 * RATE) / RATE)
    assert find(samples)["beats"] == pytest.approx([5.0], abs=0.024)


def test_broken_samples_count_as_silence_and_loud_ones_as_full_scale(find: Rhythm, state: Path) -> None:
    broken = songs.clicks(120, 10)[0]
    broken[[100, 3 * RATE + 11, 7 * RATE, 8 * RATE]] = np.nan, np.inf, -np.inf, 1e30
    clean = broken.copy()
    clean[[100, 3 * RATE + 11, 7 * RATE, 8 * RATE]] = 0, 0, 0, 1
    assert find(broken) == find(clean)
    heard = [rhythm.spectrum(samples, rhythm._librosa(state), lambda share: None)[0] for samples in (broken, clean)]
    assert np.array_equal(*heard)


def test_a_silence_is_bridged_in_tempo(find: Rhythm) -> None:
    samples, _ = songs.clicks(120, 10)
    beats = find(np.concatenate([samples, np.zeros(60 * RATE), samples]))["beats"]
    assert np.diff(beats) == pytest.approx(0.5, abs=0.3)
    assert beats[-1] > 78


def test_a_tempo_beyond_all_bounds_is_divided(find: Rhythm) -> None:
    samples, _ = songs.clicks(400, 20)
    found = find(samples)
    assert found["tempo"] == pytest.approx(100, abs=3)
    assert np.diff(found["beats"]) == pytest.approx(0.6, abs=0.03)


@pytest.mark.parametrize("block", [1, 37, 10_000])
def test_the_result_does_not_depend_on_the_block(block: int, state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    samples, _ = songs.rock(lambda share: 118, 10)
    librosa = rhythm._librosa(state)
    feature = SimpleNamespace(tempogram=librosa.feature.tempogram, tempo=lambda tg, **options: tg)

    def curves() -> list[bytes]:
        decibels, bass = rhythm.spectrum(samples[: 12 * RATE], librosa, lambda share: None)
        onsets = rhythm.strength(decibels, librosa)
        tempogram = rhythm.pace(onsets, SimpleNamespace(feature=feature))
        return [curve.tobytes() for curve in (decibels, bass, onsets, tempogram)]

    usual = curves()
    monkeypatch.setattr(rhythm, "BLOCK", block)
    assert curves() == usual


def test_progress_goes_up_to_the_end(find: Rhythm) -> None:
    for samples in (songs.clicks(120, 60)[0], np.zeros(100)):
        seen: list[float] = []
        find(samples, seen.append)
        assert seen == sorted(seen)
        assert seen[-1] == 1.0


def test_the_next_process_finds_the_same_and_compiles_nothing(find: Rhythm, state: Path, tmp_path: Path) -> None:
    samples, _ = SONGS["syncopated"]()
    found = find(samples)
    with (state / "numba" / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # a worker of another test may compile something there
        state = shutil.copytree(state, tmp_path / "state")
    kept = _files(state)
    assert [path for path in kept if path.endswith(".nbc") and "beat_local_score" in path]
    np.save(tmp_path / "song.npy", samples)
    one_thread = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"), "1")
    answer = subprocess.run(
        [sys.executable, "-c", ANALYZE, tmp_path / "song.npy", state],
        env=os.environ | one_thread, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert json.loads(answer.stdout) == found
    assert _files(state) == kept


def test_importing_the_plugin_imports_nothing_heavy() -> None:
    code = (
        "import sys, artdagd_analyzers; list(artdagd_analyzers.artdag_analyzers());"
        "print({'librosa', 'numba', 'numpy', 'scipy'} & set(sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "set()"


def _files(folder: Path) -> dict[str, int]:
    return {str(path): path.stat().st_mtime_ns for path in folder.rglob("*.nb*")}
