"""What a moving parameter is at a time."""

from __future__ import annotations

import pytest

from artdagd.steps.curves import EASES, curve, moves


def test_a_number_stays() -> None:
    assert (curve(3)(0), curve(2.5)(99)) == (3.0, 2.5)
    assert not moves(3)
    assert not moves("keyframes")


def test_keyframes_are_eased_to_and_held_outside() -> None:
    at = curve({"keyframes": [[1, 10, "linear"], [2, 20, "linear"], [3, 0, "hold"], [4, 8, "in_out"]]})
    assert [at(time) for time in (0, 1, 1.5, 2, 2.9, 3, 3.5, 4, 9)] == [10, 10, 15, 20, 20, 0, 4, 8, 8]


@pytest.mark.parametrize("ease", EASES)
def test_every_ease_leads_from_one_value_to_the_other(ease: str) -> None:
    way = [EASES[ease](step / 20) for step in range(21)]
    assert (way[0], way[-1]) == (0, 1)
    assert way == sorted(way)


def test_pulses_rise_before_their_time_and_fall_after() -> None:
    at = curve({"pulses": [1.0, 2.0], "rest": 1, "peak": 3, "attack": 0.5, "decay": 0.5})
    assert [at(time) for time in (0, 0.5, 0.75, 1, 1.25, 1.5, 1.75, 2, 2.5)] == [1, 1, 2, 3, 1.5, 1, 2, 3, 1]
    still = curve({"pulses": [1.0], "rest": 1, "peak": 3, "attack": 0, "decay": 0})
    assert [still(0.999), still(1.0), still(1.001)] == [1, 3, 1]
    assert curve({"pulses": [], "rest": 1, "peak": 3, "attack": 0.1, "decay": 0.1})(5) == 1


def test_values_are_joined_by_straight_lines() -> None:
    at = curve({"values": [0, 1, 0.5], "hop": 0.5, "start": 1.0})
    assert [at(time) for time in (0, 1, 1.25, 1.5, 1.75, 2, 3)] == [0, 0, 0.5, 1, 0.75, 0.5, 0.5]
