"""Pictures of sound: as many as the sound is long, each at its time, in the colour that was asked for."""

from __future__ import annotations

from fractions import Fraction

import av
import numpy
import pytest

from tests.sounds import read_sound, write_sound

SMALL = {"width": 160, "height": 90}
ALL = [
    ("WAVEFORM", {"mode": "cline"}),
    ("WAVEFORM", {"mode": "point", "split": True, "scale": "sqrt", "colors": ["#FF0000", "#00FF00"]}),
    ("SPECTRUM", {"mode": "scroll"}),
    ("SPECTRUM", {"mode": "bars"}),
    ("SPECTRUM", {"mode": "cqt"}),
]


@pytest.fixture
def film(render, tmp_path):
    """``film(kind, config, samples)``: the frames as RGB, the rate, the colour matrix, and the sound."""

    def run(kind, config, samples, rate=44_100):
        source = write_sound(tmp_path / "a.wav", samples, rate)
        out = render([(kind, {**SMALL, **config}, ["a"])], {"a": source}, lossless=True)
        with av.open(str(out)) as file:
            frames = list(file.decode(video=0))
            fps = file.streams.video[0].average_rate
        pictures = numpy.array([frame.reformat(format="rgb24").to_ndarray() for frame in frames]).astype(int)
        return pictures, fps, {int(frame.colorspace) for frame in frames}, read_sound(out)

    return run


@pytest.mark.parametrize(("kind", "config"), ALL, ids=lambda value: str(value))
def test_one_picture_for_each_frame_and_the_sound_as_it_was(film, kind, config):
    noise = (0.2 * numpy.random.default_rng(5).standard_normal((2, 40_000))).astype(numpy.float32)
    pictures, fps, matrices, sound = film(kind, {**config, "fps": "30000/1001"}, noise)
    assert pictures.shape == (27, 90, 160, 3)
    assert fps == Fraction(30000, 1001)
    assert matrices == {1}
    assert numpy.array_equal(sound, noise)
    assert all(picture.max() > 60 for picture in pictures)


@pytest.mark.parametrize(("kind", "config"), ALL, ids=lambda value: str(value))
def test_a_picture_shows_the_sound_around_its_time(film, kind, config):
    """A tone begins at 1 s: it is seen at frame 25, as strongly as ever soon after, and not long before."""
    samples = numpy.zeros(88_200)
    samples[44_100:] = 0.3 * numpy.sin(numpy.arange(44_100) * 0.2)
    pictures = film(kind, {**config, "fps": 25.0, "speed": 25.0}, samples)[0]
    edge = slice(-1, None) if config["mode"] == "scroll" else slice(None)
    ink = numpy.abs(pictures - pictures[0])[:, :, edge].mean(axis=(1, 2, 3))
    strong = ink[30:40].mean()
    assert strong > 0.2
    assert 22 <= int((ink > 0.1 * strong).argmax()) <= 25
    assert ink[28] > 0.8 * strong


def test_the_colour_of_a_wave_is_the_one_that_was_asked_for(film):
    loud = numpy.sign(numpy.sin(numpy.arange(8820) * 0.05)) * 0.9
    pictures = film("WAVEFORM", {"colors": ["#40C0FF"]}, loud)[0]
    inked = pictures[2][pictures[2].sum(axis=2) > 300]
    assert len(inked) > 1000
    assert numpy.abs(numpy.median(inked, axis=0) - (0x40, 0xC0, 0xFF)).max() <= 3


def test_a_spectrum_shows_level_as_grey_and_bass_below(film):
    tone = 0.9 * numpy.sin(numpy.arange(22_050) * 2 * numpy.pi * 2000 / 44_100)
    column = film("SPECTRUM", {"mode": "scroll"}, tone)[0][8][:, -1]
    loudest = int(column.sum(axis=1).argmax())
    assert abs((90 - loudest) / 90 * 22_050 - 2000) < 500
    grey = film("SPECTRUM", {"mode": "scroll", "color": "channel"}, numpy.zeros(8820))[0]
    assert grey.max() <= 2, "silence is black"


def test_the_same_from_any_frame_on(render, tmp_path):
    noise = 0.2 * numpy.random.default_rng(5).standard_normal(30_000)
    source = write_sound(tmp_path / "a.wav", noise, 44_100)
    scope = ("SPECTRUM", {**SMALL, "mode": "scroll"}, ["a"])
    whole = render([scope], {"a": source}, lossless=True)
    part = render([scope, ("SEGMENT", {"start": 0.4}, ["s0"])], {"a": source}, lossless=True)
    frames = []
    for path in (whole, part):
        with av.open(str(path)) as file:
            frames.append([frame.to_ndarray() for frame in file.decode(video=0)])
    assert numpy.array_equal(frames[0][10:], frames[1])
