"""Frame effects for artdagd, one module each: the module's bytes are part of the effect's identity."""

from __future__ import annotations

from artdagd.hooks import Effect, hookimpl
from artdagd_effects import (
    blur,
    color,
    edge,
    grain,
    grayscale,
    hue,
    identity,
    invert,
    pixelate,
    rgb_shift,
    sepia,
    sharpen,
    vignette,
)

_MODULES = (blur, color, edge, grain, grayscale, hue, identity, invert, pixelate, rgb_shift, sepia, sharpen, vignette)


@hookimpl
def artdag_effects() -> list[Effect]:
    return [module.EFFECT for module in _MODULES]
