"""Steps that choose what is seen and heard when, beside an independent ffmpeg: every frame and every sample."""

from __future__ import annotations

from fractions import Fraction

import numpy
import pytest

from tests.golden.conftest import SIZE, half_up, pictures, sound, theirs

RATE = 48_000


def heard(program, path, filters: str) -> numpy.ndarray:
    raw = program("-i", path, "-vn", "-af", filters, "-f", "f32le", "-")
    return numpy.frombuffer(raw, numpy.float32).reshape(1, -1)


@pytest.mark.parametrize(
    ("kind", "config", "picture", "audio"),
    [
        ("SOURCE", {"streams": "both"}, "null", "anull"),
        (
            "SEGMENT",
            {"start": 0.2, "end": 0.6},
            "trim=start_frame=5:end_frame=15",
            "atrim=start_sample=9600:end_sample=28800",
        ),
        ("SEGMENT", {"start": 0.28}, "trim=start_frame=7", "atrim=start_sample=13440"),
        ("REVERSE", {}, "reverse", "areverse"),
        ("LOOP", {"count": 3}, "loop=loop=2:size=20,trim=end_frame=60", "aloop=loop=2:size=38400"),
        (
            "LOOP",
            {"duration": 1.0},
            "loop=loop=-1:size=20,trim=end_frame=25",
            "aloop=loop=-1:size=38400,atrim=end_sample=48000",
        ),
    ],
)
def test_every_frame_and_sample(program, film, ours, kind, config, picture, audio) -> None:
    made = ours(kind, config, film)
    # Counted anew, because ffmpeg keeps the times that trim left them with, and repeats frames before them.
    assert numpy.array_equal(pictures(made), theirs(program, film, f"{picture},setpts=N/25/TB", SIZE))
    assert numpy.array_equal(sound(made), heard(program, film, audio))


@pytest.mark.parametrize("factor", [2.0, 0.5, 1.6])
def test_speed_like_a_turntable(program, film, ours, factor) -> None:
    made = ours("SPEED", {"factor": factor, "keep_pitch": False}, film)
    shown, source = pictures(made), pictures(film)
    count = half_up(20 / Fraction(str(factor)))
    # Frame i shows what stood at i * factor / 25 seconds.
    assert [numpy.array_equal(source[min(half_up(i * Fraction(str(factor))), 19)], shown[i]) for i in range(count)] == [
        True
    ] * len(shown)
    turned = heard(program, film, f"asetrate={RATE * factor:.0f},aresample={RATE}")[0]
    got = sound(made)[0]
    assert len(got) == half_up(38_400 / Fraction(str(factor)))
    middle = slice(500, min(len(got), len(turned)) - 500)
    assert abs(got[middle] - turned[middle]).max() < 1e-4


def test_speed_with_its_pitch_lasts_as_long_and_sounds_as_high(film, ours) -> None:
    def crossings(samples: numpy.ndarray) -> int:
        return int((numpy.diff(numpy.sign(samples)) > 0).sum())

    slow = sound(ours("SPEED", {"factor": 0.5}, film))[0]
    assert len(slow) == 76_800
    source = sound(film)[0]
    # A rising tone takes twice the time and twice the waves.
    assert crossings(slow[8000:-8000]) == pytest.approx(2 * crossings(source[4000:-4000]), rel=0.05)
