"""SPEED that keeps the pitch: what is heard when, and at what pitch."""

from __future__ import annotations

import numpy
import pytest

from tests.sounds import impulses, read_sound, write_sound

RATE = 48_000
TIMES = (0.3, 0.45, 0.7312, 1.2, 1.3, 1.9)
FACTORS = (0.5, 0.8, 1.25, 2, 3.5)


@pytest.fixture
def faster(render, tmp_path):
    def run(samples, factor, rate=RATE):
        source = write_sound(tmp_path / "a.wav", samples, rate)
        return read_sound(render([("SPEED", {"factor": factor}, ["a"])], {"a": source}, lossless=True))

    return run


@pytest.mark.parametrize("factor", FACTORS)
def test_clicks_are_heard_once_each_at_their_time(faster, factor):
    out = faster(impulses([round(time * RATE) for time in TIMES], 2 * RATE, 0.8), factor)[0]
    assert len(out) == round(2 * RATE / factor)
    found = numpy.flatnonzero(out > 0.4)
    assert len(found) == len(TIMES)
    assert numpy.abs(found / RATE - numpy.array(TIMES) / factor).max() < 0.0005
    assert out[found] == pytest.approx(0.8, abs=0.05)
    assert numpy.abs(numpy.delete(out, found)).max() < 0.01, "no echo of a click"


@pytest.mark.parametrize("factor", FACTORS)
def test_drums_over_a_chord_stay_in_time(faster, factor):
    time = numpy.arange(2 * RATE) / RATE
    sound = 0.1 * (numpy.sin(2 * numpy.pi * 220 * time) + numpy.sin(2 * numpy.pi * 331 * time))
    hit = 0.6 * numpy.exp(-numpy.arange(4000) / 600) * numpy.cos(numpy.arange(4000) * 0.05)
    for at in TIMES:
        sound[round(at * RATE) : round(at * RATE) + 4000] += hit[: len(sound) - round(at * RATE)]
    out = faster(sound, factor)[0]
    for at in (0.3, 0.7312, 1.9):
        middle = round(at / factor * RATE)
        heard = middle - 960 + int(numpy.abs(numpy.diff(out[middle - 960 : middle + 960])).argmax())
        assert abs(heard - middle) < 0.002 * RATE


@pytest.mark.parametrize("factor", FACTORS)
def test_a_tone_keeps_its_pitch_and_its_level(faster, factor):
    tone = 0.5 * numpy.sin(2 * numpy.pi * 440 * numpy.arange(2 * RATE) / RATE)
    out = faster(numpy.stack([tone, -tone]), factor)
    assert numpy.array_equal(out[0], -out[1]), "both channels are moved alike"
    inner = out[0, 2000 : 2000 + 24_000]
    spectrum = numpy.abs(numpy.fft.rfft(inner * numpy.hanning(len(inner)))) ** 2
    peak = int(spectrum.argmax())
    assert peak * RATE / len(inner) == pytest.approx(440, abs=2)
    assert spectrum[peak - 4 : peak + 5].sum() / spectrum.sum() > 0.999
    assert numpy.abs(inner).max() == pytest.approx(0.5, rel=0.03)


@pytest.mark.parametrize("length", [1, 50, 3000])
def test_the_shortest_of_sounds(faster, length):
    assert faster(numpy.ones(length), 0.1, 8000).shape == (1, length * 10)
    assert faster(numpy.ones(length), 10, 8000).shape == (1, max(1, round(length / 10)))
