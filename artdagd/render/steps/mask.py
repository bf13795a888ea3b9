"""MASK: a picture made transparent where another one is black."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from artdagd.errors import StepFailed
from artdagd.hooks.types import Effect, Filter
from artdagd.render.compositing.conform import alpha_of
from artdagd.render.compositing.fitting import fitted
from artdagd.render.compositing.timing import on_clock
from artdagd.render.graphs import scale
from artdagd.render.networks import Node
from artdagd.render.streams import Media, VideoStream, composed
from artdagd.steps.curves import curve, moves

GREY = Filter("format", {"pix_fmts": "gray"})


def lower(config: Mapping[str, Any], inputs: Sequence[Media], effects: Mapping[str, Effect]) -> Media:
    """White of the mask, or where it is opaque itself, leaves the picture as it is; black, or transparent, takes it
    away. A picture that has an alpha keeps that too: the two are multiplied."""
    media, mask = inputs
    if media.video is None or mask.video is None:
        raise StepFailed(f"its {'second' if media.video else 'first'} input has no picture", code="refused")
    base, grey = media.video, mask.alpha
    if config.get("source", "luma") == "luma":
        light = (scale(out_range="pc"), GREY)
        grey = mask.video.filtered(light, alpha_of(mask.video.picture))
    if grey is None:
        raise StepFailed("its mask has no alpha", code="refused", advice="use source: luma, or a mask with an alpha")
    grey = on_clock(grey, base, 0, config.get("after", "hold"))
    grey = fitted(grey, base.picture.width, base.picture.height, config.get("fit", "stretch"))
    if config.get("invert"):
        grey = grey.filtered((Filter("negate"),), grey.picture)
    grey = _feathered(grey, config.get("feather", 0))
    return replace(media, alpha=grey if media.alpha is None else product(media.alpha, grey))


def product(one: VideoStream, other: VideoStream) -> VideoStream:
    """Two alphas, one after the other."""
    multiply = (Node(Filter("blend", {"all_mode": "multiply"}), (0, 1)),)
    return composed((one, other), lambda number: multiply, one.picture)


def _feathered(grey: VideoStream, feather: Any) -> VideoStream:
    if not moves(feather):
        return grey.filtered((_blur(feather),), grey.picture) if feather else grey
    sigma, fps = curve(feather), grey.picture.fps
    return grey.filtered_by(lambda number: (_blur(sigma(float(number / fps))),), grey.picture)


def _blur(sigma: float) -> Filter:
    return Filter("gblur", {"sigma": sigma, "sigmaV": sigma})
