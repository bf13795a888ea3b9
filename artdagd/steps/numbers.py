"""Numbers of a config made exact, and rounded in one way by planning and rendering: 0.1 means one tenth."""

from __future__ import annotations

import math
from fractions import Fraction


def exact(value: float | int | str) -> Fraction:
    """The number as it is written, not as binary floating point holds it."""
    return Fraction(repr(value) if isinstance(value, float) else value)


def nearest(value: Fraction) -> int:
    """The nearest integer; halves go up, so that a shift by whole numbers shifts the result."""
    return math.floor(value + Fraction(1, 2))


def even(value: Fraction | int) -> int:
    """The nearest even number, at least 2: 4:2:0 pictures have even sides."""
    return max(2, 2 * nearest(Fraction(value) / 2))
