"""Sizes that planning foretells and rendering makes: one formula for both."""

from __future__ import annotations

from math import cos, floor, radians, sin


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
