"""One gain, by the loudness and the true peak of the whole."""

from __future__ import annotations

import numpy
import pytest

from tests.sounds import read_sound, write_sound

TIME = numpy.arange(48_000 * 3) / 48_000
SINE = numpy.sin(2 * numpy.pi * 997 * TIME)  # the test tone of ITU-R BS.1770: in stereo its loudness is its level
SHARP = numpy.sin(2 * numpy.pi * 12_000 * TIME + numpy.pi / 4)  # samples at 0.707 of the peak between them


@pytest.fixture
def levelled(render, tmp_path):
    def run(samples: numpy.ndarray, **config: float) -> numpy.ndarray:
        source = write_sound(tmp_path / "a.wav", samples)
        return read_sound(render([("LOUDNESS", config, ["a"])], {"a": source}, lossless=True))

    return run


def test_one_gain_brings_a_sound_to_the_target(levelled):
    sound = numpy.stack([SINE, SINE]) * 0.02
    sound[:, :48_000] *= 0.5
    out = levelled(sound, target=-20.0)
    ratio = out[:, 100:] / sound[:, 100:]
    assert out.shape == sound.shape
    assert numpy.nanmax(ratio) == pytest.approx(numpy.nanmin(ratio), rel=1e-3)
    again = levelled(out, target=-20.0)
    assert numpy.abs(again / numpy.where(out == 0, 1, out)).max() == pytest.approx(1.0, abs=2e-3)


def test_the_level_is_that_of_the_standard(levelled):
    out = levelled(numpy.stack([SINE, SINE]) * 0.3, target=-23.0)
    assert 20 * numpy.log10(numpy.abs(out).max()) == pytest.approx(-23.0, abs=0.1)


def test_a_true_peak_between_the_samples_holds_the_gain_down(levelled):
    # The ends are left out of the measure by a fade: a tone that is cut off rings.
    shaped = numpy.stack([SHARP, SHARP]) * 0.1 * numpy.minimum(1, numpy.minimum(TIME, TIME[::-1]) * 10)
    out = levelled(shaped, target=-5.0, true_peak=-12.0)
    assert numpy.abs(out).max() / 0.70711 == pytest.approx(10 ** (-12 / 20), rel=0.01)


@pytest.mark.parametrize("sound", [numpy.zeros(24_000), 0.1 * SINE[:10_000]], ids=["silent", "short"])
def test_what_has_no_loudness_stays_as_it_is(levelled, sound):
    assert numpy.array_equal(levelled(sound), numpy.atleast_2d(sound).astype(numpy.float32))
