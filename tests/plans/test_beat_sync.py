"""The time maps of BEAT_SYNC against the issue's formulas, written here a second time, in exact fractions."""

from __future__ import annotations

import itertools
from fractions import Fraction

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from artdagd.errors import InvalidRecipe, StepFailed
from artdagd.plans import beat_sync
from artdagd.plans.model import ConcreteStep
from artdagd.plans.shapes import Shape, rate

VIDEO = Shape(duration=5.0, fps=(25, 1), width=640, height=360, audio=None)

beats = st.lists(st.floats(-1, 61, allow_nan=False), max_size=40)
sound = st.floats(0.1, 60)
picture = st.floats(0.04, 100)
shares = st.lists(st.fractions(0, Fraction(999, 1000), max_denominator=1000), min_size=1, max_size=30)


def by_the_issue(mode: str, times: list[float], total: float, video: float, t: Fraction) -> Fraction:
    """Which source time is shown at ``t``; nothing here comes from the code under test."""
    end, length = Fraction(total), Fraction(video)
    bounds = [Fraction(0), *sorted({Fraction(b) for b in times if 0 < b < total}), end]
    n = len(bounds) - 1
    k = max(i for i in range(n) if bounds[i] <= t)
    if mode == "stretch":
        return (k + (t - bounds[k]) / (bounds[k + 1] - bounds[k])) * length / n
    return (k * length / n + (t - bounds[k])) % length


def by_the_map(pieces: list[tuple[float, float, float, float]], t: Fraction) -> Fraction:
    t0, t1, s0, s1 = next(piece for piece in reversed(pieces) if piece[0] <= t)
    return Fraction(s0) + (t - Fraction(t0)) / (Fraction(t1) - Fraction(t0)) * (Fraction(s1) - Fraction(s0))


def make(mode: str, times: list[float], total: float, video: float) -> list[tuple[float, float, float, float]]:
    bounds = beat_sync.boundaries(times, total)
    return list((beat_sync.cut if mode == "cut" else beat_sync.stretch)(bounds, video))


def apart(mode: str, video: float, one: Fraction, two: Fraction) -> Fraction:
    """How far two source times are apart; in a cut the source is a circle, whose end and start are one point."""
    distance = abs(one - two)
    return min(distance, abs(Fraction(video) - distance)) if mode == "cut" else distance


@pytest.mark.parametrize("mode", ["stretch", "cut"])
@given(times=beats, total=sound, video=picture, at=shares)
@example(times=[], total=10.0, video=4.0, at=[Fraction(1, 2)])
@example(times=[2.5], total=10.0, video=4.0, at=[Fraction(1, 4)])
@example(times=[0.0, 10.0], total=10.0, video=4.0, at=[Fraction(0)])
@example(times=[0.5, 1.0, 1.5], total=2.0, video=90.0, at=[Fraction(1, 3)])
@example(times=[0.4637, 0.9275, 1.3913], total=1.7, video=0.1, at=[Fraction(9, 10)])
def test_the_map_is_the_formula(mode: str, times: list[float], total: float, video: float, at: list[Fraction]) -> None:
    pieces = make(mode, times, total, video)
    inside = [Fraction(b) for b in times if 0 < b < total]
    for t in [*inside, *(share * Fraction(total) for share in at)]:
        shown, wanted = by_the_map(pieces, t), by_the_issue(mode, times, total, video, t)
        assert apart(mode, video, shown, wanted) < 1e-9


@pytest.mark.parametrize("mode", ["stretch", "cut"])
@given(times=beats, total=sound, video=picture)
@example(times=[1.0, 2.0], total=3.0, video=42.993256462176035)
def test_pieces_cover_the_sound_without_gaps_and_stay_in_the_source(
    mode: str, times: list[float], total: float, video: float
) -> None:
    pieces = make(mode, times, total, video)
    assert pieces[0][0] == 0.0
    assert pieces[-1][1] == total
    assert all(before[1] == after[0] for before, after in itertools.pairwise(pieces))
    assert all(t0 < t1 and 0 <= s0 <= s1 <= video for t0, t1, s0, s1 in pieces)
    if mode == "stretch":
        assert all(before[3] == after[2] for before, after in itertools.pairwise(pieces))
        assert pieces[-1][3] == pytest.approx(video)


@given(times=beats, total=sound, every=st.integers(1, 9), skipped=st.integers(0, 50))
@example(times=[1.0, 2.0, 3.0, 4.0, 5.0], total=6.0, every=2, skipped=1)
@example(times=[0.0, 1.0, 6.0], total=6.0, every=1, skipped=1)
def test_every_nth_beat_from_the_offset_on_is_a_boundary(
    times: list[float], total: float, every: int, skipped: int
) -> None:
    plain, chosen = beat_sync.boundaries(times, total), beat_sync.boundaries(times, total, every, skipped)
    assert (chosen[0], chosen[-1]) == (0.0, total)
    for number, beat in enumerate(plain[1:-1]):
        wanted = number >= skipped and (number - skipped) % every == 0
        assert (beat in chosen) == wanted
    assert beat_sync.boundaries(times, total, 1, 0) == plain


