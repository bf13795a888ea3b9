"""The clock of a video stream: which of its frames stands at ``i / fps``, found from its packets' times alone."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from statistics import median_low
from typing import Any

RATES = tuple(
    Fraction(*rate)
    for rate in ((24000, 1001), (24, 1), (25, 1), (30000, 1001), (30, 1), (48, 1), (50, 1), (60000, 1001), (60, 1))
)
STILL_RATE = Fraction(25)
MAX_RATE = Fraction(240)
MAX_FRAMES = 3_000_000
JITTER = Fraction(11, 10_000)
"""Seconds that a frame may stand off its tick: what a stay in Matroska or FLV, which count in milliseconds, leaves."""
SAME = Fraction(5, 10_000_000)
"""Rates this close are one rate: less apart than 29.97 and 30000/1001."""


@dataclass(frozen=True)
class Clock:
    """``ordinals[i]`` is the number, in order of presentation, of the frame that is shown at ``i / fps``."""

    fps: Fraction
    ordinals: Sequence[int]


def clock(
    times: Sequence[int], last: int, base: Fraction, guesses: Sequence[Fraction | None], coded: Fraction | None = None
) -> Clock:
    """The clock of frames at ``times`` (sorted, in units of ``base`` seconds), the last of which lasts ``last`` units.

    A stream whose times lie on the grid of a guessed or common rate, as exactly as ``base`` or milliseconds can say,
    keeps that rate; where frames are missing the one before is held. ``coded`` is the rate that the bitstream states:
    it names exactly what a container states roughly. Any other stream gets its mean rate, or, where frames are far
    apart in places, that of its median frame; and at each tick the frame that is nearest.
    """
    seconds = [(time - times[0]) * base for time in times]
    if len(seconds) == 1:
        rate = next((guess for guess in guesses if guess and 1 <= guess <= 120), STILL_RATE)
        return Clock(rate, (0,))
    span = seconds[-1] / (len(seconds) - 1)
    named = [_named(guess, coded) for guess in guesses if guess]
    common = [rate for rate in RATES if abs(rate * span - 1) < Fraction(1, 50)]
    for tolerance in (base * Fraction(11, 10), JITTER):
        for rate in named + common:
            if 0 < rate <= MAX_RATE and (ticks := _ticks(seconds, rate, tolerance)):
                count = max(ticks[-1] + 1, round((seconds[-1] + last * base) * rate))
                if count > min(20 * len(seconds) + 1000, MAX_FRAMES):
                    continue
                if count == len(ticks):
                    return Clock(rate, range(count))
                return Clock(rate, [bisect_right(ticks, i) - 1 for i in range(count)])
    return _uneven(seconds, last * base)


def _named(guess: Fraction, coded: Fraction | None) -> Fraction:
    """The exact rate that a container's ``guess`` stands for: Matroska says 19001/317 for 60000/1001."""
    exact = (coded, *RATES) if coded else RATES
    return next((rate for rate in exact if rate and abs(guess / rate - 1) < SAME), guess)


def _ticks(seconds: Sequence[Fraction], rate: Fraction, tolerance: Fraction) -> list[int] | None:
    tolerance = max(tolerance, Fraction(1, 1_000_000))
    if tolerance * rate > Fraction(1, 3):
        return None
    ticks: list[int] = []
    for time in seconds:
        tick = round(time * rate)
        if abs(time - tick / rate) > tolerance or (ticks and tick <= ticks[-1]):
            return None
        ticks.append(tick)
    return ticks


def _uneven(seconds: Sequence[Fraction], last: Fraction) -> Clock:
    step = median_low([b - a for a, b in pairwise(seconds) if b > a] or [1 / STILL_RATE])
    mean = seconds[-1] / (len(seconds) - 1)
    if abs(mean / step - 1) < Fraction(1, 10):
        step = mean
    rate = min((1 / step).limit_denominator(1001), MAX_RATE)
    rate = next((common for common in RATES if abs(common / rate - 1) < Fraction(1, 100)), rate)
    count = max(1, round((seconds[-1] + last) * rate))
    return Clock(rate, Nearest(seconds, rate, count))


@dataclass(frozen=True)
class Nearest(Sequence[int]):
    """Element ``i`` is the index of that of ``seconds`` (sorted) which is nearest to ``i / rate``, the earlier of two.
    It is found when asked for: a hostile file can ask for very many."""

    seconds: Sequence[Fraction]
    rate: Fraction
    ticks: int

    def __len__(self) -> int:
        return self.ticks

    def __getitem__(self, tick: Any) -> Any:
        if not 0 <= tick < self.ticks:
            raise IndexError(tick)
        time = tick / self.rate
        after = bisect_left(self.seconds, time)
        if after == 0:
            return 0
        if after == len(self.seconds) or time - self.seconds[after - 1] <= self.seconds[after] - time:
            return after - 1
        return after
