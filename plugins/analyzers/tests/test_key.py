from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import songs
from artdagd_analyzers import key

Heard = Callable[..., Any]
NOWHERE = {"tonic": None, "mode": None, "confidence": 0.0}


@pytest.mark.parametrize("mode", ["major", "minor"])
@pytest.mark.parametrize("tonic", range(12))
def test_the_key_of_a_scale(heard: Heard, tonic: int, mode: str) -> None:
    found = heard(songs.scale(60 + tonic, mode), "key")
    assert (found["tonic"], found["mode"]) == (key.NAMES[tonic], mode)
    assert found["confidence"] > 0.7


@pytest.mark.parametrize("cents", [-45, 0, 30])
@pytest.mark.parametrize(("tonic", "mode"), [(0, "major"), (3, "minor"), (6, "major"), (9, "minor"), (10, "major")])
def test_the_key_of_chords_however_they_are_tuned(heard: Heard, tonic: int, mode: str, cents: int) -> None:
    found = heard(songs.cadence(48 + tonic + cents / 100, mode), "key")
    assert (found["tonic"], found["mode"]) == (key.NAMES[tonic], mode)
    assert found["confidence"] > 0.6


@pytest.mark.parametrize(("tonic", "mode"), [(0, "major"), (9, "minor")])
def test_the_key_of_instruments_that_differ_around_a_quarter_tone(heard: Heard, tonic: int, mode: str) -> None:
    samples = sum(songs.cadence(48 + tonic + cents / 100, mode) / 2 for cents in (36, 58))
    found = heard(samples, "key")
    assert (found["tonic"], found["mode"]) == (key.NAMES[tonic], mode)


def test_noise_and_drums_have_no_sure_key(heard: Heard) -> None:
    random = np.random.default_rng(1)
    assert heard(random.uniform(-0.5, 0.5, 10 * songs.RATE), "key")["confidence"] < 0.25
    assert heard(songs.rock(lambda share: 92, 1)[0], "key")["confidence"] < 0.3


def test_chords_in_noise_and_quiet_ones_keep_their_key(heard: Heard) -> None:
    chords = songs.cadence(53, "minor")
    noisy = chords + 0.02 * np.random.default_rng(1).standard_normal(len(chords))
    for samples in (noisy, chords / 1000):
        found = heard(samples, "key")
        assert (found["tonic"], found["mode"]) == ("F", "minor")


@pytest.mark.parametrize("samples", [[0.0], [0.0] * 50_000, [np.nan] * 50_000], ids=["one", "silence", "not a number"])
def test_where_there_is_no_pitch_there_is_no_key(heard: Heard, samples: list[float]) -> None:
    assert heard(samples, "key") == NOWHERE
