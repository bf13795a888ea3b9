"""Frame effects for artdagd. Every module here is one effect: its file is what identifies the implementation."""

from __future__ import annotations

from collections.abc import Iterable

from artdagd.hooks import Effect, hookimpl
from artdagd_effects import (
    blur,
    color,
    echo,
    edge,
    fade,
    flip,
    grain,
    grayscale,
    heatmap,
    hue,
    identity,
    invert,
    kaleidoscope,
    mirror,
    pixelate,
    posterize,
    rgb_shift,
    scanlines,
    sepia,
    shake,
    sharpen,
    solarize,
    strobe,
    trails,
    vignette,
    zoom,
)

MODULES = (
    blur,
    color,
    echo,
    edge,
    fade,
    flip,
    grain,
    grayscale,
    heatmap,
    hue,
    identity,
    invert,
    kaleidoscope,
    mirror,
    pixelate,
    posterize,
    rgb_shift,
    scanlines,
    sepia,
    shake,
    sharpen,
    solarize,
    strobe,
    trails,
    vignette,
    zoom,
)
"""Every effect's module; each has an ``EFFECT``."""


@hookimpl
def artdag_effects() -> Iterable[Effect]:
    return [module.EFFECT for module in MODULES]
