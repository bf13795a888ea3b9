"""LAYER: pictures laid over another one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import floor
from typing import Any

from artdagd.errors import StepFailed
from artdagd.hooks.types import Effect, Filter
from artdagd.render.compositing.conform import OVERLAYS, WITH_ALPHA, alpha_of, in_format
from artdagd.render.compositing.fitting import fitted
from artdagd.render.compositing.opacity import opaque, weakened
from artdagd.render.compositing.timing import on_clock, seen
from artdagd.render.graphs import scale
from artdagd.render.networks import Network, Node
from artdagd.render.reading.opening import MAX_PIXELS
from artdagd.render.streams import Media, Picture, VideoStream, composed
from artdagd.steps.curves import curve, moves
from artdagd.steps.numbers import even, exact


def lower(config: Mapping[str, Any], inputs: Sequence[Media], effects: Mapping[str, Effect]) -> Media:
    """The overlays in turn, each by the same config, over the first input, whose sound stays. What stands out of the
    frame is cut off. An overlay's place and sides are even numbers of pixels, as 4:2:0 has no chroma between."""
    media = inputs[0]
    for number, overlay in enumerate(inputs[1:], 2):
        if media.video is None or overlay.video is None:
            raise StepFailed(f"its input {number if media.video else 1} has no picture", code="refused")
        media = _laid(config, media, media.video, overlay, overlay.video)
    return media


def _laid(config: Mapping[str, Any], media: Media, base: VideoStream, overlay: Media, over: VideoStream) -> Media:
    after, shape = config.get("after", "hold"), base.picture
    end = None if config.get("end") is None else exact(config["end"])
    frames = seen(over, base, exact(config.get("start") or 0), end, after)
    place = _Place.of(config, shape, over.picture)
    still = _still(config, place)

    def prepared(stream: VideoStream) -> VideoStream:
        return fitted(on_clock(stream, base, frames.start, after), *still, place.fit)

    over = in_format(prepared(over), shape)
    streams = [base, over]
    if overlay.alpha is not None or config.get("opacity", 1) != 1:
        streams.append(opaque(over) if overlay.alpha is None else prepared(overlay.alpha))
    if media.alpha is not None:
        streams.append(media.alpha)
    laying = _Laying(config, shape, place, frames, len(streams), len(streams) > 2 + (media.alpha is not None))
    video = composed(streams, laying.network, shape)
    if media.alpha is None:
        return replace(media, video=video)
    return replace(media, video=video, alpha=composed(streams, laying.alpha_network, alpha_of(shape)))


def _still(config: Mapping[str, Any], place: _Place) -> tuple[int, int]:
    """The sides that the overlay is brought to before anything moves: its own if its scale moves."""
    if moves(config.get("scale", 1)):
        return even(place.width), even(place.height)
    return place.sides(exact(config.get("scale", 1)))


@dataclass(frozen=True)
class _Place:
    """Where an overlay of ``width`` x ``height`` goes on a base of ``shape``; ``fit`` is what makes it so."""

    shape: Picture
    width: Fraction
    height: Fraction
    fit: str
    across: Fraction
    down: Fraction
    unit: tuple[float, float]

    @classmethod
    def of(cls, config: Mapping[str, Any], shape: Picture, over: Picture) -> _Place:
        percent = config.get("unit", "pixels") == "percent"
        unit = (Fraction(shape.width, 100), Fraction(shape.height, 100)) if percent else (Fraction(1), Fraction(1))
        width, height = (
            None if config.get(side) is None else exact(config[side]) * one
            for side, one in zip(("width", "height"), unit, strict=True)
        )
        fit, aspect = config.get("fit", "contain"), Fraction(over.width, over.height)
        if width is None or height is None:
            fit = "stretch"
            width = width or (Fraction(over.width) if height is None else height * aspect)
            height = width / aspect
        elif fit == "contain":
            fit, width = "stretch", min(width, height * aspect)
            height = width / aspect
        anchor = config.get("anchor", "center")
        across = Fraction(0 if "left" in anchor else 1 if "right" in anchor else Fraction(1, 2))
        down = Fraction(0 if "top" in anchor else 1 if "bottom" in anchor else Fraction(1, 2))
        return cls(shape, width, height, fit, across, down, (float(unit[0]), float(unit[1])))

    def sides(self, scale: Fraction) -> tuple[int, int]:
        width, height = even(self.width * scale), even(self.height * scale)
        if width * height > MAX_PIXELS:
            raise StepFailed(
                f"the overlay would be {width}x{height}: too large", code="refused", advice="scale it less"
            )
        return width, height

    def corner(self, size: tuple[int, int], x: float, y: float) -> tuple[int, int]:
        """The even place of the upper left corner of an overlay of ``size``,
        as ffmpeg's overlay rounds it; ``x`` and ``y`` are in units."""
        left = float(self.across * (self.shape.width - size[0])) + x * self.unit[0]
        top = float(self.down * (self.shape.height - size[1])) + y * self.unit[1]
        # A whole number that was worked out may lie a little below.
        return 2 * floor(left / 2 + 1e-6), 2 * floor(top / 2 + 1e-6)


