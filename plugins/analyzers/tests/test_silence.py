from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from artdagd_analyzers.silence import silences

RATE = 8000
Heard = Callable[..., Any]


def sounding(*parts: tuple[float, float]) -> Any:
    """5 s at RATE, silent but for ``parts`` (start, end)."""
    samples = np.zeros(5 * RATE)
    for start, end in parts:
        samples[int(start * RATE) : int(end * RATE)] = 0.1
    return samples


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ([(0, 5)], []),
        ([], [[0.0, 5.0]]),
        ([(1, 2), (2.5, 4)], [[0.0, 1.0], [2.0, 2.5], [4.0, 5.0]]),
        ([(0, 2), (2.4, 5)], []),
        ([(0.4, 4.6)], []),
    ],
    ids=["sound", "nothing", "three", "too short", "too short at the ends"],
)
def test_silences_are_where_no_sound_is(heard: Heard, parts: list[tuple[float, float]], expected: Any) -> None:
    assert heard(sounding(*parts), "silence", RATE) == expected


def test_what_is_below_60_db_is_silence_and_what_is_above_not(heard: Heard) -> None:
    tone = np.sin(np.arange(5 * RATE) * 0.3)
    assert heard(0.00099 * tone, "silence", RATE) == [[0.0, 5.0]]
    assert heard(0.0011 * tone, "silence", RATE) == []


def test_channels_that_cancel_each_other_are_no_silence(heard: Heard) -> None:
    tone = np.sin(np.arange(5 * RATE) * 0.3)
    assert heard(np.stack([tone, -tone]), "silence", RATE, "stereo") == []
    only_one = np.stack([np.zeros(5 * RATE)] * 5 + [sounding((0, 3))])
    assert heard(only_one, "silence", RATE, "5.1") == [[3.0, 5.0]]


def test_samples_that_are_no_number_are_silent(heard: Heard) -> None:
    samples = sounding((0, 5))
    samples[RATE : 2 * RATE] = np.nan
    assert heard(samples, "silence", RATE) == [[1.0, 2.0]]


@pytest.mark.parametrize("block", [1, 3, 7, 100])
def test_the_result_does_not_depend_on_the_block(block: int) -> None:
    samples = (np.random.default_rng(1).random((2, 100)) > 0.95).astype(np.float32)
    whole = silences([samples], 4)
    assert len(whole) > 3
    assert silences((samples[:, start : start + block] for start in range(0, 100, block)), 4) == whole
    quiet = np.flatnonzero(~samples.any(axis=0))
    assert all(set(range(start, end)) <= set(quiet.tolist()) and end - start >= 4 for start, end in whole)
