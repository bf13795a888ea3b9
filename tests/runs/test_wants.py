"""Viewers who wait for segments."""

from __future__ import annotations

from artdagd.runs import wants
from artdagd.runs.wants import Wants


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_viewers_take_turns_and_each_waits_for_one_segment():
    asked = Wants(Clock())
    assert asked.turn() is None
    asked.ask("a", 3)
    asked.ask("b", 10)
    assert [asked.turn() for _ in range(4)] == [3, 10, 3, 10]
    asked.ask("a", 4)
    assert [asked.turn() for _ in range(4)] == [4, 10, 4, 10]
    asked.leave("b")
    assert [asked.turn() for _ in range(2)] == [4, 4]


def test_who_does_not_ask_again_has_left():
    clock = Clock()
    asked = Wants(clock)
    asked.ask("a", 3)
    clock.now = wants.PATIENCE - 1
    asked.ask("b", 10)
    assert [asked.turn() for _ in range(2)] == [3, 10]
    clock.now = wants.PATIENCE + 1
    assert [asked.turn() for _ in range(2)] == [10, 10]
    clock.now *= 2
    assert asked.turn() is None
    asked.ask("c", 5, patience=13)
    clock.now += 12.5
    assert asked.turn() == 5, "who asks seldom is waited for"
    clock.now += 1
    assert asked.turn() is None


def test_what_is_waited_for_elsewhere_takes_the_place_of_what_was():
    asked = Wants(Clock())
    asked.ask("a", 7)
    asked.elsewhere({"one": [3, 9], "two": [3]})
    assert asked.segments() == [3, 7, 9]
    assert [asked.turn() for _ in range(5)] == [7, 3, 9, 3, 7]
    asked.elsewhere({"one": [4]})
    assert asked.segments() == [4, 7]
    asked.elsewhere({})
    assert asked.segments() == [7]


def test_who_waits_for_a_segment_waits_for_those_that_follow_it():
    clock = Clock()
    asked = Wants(clock)
    assert not asked.waited(100)
    asked.ask("a", 10)
    asked.ask("b", 3)
    assert [number for number in (2, 3, 11) if asked.waited(number)] == [3, 11]
    asked.leave("b")
    assert [number for number in (3, 9, 10, 11) if asked.waited(number)] == [10, 11]
    clock.now = wants.PATIENCE + 1
    assert not asked.waited(10)


def test_there_is_room_for_so_many():
    asked = Wants(Clock())
    for number in range(wants.VIEWERS + 1):
        asked.ask(str(number), number + 1)
    assert asked.turn() == 2
