"""Which frame of an input each frame of a result shows: one rule for planning, which foretells it, and rendering.

Rates are exact frames a second, counts are frames, times are exact seconds. A map is asked for the frames of the result
from 0 on, and gives frames that there are.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

from artdagd.steps.numbers import exact, nearest

Map = Callable[[int], int]


def part(start: Fraction, end: Fraction | None, rate: Fraction, count: int) -> tuple[int, int]:
    """The first frame of what lies in [start, end), and the number of frames: those nearest to both times."""
    first = nearest(start * rate)
    stop = count if end is None else min(nearest(end * rate), count)
    return first, max(1, stop - first)


def faster(factor: Fraction, count: int) -> tuple[Map, int]:
    """``factor`` times as fast at the same rate, and how many frames that are."""
    return lambda i: min(nearest(i * factor), count - 1), max(1, nearest(count / factor))


def at_rate(rate: Fraction, count: int, fps: Fraction) -> tuple[Map, int]:
    """At another rate, each frame showing the one that is nearest in time; and how many frames that are."""
    if rate == fps:
        return lambda i: i, count
    return lambda i: min(nearest(i * rate / fps), count - 1), max(1, nearest(count / rate * fps))


def on_clock(rate: Fraction, count: int, fps: Fraction, first: int, after: str) -> Map:
    """On a clock of ``fps``, on which frame 0 stands at ``first`` and before; each frame shows the one that is nearest
    in time. ``after`` the end the last one is held, or all begins anew (``loop``)."""

    def frame_at(number: int) -> int:
        place = nearest(max(0, number - first) * rate / fps)
        return place % count if after == "loop" else min(place, count - 1)

    return frame_at


def seen(length: Fraction, fps: Fraction, count: int, start: Fraction, end: Fraction | None, after: str) -> range:
    """The frames, of ``count`` at ``fps``, during which something of ``length`` seconds is seen that is shown from
    ``start`` to ``end`` seconds; with ``after: hide`` until it has ended."""
    first = nearest(start * fps)
    stop = count if end is None else min(count, nearest(end * fps))
    if after == "hide":
        stop = min(stop, first + max(1, nearest(length * fps)))
    return range(first, stop)


def retimed(pieces: Sequence[Sequence[Any]], fps: Fraction, rate: Fraction, count: int) -> tuple[Map, int]:
    """Along ``pieces`` (t0, t1, s0, s1), contiguous from t0 = 0: time t in [t0, t1) shows time
    s0 + (t - t0) / (t1 - t0) * (s1 - s0). And how many frames that are."""
    known = [tuple(exact(number) for number in piece) for piece in pieces]
    starts = [piece[0] for piece in known]

    def frame_at(i: int) -> int:
        time = i / fps
        t0, t1, s0, s1 = known[max(0, bisect_right(starts, time) - 1)]
        share = (time - t0) / (t1 - t0) if t1 > t0 else Fraction(0)
        return min(max(nearest((s0 + share * (s1 - s0)) * rate), 0), count - 1)

    return frame_at, max(1, nearest(known[-1][1] * fps))
