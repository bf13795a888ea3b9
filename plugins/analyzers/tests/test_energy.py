from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from artdagd_analyzers import energy, spectrum

Values = Callable[[Any], list[float]]


@pytest.fixture
def values(analyze: Callable[..., dict[str, Any]]) -> Values:
    return lambda samples: analyze(energy.ANALYZER, np.asarray(samples, np.float32))["energy"]["values"]


def test_each_value_is_the_level_around_its_moment_as_a_share_of_the_loudest(values: Values) -> None:
    samples = np.concatenate([np.zeros(2048), np.full(2048, 0.5), np.full(2048, -0.25)])
    # Before the first sample is silence; a value between two levels sees half of each.
    assert values(samples) == [
        *[0, 0, 0, 0],
        *[round(0.5**0.5, 4), 1, 1, 1],
        *[round((0.625) ** 0.5, 4), 0.5, 0.5, 0.5],
    ]


def test_the_raster_is_given_in_seconds(analyze: Callable[..., dict[str, Any]]) -> None:
    found = analyze(energy.ANALYZER, np.ones(22_050, np.float32))["energy"]
    assert found["hop"] == 512 / 22_050
    assert len(found["values"]) == 44


def test_quiet_and_loud_copies_of_a_song_have_the_same_energy(values: Values) -> None:
    song = np.random.default_rng(1).uniform(-1, 1, 30_000)
    assert values(song / 1024) == values(song)


@pytest.mark.parametrize(
    ("samples", "expected"),
    [([], []), ([0.0] * 1000, [0.0, 0.0]), ([np.nan] * 1000, [0.0, 0.0]), ([np.inf] * 600 + [1.0] * 424, [0.0, 1.0])],
)
def test_nothing_silence_and_broken_samples(values: Values, samples: list[float], expected: list[float]) -> None:
    assert values(samples) == expected


def test_samples_that_are_too_loud_are_clipped(values: Values) -> None:
    assert values([1.0] * 2048 + [3e38] * 2048) == [round(0.5**0.5, 4), *[1.0] * 7]


def test_the_result_does_not_depend_on_the_block(values: Values, monkeypatch: pytest.MonkeyPatch) -> None:
    song = np.random.default_rng(2).uniform(-1, 1, 100_000)
    whole = values(song)
    monkeypatch.setattr(energy, "BLOCK", 7)
    assert values(song) == whole


def test_progress_reaches_the_end(analyze: Callable[..., dict[str, Any]]) -> None:
    seen: list[float] = []
    analyze(energy.ANALYZER, np.zeros(5000, np.float32), seen.append)
    assert seen[-1] == 1.0


def test_long_sounds_have_values_further_apart(
    monkeypatch: pytest.MonkeyPatch, analyze: Callable[..., dict[str, Any]]
) -> None:
    """As the bands have: so that one can stand for the other."""
    samples = np.repeat([0.0, 0.5], 512 * 50).astype(np.float32)
    whole = analyze(energy.ANALYZER, samples)["energy"]
    assert (whole["hop"], len(whole["values"])) == (512 / 22_050, 100)
    monkeypatch.setattr(spectrum, "MOST", 30)
    found = analyze(energy.ANALYZER, samples)["energy"]
    assert found["hop"] == 5 * 512 / 22_050
    # Value 10 stands for hops 48 to 52: two silent, one half, two loud.
    assert found["values"] == [0.0] * 10 + [round((2.5 / 5) ** 0.5, 4)] + [1.0] * 9
