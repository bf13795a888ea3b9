"""A colour that a recipe names, as the numbers that a picture has for it (ITU-T H.273)."""

from __future__ import annotations

from artdagd.render.streams import Picture

WEIGHTS = {1: (0.2126, 0.0722), 4: (0.30, 0.11), 7: (0.212, 0.087), 9: (0.2627, 0.0593)}
"""Kr and Kb of each colour matrix; that of BT.601 holds for all others."""


def yuv(colour: str, picture: Picture) -> tuple[int, int, int]:
    """``#RRGGBB`` as Y, U and V of 8-bit ``picture``, which has limited range."""
    y, u, v = exact_yuv(colour, picture)
    return round(y), round(u), round(v)


def exact_yuv(colour: str, picture: Picture) -> tuple[float, float, float]:
    """The same before it is rounded."""
    red, green, blue = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    kr, kb = WEIGHTS.get(picture.colour.space, (0.299, 0.114))
    luma = kr * red + (1 - kr - kb) * green + kb * blue
    return 16 + 219 * luma, 128 + 224 * (blue - luma) / (1 - kb) / 2, 128 + 224 * (red - luma) / (1 - kr) / 2
