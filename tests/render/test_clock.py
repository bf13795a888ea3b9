"""Which rate a file has, and which frame stands at each tick: from files as they come out of cameras and remuxers."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import pytest

from artdagd.render.reading.clock import clock
from artdagd.render.reading.probe import probe

NTSC = Fraction(60000, 1001)


RATES = [(60000, 1001), (48000, 1001), (120000, 1001), (2997, 100), (239, 1), (240, 1), (1, 2)]


@pytest.mark.parametrize("rate", RATES)
def test_an_intermediate_keeps_the_rate_to_the_fraction(clip, render, numbers, rate):
    fps = Fraction(*rate)
    pieces = [[0.0, float(40 / fps), 0.0, 39 / 30]]
    retime = ("RETIME", {"pieces": pieces, "fps": list(rate)}, ["a"])
    made = render([retime], {"a": clip("a.mp4", 40, 30)}, lossless=True)
    assert probe(made).video.fps == rate
    assert numbers(render([("SEGMENT", {}, ["a"])], {"a": made})) == numbers(made)


@pytest.mark.parametrize("ticks", [1000, 16_000, 90_000])
def test_a_stay_in_milliseconds_drops_no_frame(ticks):
    times = [round(1000 * i / NTSC) * ticks // 1000 for i in range(600)]
    found = clock(times, ticks // 60, Fraction(1, ticks), (Fraction(19001, 317), Fraction(1000, 17)))
    assert found.fps == NTSC
    assert list(found.ordinals) == list(range(600))


def test_jitter_of_a_phone_keeps_the_mean_rate():
    times = [round(90_000 * i / 50) + (0, 140, -150)[i % 3] for i in range(500)]
    found = clock(times, 1800, Fraction(1, 90_000), (None, Fraction(50)))
    assert found.fps == 50
    assert list(found.ordinals) == list(range(500))


def test_a_recording_that_starts_anywhere_stays_in_time(tmp_path: Path, clip, render, numbers):
    source, stream, middle = clip("a.mp4", 60, 25), tmp_path / "whole.ts", tmp_path / "middle.ts"
    with av.open(str(source)) as pictures, av.open(str(stream), "w") as target:
        video = target.add_stream("mpeg2video", rate=25, options={"b": "2M", "bf": "2"})
        video.width, video.height, video.pix_fmt, video.codec_context.gop_size = 240, 64, "yuv420p", 15
        for frame in pictures.decode(video=0):
            frame.pict_type = 0
            target.mux(video.encode(frame))
        target.mux(video.encode(None))
    data = stream.read_bytes()
    middle.write_bytes(data[len(data) // 3 // 188 * 188 :])  # between keyframes: the first pictures lack their past
    shown = numbers(render([("SEGMENT", {}, ["a"])], {"a": middle}))
    fps, frames = probe(middle).video.fps, len(shown)
    assert (fps, round(probe(middle).video.duration * 25)) == ((25, 1), frames)
    held = shown.count(shown[0])
    assert 1 < held < 16
    assert shown[held - 1 :] == list(range(shown[0], 60))
    # wherever reading starts, the same picture stands at the same time
    assert numbers(render([("SEGMENT", {"start": 1}, ["a"])], {"a": middle})) == shown[25:]