def test_worked_by_hand() -> None:
    assert make("stretch", [1.0, 3.0], 4.0, 6.0) == [(0, 1, 0, 2), (1, 3, 2, 4), (3, 4, 4, 6)]
    assert make("cut", [1.0, 3.0], 4.0, 6.0) == [(0, 1, 0, 1), (1, 3, 2, 4), (3, 4, 4, 5)]
    assert make("cut", [2.0], 6.0, 3.0) == [(0, 2, 0, 2), (2, 3.5, 1.5, 3), (3.5, 6, 0, 2.5)]
    assert make("cut", [], 5.0, 2.0) == [(0, 2, 0, 2), (2, 4, 0, 2), (4, 5, 0, 1)]


def test_a_wrap_that_falls_on_a_beat_makes_no_empty_piece() -> None:
    assert make("cut", [2.0], 4.0, 4.0) == [(0, 2, 0, 2), (2, 4, 2, 4)]
    assert make("cut", [1.0], 3.0, 2.0) == [(0, 1, 0, 1), (1, 2, 1, 2), (2, 3, 0, 1)]


def test_beats_are_sorted_and_unique_and_those_at_the_ends_are_dropped() -> None:
    assert beat_sync.boundaries([3, 1.5, 0.0, 3.0, -1, 4.0, 9], 4.0) == (0.0, 1.5, 3.0, 4.0)
    assert beat_sync.boundaries([], 4.0) == (0.0, 4.0)


def beat_step(**config: object) -> ConcreteStep:
    return ConcreteStep("sync", "sync", "BEAT_SYNC", {"mode": "stretch", **config}, ("video", "beats"), keep=True)


def resolve(step: ConcreteStep, found: object, duration: float = 4.0) -> tuple[ConcreteStep, ...]:
    return beat_sync.resolve(step, video=VIDEO, audio_input="song", audio_duration=duration, features={"beats": found})


def test_resolves_into_retime_and_mux() -> None:
    retime, mux = resolve(beat_step(), [1.0])
    assert (retime.step_id, retime.type, retime.inputs) == ("sync.retime", "RETIME", ("video",))
    assert retime.config == {"pieces": [[0.0, 1.0, 0.0, 2.5], [1.0, 4.0, 2.5, 5.0]], "fps": [25, 1]}
    assert (mux.step_id, mux.type, mux.inputs) == ("sync", "MUX", ("sync.retime", "song"))
    assert mux.config == {"length": "audio"}
    assert (retime.keep, mux.keep) == (False, True)


def test_beats_are_counted_as_told() -> None:
    retime, _ = resolve(beat_step(beats_per_cut=2, offset=1), [0.5, 1.0, 1.5, 2.0, 2.5])
    assert [piece[0] for piece in retime.config["pieces"]] == [0.0, 1.0, 2.0]


def test_a_size_adds_a_resize_and_a_rate_replaces_the_source_s() -> None:
    retime, resize, mux = resolve(beat_step(fps="30000/1001", width=320, height=None), [1.0])
    assert retime.config["fps"] == [30000, 1001]
    assert (resize.step_id, resize.type, resize.config) == ("sync.resize", "RESIZE", {"width": 320})
    assert resize.inputs == ("sync.retime",)
    assert mux.inputs == ("sync.resize", "song")


@pytest.mark.parametrize(
    ("value", "wanted"),
    [(25, (25, 1)), (29.97, (2997, 100)), (12.5, (25, 2)), ("30000/1001", (30000, 1001)), ([50, 2], (25, 1))],
)
def test_rates_are_exact(value: object, wanted: tuple[int, int]) -> None:
    assert rate(beat_step(), value) == wanted


@pytest.mark.parametrize("bad", [0, -25, "25/0", "0/0", 241, [25, 0], 1e-400])
def test_what_is_no_rate_is_refused(bad: object) -> None:
    with pytest.raises(InvalidRecipe, match="is no frame rate"):
        rate(beat_step(), bad)


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), "1.5", None, True])
def test_beats_that_are_no_times_are_refused(bad: object) -> None:
    with pytest.raises(StepFailed, match="'beats' is unusable") as caught:
        resolve(beat_step(), [0.5, bad])
    assert caught.value.code == "analyzer_error"


def test_an_analysis_without_beats_says_what_to_add() -> None:
    with pytest.raises(InvalidRecipe) as caught:
        resolve(beat_step(), None)
    assert "Add beats to the features of 'beats'" in caught.value.advice


def test_the_number_of_pieces_is_bounded() -> None:
    with pytest.raises(InvalidRecipe, match="more than 65536 pieces"):
        resolve(beat_step(mode="cut"), [], duration=5.0 * beat_sync.MAX_PIECES + 1)
