"""The clock of a video stream: which of its frames stands at ``i / fps``, found from its packets' times alone."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from statistics import median_low

RATES = tuple(
    Fraction(*rate)
    for rate in ((24000, 1001), (24, 1), (25, 1), (30000, 1001), (30, 1), (48, 1), (50, 1), (60000, 1001), (60, 1))
)
STILL_RATE = Fraction(25)
MAX_RATE = Fraction(240)


@dataclass(frozen=True)
class Clock:
    """``ordinals[i]`` is the number, in order of presentation, of the frame that is shown at ``i / fps``."""

    fps: Fraction
    ordinals: Sequence[int]


def clock(times: Sequence[int], last: int, base: Fraction, guesses: Sequence[Fraction | None]) -> Clock:
    """The clock of frames at ``times`` (sorted, in units of ``base`` seconds), the last of which lasts ``last`` units.

    A stream whose times lie on the grid of a guessed or common rate, as exactly as ``base`` can say, keeps that rate;
    where frames are missing the one before is held. Any other gets the rate of its median frame, and at each tick
    the frame that is nearest.
    """
    seconds = [(time - times[0]) * base for time in times]
    if len(seconds) == 1:
        rate = next((guess for guess in guesses if guess and 1 <= guess <= 120), STILL_RATE)
        return Clock(rate, (0,))
    span = seconds[-1] / (len(seconds) - 1)
    common = [rate for rate in RATES if abs(rate * span - 1) < Fraction(1, 50)]
    for rate in [guess for guess in guesses if guess] + common:
        if 0 < rate <= MAX_RATE and (ticks := _ticks(seconds, rate, base)):
            count = max(ticks[-1] + 1, round((seconds[-1] + last * base) * rate))
            if count > 20 * len(seconds) + 1000:
                continue
            if count == len(ticks):
                return Clock(rate, range(count))
            return Clock(rate, [bisect_right(ticks, i) - 1 for i in range(count)])
    return _uneven(seconds, last * base)


def _ticks(seconds: Sequence[Fraction], rate: Fraction, base: Fraction) -> list[int] | None:
    tolerance = max(base * Fraction(11, 10), Fraction(1, 1_000_000))
    if tolerance * rate > Fraction(1, 4):
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
    rate = min((1 / step).limit_denominator(1001), MAX_RATE)
    rate = next((common for common in RATES if abs(common / rate - 1) < Fraction(1, 100)), rate)
    count = max(1, round((seconds[-1] + last) * rate))
    return Clock(rate, [nearest(seconds, i / rate) for i in range(count)])


def nearest(seconds: Sequence[Fraction], time: Fraction) -> int:
    """The index of the element of ``seconds`` (sorted) that is nearest to ``time``; the earlier one of two."""
    after = bisect_left(seconds, time)
    if after == 0:
        return 0
    if after == len(seconds) or time - seconds[after - 1] <= seconds[after] - time:
        return after - 1
    return after
