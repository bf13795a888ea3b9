"""Sizes that planning foretells and rendering makes: one formula for both."""

from __future__ import annotations

from fractions import Fraction
from math import cos, floor, radians, sin

from artdagd.steps.numbers import even


def sized(width: int, height: int, wide: int | None, high: int | None, fit: str | None = None) -> tuple[int, int]:
    """The even sides of a picture of ``width`` x ``height`` pixels that is brought to ``wide`` x ``high``; the side
    that isn't told follows from the aspect. With ``shrink`` they are the most that come out: it keeps the aspect, and
    never enlarges."""
    if wide is None and high is None:
        return width, height
    if fit == "shrink":
        ratio = min(Fraction(1), *(Fraction(most, side) for most, side in ((wide, width), (high, height)) if most))
        return even(width * ratio), even(height * ratio)
    across = Fraction(high or 0) * width / height if wide is None else Fraction(wide)
    down = Fraction(wide or 0) * height / width if high is None else Fraction(high)
    return even(across), even(down)


def turned(width: int, height: int, degrees: float, scale: float) -> tuple[int, int]:
    """The even width and height (pixels) of the frame that just holds a picture turned by ``degrees`` and made
    ``scale`` times as large."""
    # Rounded, because libraries differ in the last digit.
    along, aslant = abs(round(cos(radians(degrees)), 9)), abs(round(sin(radians(degrees)), 9))
    across, down = (width * along + height * aslant) * scale, (width * aslant + height * along) * scale
    return _even_up(across), _even_up(down)


def _even_up(pixels: float) -> int:
    """The even number at or above ``pixels``, at least 2; a thousandth above one is forgiven."""
    return max(2, 2 * -floor(-(pixels - 0.001) / 2))


STILL = (1920, 1080)
"""What a still is made to fit, lying or upright, where no size is given: photos are far larger than any film."""


def still(width: int, height: int, wide: int | None, high: int | None) -> tuple[int, int]:
    """The even width and height of the clip that is made of a still of ``width`` x ``height`` pixels: as told by
    ``wide`` and ``high``; the side that isn't told follows from the aspect."""
    if wide is None and high is None:
        long, short = STILL if width >= height else STILL[::-1]
        share = min(Fraction(1), Fraction(long, width), Fraction(short, height))
        return even(width * share), even(height * share)
    return sized(width, height, wide, high)
