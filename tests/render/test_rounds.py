"""REVERSE, LOOP and SOURCE: frames and samples in their places, however much is held at a time."""

from __future__ import annotations

from fractions import Fraction

import numpy
import pytest

from artdagd.render.analysis.audio import mono
from artdagd.render.reading.source import open_source
from artdagd.render.steps import reverse


@pytest.fixture
def noisy(clip):
    """60 frames at 30000/1001 a second with keyframes every 12, and sound a little longer."""
    return clip("n.mkv", 60, Fraction(30000, 1001), samples=100_000, audio_codec="pcm_s16le", gop=12)


def heard(path) -> numpy.ndarray:
    return mono(path, 48000)


@pytest.mark.parametrize("frames", [1000, 13, 5, 1])
def test_reverse_is_exact_however_few_frames_are_held(noisy, render, numbers, monkeypatch, frames) -> None:
    monkeypatch.setattr(reverse, "BLOCK_BYTES", frames * 240 * 64 * 3 // 2)
    monkeypatch.setattr(reverse, "SPOOL_BYTES", frames)
    out = render([("REVERSE", {}, ["a"])], {"a": noisy}, lossless=True)
    assert numbers(out) == list(range(59, -1, -1))
    length = round(60 * Fraction(1001, 30000) * 48000)
    assert numpy.array_equal(heard(out), heard(noisy)[:length][::-1])


def test_a_reversed_stream_can_be_entered_anywhere_and_reads_from_key_to_key(noisy, numbers, monkeypatch) -> None:
    monkeypatch.setattr(reverse, "BLOCK_BYTES", 20 * 240 * 64 * 3 // 2)
    video = open_source(noisy).video
    turned = reverse.backwards(video)
    whole = [frame.to_ndarray().tobytes() for frame in turned.frames()]
    assert [frame.to_ndarray().tobytes() for frame in turned.frames(33)] == whole[33:]
    begun = {59 - i - turned.preroll(i) for i in range(60)}
    assert 1 < len(begun) < 60
    assert not any(map(video.preroll, begun)), "blocks begin at keyframes: nothing is decoded twice"


def test_sound_alone_is_reversed_and_looped(clip, render) -> None:
    song = clip("s.wav", samples=5000, audio_codec="pcm_s16le")
    assert numpy.array_equal(heard(render([("REVERSE", {}, ["a"])], {"a": song}, lossless=True)), heard(song)[::-1])
    looped = heard(render([("LOOP", {"count": 3}, ["a"])], {"a": song}, lossless=True))
    assert numpy.array_equal(looped, numpy.tile(heard(song), 3))
    looped = heard(render([("LOOP", {"duration": 0.25}, ["a"])], {"a": song}, lossless=True))
    assert numpy.array_equal(looped, numpy.tile(heard(song), 3)[:12_000])


@pytest.mark.parametrize("config", [{"count": 7}, {"duration": 9.5}])
def test_rounds_of_a_loop_never_drift(noisy, render, numbers, config) -> None:
    # 59 frames last no whole number of samples.
    steps = [("SEGMENT", {"start": 0, "end": 1.97}, ["a"]), ("LOOP", config, ["s0"])]
    out = render(steps, {"a": noisy}, lossless=True)
    rate, frames = Fraction(30000, 1001), 413 if "count" in config else 285
    assert numbers(out) == [i % 59 for i in range(frames)]
    sound, source = heard(out), heard(noisy)
    assert len(sound) == int(frames / rate * 48000 + Fraction(1, 2))
    for number in range(frames // 59 + 1):
        start = int(number * 59 / rate * 48000 + Fraction(1, 2))
        part = sound[start : start + 90_000]
        assert numpy.array_equal(part, source[: len(part)]), number


def test_source_gives_what_is_asked_for(clip, render, length) -> None:
    both = clip("b.mp4", 30, 30, samples=48_000)
    assert length(render([("SOURCE", {"streams": "both"}, ["a"])], {"a": both})) == (30, 48_000)
    assert length(render([("SOURCE", {"streams": "video"}, ["a"])], {"a": both})) == (30, 0)
    assert length(render([("SOURCE", {"streams": "audio"}, ["a"])], {"a": both})) == (0, 48_000)