class _Laying:
    """The networks that lay an overlay over a base. Their inputs: the base, the overlay, the overlay's alpha if it has
    one, the base's alpha if it has one."""

    def __init__(
        self, config: Mapping[str, Any], shape: Picture, place: _Place, frames: range, inputs: int, has_alpha: bool
    ) -> None:
        self._shape, self._place, self._frames, self._inputs = shape, place, frames, inputs
        self._has_alpha, self._base_alpha = has_alpha, inputs > 2 + has_alpha
        self._at: dict[str, Callable[[float], float]] = {
            name: curve(config.get(name, default))
            for name, default in (("x", 0), ("y", 0), ("scale", 1), ("opacity", 1))
        }
        self._grows = moves(config.get("scale", 1))
        self._still = _still(config, place)

    def network(self, number: int) -> Network:
        opacity = self._opacity(number)
        if number not in self._frames or opacity <= 0:
            return (Node(Filter("null"), (0,)),)
        nodes, merged = self._merged(number, opacity)
        if self._base_alpha:
            nodes += _after(nodes, self._inputs, merged, scale(), Filter("format", {"pix_fmts": self._shape.format}))
        return nodes

    def alpha_network(self, number: int) -> Network:
        opacity = self._opacity(number)
        if number not in self._frames or opacity <= 0:
            return (Node(Filter("null"), (self._inputs - 1,)),)
        nodes, merged = self._merged(number, opacity)
        return nodes + _after(
            nodes, self._inputs, merged, Filter("alphaextract"), Filter("format", {"pix_fmts": "gray"})
        )

    def _opacity(self, number: int) -> float:
        return min(1.0, self._at["opacity"](float(number / self._shape.fps)))

    def _merged(self, number: int, opacity: float) -> tuple[list[Node], int]:
        """The nodes up to the overlay filter, and the number of that."""
        time = float(number / self._shape.fps)
        nodes: list[Node] = []

        def add(filter: Filter, *takes: int) -> int:
            nodes.append(Node(filter, takes))
            return self._inputs + len(nodes) - 1

        size, over, base = self._still, 1, 0
        grown = None
        if self._grows:
            size = self._place.sides(Fraction(max(0.001, self._at["scale"](time))))
            grown = scale(w=size[0], h=size[1])
            over = add(grown, over)
        format = Filter("format", {"pix_fmts": WITH_ALPHA[self._shape.format]})
        if self._has_alpha:
            alpha = 2
            if grown is not None:
                alpha = add(grown, alpha)
            if opacity < 1:
                alpha = add(weakened(opacity), alpha)
            over = add(Filter("alphamerge"), add(format, add(scale(), over)), alpha)
        if self._base_alpha:
            base = add(Filter("alphamerge"), add(format, add(scale(), base)), self._inputs - 1)
        x, y = self._place.corner(size, self._at["x"](time), self._at["y"](time))
        options: dict[str, str | int | float] = {
            "x": x,
            "y": y,
            "format": OVERLAYS[self._shape.format],
            "eval": "init",
        }
        return nodes, add(Filter("overlay", options), base, over)


def _after(nodes: Sequence[Node], inputs: int, number: int, *filters: Filter) -> list[Node]:
    """Nodes that pass what node ``number`` gives through ``filters``."""
    made = []
    for filter in filters:
        made.append(Node(filter, (number,)))
        number = inputs + len(nodes) + len(made) - 1
    return made
