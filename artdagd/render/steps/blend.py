"""BLEND: a picture blended into another one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

from artdagd.errors import StepFailed
from artdagd.hooks.types import Effect, Filter
from artdagd.render.compositing.conform import to_format
from artdagd.render.compositing.fitting import fitted
from artdagd.render.compositing.opacity import opaque, weakened
from artdagd.render.compositing.timing import on_clock, seen
from artdagd.render.graphs import scale
from artdagd.render.networks import Network, Node
from artdagd.render.streams import Media, VideoStream, composed
from artdagd.steps.curves import curve

SWAPPED = frozenset({"burn", "dodge", "linearlight", "softlight", "vividlight"})
"""Modes in which libavfilter takes its first input for the layer above; in all others the second one."""

RGB = Filter("format", {"pix_fmts": "gbrp"})


def lower(config: Mapping[str, Any], inputs: Sequence[Media], effects: Mapping[str, Effect]) -> Media:
    """The second picture is the layer above the first, as editors have it: at opacity 0 the first one is seen. Both are
    blended in 8-bit RGB, as in YUV a product of chroma means nothing. Where the layer is transparent, the first picture
    stays; so do its alpha and its sound."""
    media, layer = inputs
    if media.video is None or layer.video is None:
        raise StepFailed(f"its {'second' if media.video else 'first'} input has no picture", code="refused")
    base, after, fit = media.video, config.get("after", "hold"), config.get("fit", "cover")
    shape, frames = base.picture, seen(layer.video, base, Fraction(0), None, after)
    opacity_at, mode = curve(config.get("opacity", 1)), config.get("mode", "normal")

    def prepared(stream: VideoStream) -> VideoStream:
        return fitted(on_clock(stream, base, 0, after), shape.width, shape.height, fit)

    streams = [base, prepared(layer.video)]
    if layer.alpha is not None or fit == "contain":  # beside the layer there is nothing to blend
        streams.append(prepared(opaque(layer.video) if layer.alpha is None else layer.alpha))

    def network_at(number: int) -> Network:
        opacity = min(1.0, opacity_at(float(number / shape.fps)))
        if number not in frames or opacity <= 0:
            return (Node(Filter("null"), (0,)),)
        return _network(mode, opacity, len(streams), to_format(shape))

    return replace(media, video=composed(streams, network_at, shape))


def _network(mode: str, opacity: float, inputs: int, ending: Sequence[Filter]) -> Network:
    nodes: list[Node] = []

    def add(filter: Filter, *takes: int) -> int:
        nodes.append(Node(filter, takes))
        return inputs + len(nodes) - 1

    base = add(RGB, add(scale(), 0))
    above = made = add(RGB, add(scale(), 1))
    if mode != "normal":
        made = add(_blend(mode), *((above, base) if mode in SWAPPED else (base, above)))
    if inputs == 3:
        mask = 2 if opacity == 1 else add(weakened(opacity), 2)
        made = add(Filter("maskedmerge"), base, made, add(RGB, add(scale(), mask)))
    elif opacity < 1:
        made = add(_blend("normal", opacity), made, base)
    for filter in ending:
        made = add(filter, made)
    return nodes


def _blend(mode: str, opacity: float = 1.0) -> Filter:
    return Filter("blend", {"all_mode": mode, "all_opacity": opacity})
