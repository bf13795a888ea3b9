"""Values that move with time: the canonical form that a plan has for a moving parameter, and its value at a time.

One of three mappings stands where a number would. Times are seconds on the clock of the step's own result.

``{"keyframes": [[time, value, ease], ...]}``
    In order of time. ``ease`` tells how the value gets there from the keyframe before: ``linear``, ``hold`` (a jump at
    that time), ``in``, ``out`` or ``in_out`` (cubic). Before the first and after the last, their values are held.
``{"pulses": [time, ...], "rest": value, "peak": value, "attack": seconds, "decay": seconds}``
    ``peak`` at each time (in order), reached from ``rest`` in a straight line that begins ``attack`` seconds before,
    left along a parabola that is back at ``rest`` after ``decay`` seconds. Where pulses overlap, the one that is
    furthest from ``rest`` counts.
``{"values": [value, ...], "hop": seconds, "start": time}``
    Value ``i`` stands at ``start + i * hop``; straight lines between, held before and after.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

Curve: TypeAlias = Callable[[float], float]
"""Seconds -> value. Pure: the same on every machine (sums, products and quotients of floats alone)."""

EASES: Mapping[str, Callable[[float], float]] = {
    "linear": lambda x: x,
    "hold": lambda x: 1.0 if x >= 1 else 0.0,
    "in": lambda x: x * x * x,
    "out": lambda x: 1 - (1 - x) * (1 - x) * (1 - x),
    "in_out": lambda x: 4 * x * x * x if x < 0.5 else 1 - 4 * (1 - x) * (1 - x) * (1 - x),
}


def moves(value: Any) -> bool:
    """Whether a config's value, in canonical form, is a curve."""
    return isinstance(value, Mapping) and any(key in value for key in ("keyframes", "pulses", "values"))


def curve(value: Any) -> Curve:
    """The curve of a number or of one of the mappings above, which has been checked."""
    if not isinstance(value, Mapping):
        number = float(value)
        return lambda time: number
    if "keyframes" in value:
        return _keyframes(value["keyframes"])
    if "pulses" in value:
        return _pulses(value["pulses"], *(float(value[key]) for key in ("rest", "peak", "attack", "decay")))
    return _samples(value["values"], float(value["hop"]), float(value["start"]))


def whole(value: float) -> int:
    """The nearest whole number, halves up: what a parameter that takes whole numbers has of a curve."""
    return math.floor(value + 0.5)


def _keyframes(keyframes: Sequence[Sequence[Any]]) -> Curve:
    times = [float(keyframe[0]) for keyframe in keyframes]

    def at(time: float) -> float:
        after = bisect_right(times, time)
        if after == 0:
            return float(keyframes[0][1])
        if after == len(times):
            return float(keyframes[-1][1])
        (t0, v0, _), (t1, v1, ease) = keyframes[after - 1], keyframes[after]
        return float(v0 + (v1 - v0) * EASES[ease]((time - t0) / (t1 - t0)))

    return at


def _pulses(times: Sequence[float], rest: float, peak: float, attack: float, decay: float) -> Curve:
    def at(time: float) -> float:
        after = bisect_right(times, time)
        share = 0.0
        if after and decay > 0:
            left = max(0.0, 1 - (time - times[after - 1]) / decay)
            share = left * left
        elif after and time == times[after - 1]:
            share = 1.0
        if after < len(times) and attack > 0:
            share = max(share, 1 - (times[after] - time) / attack)
        return rest + (peak - rest) * share

    return at


def _samples(values: Sequence[float], hop: float, start: float) -> Curve:
    def at(time: float) -> float:
        place = (time - start) / hop
        if place <= 0:
            return float(values[0])
        if place >= len(values) - 1:
            return float(values[-1])
        before = int(place)
        return float(values[before] + (values[before + 1] - values[before]) * (place - before))

    return at
