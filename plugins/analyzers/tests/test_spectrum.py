from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from artdagd_analyzers import spectrum
from conftest import surround

RATE = 44_100
Heard = Callable[..., Any]


def sine(frequency: float, seconds: float = 1.5) -> Any:
    time = np.arange(int(seconds * RATE)) / RATE
    ends = np.minimum(1, np.minimum(time, seconds - time) / 0.2)
    return 0.5 * ends * np.sin(2 * np.pi * frequency * time)


@pytest.mark.parametrize(
    ("frequency", "name"), [(40, "low"), (120, "low"), (500, "mid"), (2000, "mid"), (8000, "high")]
)
def test_a_sine_is_in_its_band_alone(heard: Heard, frequency: float, name: str) -> None:
    found = heard(sine(frequency), "bands", RATE)
    assert list(found) == ["low", "mid", "high"]
    for band, curve in found.items():
        assert curve["hop"] == 512 / 22_050
        assert len(curve["values"]) == 65
        assert curve["values"][20:45] == pytest.approx([float(band == name)] * 25, abs=0.05)


def test_bands_rise_and_fall_with_their_sound(heard: Heard) -> None:
    time = np.arange(2 * RATE) / RATE
    bass = (time % 1 < 0.5) * np.sin(2 * np.pi * 60 * time) * 0.6
    treble = (time % 1 >= 0.5) * np.sin(2 * np.pi * 6000 * time) * 0.05
    found = heard(bass + treble, "bands", RATE)
    for name, (on, off) in {"low": (0.25, 0.75), "high": (0.75, 0.25)}.items():
        curve = found[name]
        assert curve["values"][round(on / curve["hop"])] > 0.95
        assert curve["values"][round(off / curve["hop"])] < 0.05


@pytest.mark.parametrize("frequency", [220, 1000, 5000])
def test_the_centroid_of_a_sine_is_its_frequency(heard: Heard, frequency: float) -> None:
    found = heard(sine(frequency), "centroid", RATE)
    assert found["hop"] == 512 / 22_050
    assert found["values"][20:45] == pytest.approx([frequency] * 25, rel=0.01)


def test_the_centroid_of_white_noise_is_in_the_middle_and_of_silence_0(heard: Heard) -> None:
    samples = np.random.default_rng(1).uniform(-0.5, 0.5, 44_100)
    samples[30_000:] = 0
    values = heard(samples, "centroid")["values"]
    assert np.mean(values[:50]) == pytest.approx(22_050 / 4, rel=0.03)
    assert values[62:] == [0] * (len(values) - 62)


@pytest.mark.parametrize("samples", [[0.0] * 1500, [np.nan] * 1500])
def test_silence_and_broken_samples(heard: Heard, samples: list[float]) -> None:
    assert heard(samples, "centroid")["values"] == [0, 0, 0]
    assert [curve["values"] for curve in heard(samples, "bands").values()] == [[0.0] * 3] * 3


def test_a_single_sample_has_a_value(heard: Heard) -> None:
    assert len(heard([0.5], "bands")["low"]["values"]) == 1


def test_six_channels_are_mixed(heard: Heard) -> None:
    tone = 0.5 * np.sin(np.arange(30_000) * 2 * np.pi * 1000 / 22_050)
    assert heard(surround(tone), "centroid", layout="5.1")["values"][20] == pytest.approx(1000, rel=0.01)


def test_long_sounds_have_values_further_apart(monkeypatch: pytest.MonkeyPatch, heard: Heard) -> None:
    samples = 0.5 * np.sin(np.arange(512 * 100) * 0.1) * (np.arange(512 * 100) > 512 * 50)
    whole = heard(samples, "bands")["mid"]
    monkeypatch.setattr(spectrum, "MOST", 30)
    curve = heard(samples, "bands")["mid"]
    assert curve["hop"] == 5 * 512 / 22_050
    assert len(curve["values"]) == 20
    # Value 10 stands for hops 48 to 52, of which the last two or so are loud.
    assert curve["values"][:10] + curve["values"][11:] == [0.0] * 10 + curve["values"][11:]
    power = np.mean(np.square(whole["values"][48:53])) ** 0.5
    assert curve["values"][10] == pytest.approx(power / (np.mean(np.square(whole["values"][53:58])) ** 0.5), abs=0.03)


@pytest.mark.parametrize(("hops", "size"), [(0, 1), (25_000, 1), (25_001, 3), (75_000, 3), (75_001, 5), (155_040, 7)])
def test_a_value_stands_for_an_odd_number_of_hops(hops: int, size: int) -> None:
    assert spectrum.step(hops) == size
