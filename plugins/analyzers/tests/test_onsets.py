from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import songs

Heard = Callable[..., Any]


def halves(song: songs.Song, step: float) -> songs.Song:
    """With what sounds between the beats."""
    samples, beats = song
    times = np.sort(np.concatenate([beats, beats + step / 2]))
    return samples, times[times < len(samples) / songs.RATE]


SONGS = {
    "clicks": lambda: songs.clicks(97.3, 12),
    "melody": lambda: songs.melody(1),
    "soft melody": lambda: songs.melody(4, attack=0.03),
    "melody in noise": lambda: songs.melody(3, noise=0.01),
    "techno": lambda: halves(songs.techno(128, 6), 60 / 128),
    "rock in noise": lambda: halves(songs.rock(lambda share: 140, 2, noise=0.1), 60 / 140),
}


@pytest.mark.parametrize("name", SONGS)
def test_onsets_are_where_notes_begin(heard: Heard, name: str) -> None:
    import mir_eval

    samples, onsets = SONGS[name]()
    found = np.array(heard(samples, "onsets"))
    assert mir_eval.onset.f_measure(onsets, found, window=0.05)[0] > 0.97
    pairs = mir_eval.util.match_events(onsets, found, 0.05)
    assert abs(np.mean([found[there] - onsets[here] for here, there in pairs])) < 0.007


def test_a_quiet_song_has_the_onsets_of_a_loud_one(heard: Heard) -> None:
    samples, _ = songs.melody(1)
    assert heard(samples / 128, "onsets") == heard(samples, "onsets")


def test_vibrato_and_noise_are_no_onsets(heard: Heard) -> None:
    time = np.arange(6 * songs.RATE) / songs.RATE
    # A violin at its most: half a semitone up and down, five times a second.
    phase = 2 * np.pi * 440 * time + 2.6 * np.sin(2 * np.pi * 5 * time)
    vibrato = 0.15 * np.minimum(1, time / 0.02) * sum(np.sin(k * phase) / k for k in range(1, 9))
    noise = np.random.default_rng(1).uniform(-0.5, 0.5, len(time))
    for samples in (vibrato, noise):
        assert [onset for onset in heard(samples, "onsets") if 0.1 < onset < 5.9] == []


@pytest.mark.parametrize("samples", [[0.0], [0.0] * 50_000, [np.nan] * 50_000], ids=["one", "silence", "not a number"])
def test_where_nothing_sounds_nothing_begins(heard: Heard, samples: list[float]) -> None:
    assert heard(samples, "onsets") == []


def test_onsets_of_a_song_in_six_channels(heard: Heard) -> None:
    samples, onsets = songs.clicks(120, 4)
    found = heard(
        np.stack([np.zeros(len(samples))] * 2 + [samples] + [np.zeros(len(samples))] * 3), "onsets", layout="5.1"
    )
    assert found == pytest.approx(onsets, abs=0.02)
