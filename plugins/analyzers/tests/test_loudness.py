"""Against the standard's own signals, and against the program ffmpeg, which measures by a build of its own."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import write_sound

ROOT = Path(__file__).parents[3]
sys.path.insert(0, str(ROOT / "tests"))

from needs import missing  # noqa: E402

RATE = 48_000
Heard = Callable[..., Any]


def tone(decibels: float, seconds: float, frequency: float = 1000.0) -> Any:
    return 10 ** (decibels / 20) * np.sin(2 * np.pi * frequency / RATE * np.arange(int(seconds * RATE)))


def test_the_first_signal_of_ebu_tech_3341(heard: Heard) -> None:
    """A stereo sine of -23 dBFS at 1 kHz is -23.0 LUFS, integrated, short-term and momentary."""
    found = heard(np.stack([tone(-23, 8)] * 2), "loudness", RATE, "stereo")
    assert found["integrated"] == pytest.approx(-23.0, abs=0.1)
    assert found["range"] == 0.0
    assert found["true_peak"] == pytest.approx(-23.0, abs=0.1)
    assert (found["momentary"]["hop"], found["short_term"]["hop"]) == (0.1, 1.0)
    assert found["momentary"]["values"] == pytest.approx([-23.0] * 80, abs=0.1)
    assert found["short_term"]["values"] == pytest.approx([-23.0] * 8, abs=0.1)


def test_the_third_signal_of_ebu_tech_3341_and_its_curves(heard: Heard) -> None:
    """-36, -23 and -36 dBFS: what is more than 10 LU below the rest does not count."""
    levels = np.concatenate([tone(-36, 5), tone(-23, 30), tone(-36, 5)])
    found = heard(np.stack([levels] * 2), "loudness", RATE, "stereo")
    assert found["integrated"] == pytest.approx(-23.0, abs=0.1)
    momentary, short_term = found["momentary"]["values"], found["short_term"]["values"]
    # Half of the window around the step is loud.
    assert [momentary[place] for place in (46, 54)] == pytest.approx([-36, -23], abs=0.2)
    assert momentary[50] == pytest.approx(-26, abs=1)
    assert [short_term[place] for place in (3, 7)] == pytest.approx([-36, -23], abs=0.2)
    assert short_term[5] == pytest.approx(-26, abs=1)


def test_the_peak_between_samples_counts(heard: Heard) -> None:
    """A quarter of the sample rate, at 45 degrees: samples reach -3 dB of the true peak."""
    ends = np.minimum(1, np.minimum(np.arange(RATE), RATE - np.arange(RATE)) / 4800)
    samples = 0.5 * ends * np.sin(np.pi / 2 * np.arange(RATE) + np.pi / 4)
    assert heard(samples, "loudness", RATE)["true_peak"] == pytest.approx(-6.0, abs=0.3)


def test_what_is_beyond_full_scale_is_measured_and_no_number_is_silence(heard: Heard) -> None:
    samples = tone(6, 2)
    samples[RATE : RATE + 100] = np.nan
    assert heard(samples, "loudness", RATE)["true_peak"] == pytest.approx(6.0, abs=0.3)


@pytest.mark.parametrize("seconds", [0.00003, 0.05, 0.3, 2.0])
def test_silence_and_what_is_too_short(heard: Heard, seconds: float) -> None:
    found = heard(np.zeros(max(1, int(seconds * RATE))), "loudness", RATE)
    assert (found["integrated"], found["range"], found["true_peak"]) == (None, 0.0, None)
    assert set(found["momentary"]["values"]) <= {-70.0}


def test_a_short_hit_has_a_peak_and_no_loudness(heard: Heard) -> None:
    found = heard(tone(-6, 0.3), "loudness", RATE)
    assert found["integrated"] is None
    assert found["true_peak"] == pytest.approx(-6, abs=0.2)


def noise(channels: int, rate: int) -> Any:
    random = np.random.default_rng(1)
    levels = np.repeat(random.uniform(0.005, 0.3, 12), rate)
    return random.uniform(-1, 1, (channels, 12 * rate)) * levels


@pytest.mark.parametrize(
    ("layout", "channels", "rate"), [("mono", 1, 22_050), ("stereo", 2, 44_100), ("5.1", 6, 48_000), ("7.1", 8, 8000)]
)
def test_it_is_what_ffmpeg_measures(heard: Heard, tmp_path: Path, layout: str, channels: int, rate: int) -> None:
    samples = noise(channels, rate)
    found = heard(samples, "loudness", rate, layout)
    path = write_sound(tmp_path / "same.wav", samples.astype(np.float32), rate, layout)
    assert [found[name] for name in ("integrated", "range", "true_peak")] == pytest.approx(by_ffmpeg(path), abs=0.15)


def test_music_is_as_loud_as_ffmpeg_says(analyzed: Callable[..., Any]) -> None:
    path = ROOT / "examples" / "media" / "music.ogg"
    found = analyzed(path, "loudness")["loudness"]
    assert [found[name] for name in ("integrated", "range", "true_peak")] == pytest.approx(by_ffmpeg(path), abs=0.15)


def by_ffmpeg(path: Path) -> list[float]:
    """Integrated loudness, range and true peak."""
    if shutil.which("ffmpeg") is None:
        missing("ffmpeg", "apt install ffmpeg")
    said = subprocess.run(
        ["ffmpeg", "-hide_banner", "-nostats", "-i", path, "-af", "ebur128=peak=true", "-f", "null", "-"],
        capture_output=True, text=True, check=True,
    ).stderr.rpartition("Summary:")[2]  # fmt: skip
    return [float(re.findall(rf"{name}: +(-?[\d.]+) ", said)[0]) for name in ("I", "LRA", "Peak")]
