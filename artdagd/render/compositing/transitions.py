"""How one clip becomes the next: what is made of a frame of each while both are seen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from artdagd.hooks.types import Filter
from artdagd.render.drawing.colours import yuv
from artdagd.render.graphs import scale
from artdagd.render.networks import Network, Node
from artdagd.render.streams import Picture
from artdagd.steps.numbers import exact, nearest

CUT: Mapping[str, Any] = {"type": "cut"}


@dataclass(frozen=True)
class Transition:
    """``kind`` is ``cut``, ``crossfade``, ``wipe``, ``slide`` or ``fade``; ``seconds`` is how long both clips run."""

    kind: str
    seconds: Fraction
    direction: str
    colour: str

    def network(self, progress: Fraction, shape: Picture) -> Network:
        """A network of two inputs, the old clip's frame and the new one's, where ``progress`` (0 to 1) of the way is
        behind. At 0 the old one is seen, as ffmpeg's xfade has it; grey pictures are alphas."""
        if self.kind == "crossfade" or (self.kind == "fade" and shape.format == "gray"):
            return _mixed(progress)
        if self.kind == "fade":
            return _through(yuv(self.colour, shape), progress)
        return _moving(self.kind, self.direction, progress, shape)

    def weighed(self, progress: Fraction, shape: Picture) -> Network:
        """As :meth:`network` of a crossfade, for clips with alpha: of four inputs, the frames and then their alphas.
        Each colour counts by how opaque it is, as if the colours were premultiplied: one that isn't seen tints none."""
        return _weighed(progress, shape)


def transition(config: Mapping[str, Any] | None) -> Transition:
    """The transition that a canonical ``config`` describes; none is a cut."""
    config = CUT if config is None else config
    kind = str(config.get("type", "crossfade"))
    seconds = Fraction(0) if kind == "cut" else exact(config.get("duration", 1.0))
    return Transition(kind, seconds, config.get("direction", "left"), config.get("color", "#000000"))


def joints(config: Mapping[str, Any], count: int) -> list[Transition]:
    """The transitions between ``count`` clips: ``transitions``, one for each, or ``transition`` for all."""
    return [transition(one) for one in config.get("transitions") or [config.get("transition")] * (count - 1)]


def overlap(joint: Transition, rate: Fraction | int) -> int:
    """Frames, or samples, at ``rate`` during which both clips run."""
    return nearest(joint.seconds * rate)


def _mixed(progress: Fraction) -> Network:
    options: dict[str, str | int | float] = {"all_mode": "normal", "all_opacity": float(progress)}
    return (Node(Filter("blend", options), (1, 0)),)


def _weighed(progress: Fraction, shape: Picture) -> Network:
    share = float(progress)
    old, new = f"x*{1 - share!r}", f"y*{share!r}"
    # The share of the new clip in each pixel; where neither is seen, as if both were.
    found = f"if(x+y,255*{new}/max({old}+{new},1e-9),255*{share!r})+0.5"
    nodes: list[Node] = []

    def add(filter: Filter, *takes: int) -> int:
        nodes.append(Node(filter, takes))
        return 4 + len(nodes) - 1

    # All planes are called what the pictures are, or their numbers would be converted to a common range.
    called = Filter("setparams", {"range": "limited", "colorspace": "unknown"})
    luma = chroma = add(called, add(Filter("lut2", {"c0": found}), 2, 3))
    if shape.format != "yuv444p":
        height = shape.height // 2 if shape.format == "yuv420p" else shape.height
        chroma = add(called, add(scale(w=shape.width // 2, h=height, in_range="pc", out_range="pc"), luma))
    planes = []
    for name, share_of_new in (("y", luma), ("u", chroma), ("v", chroma)):
        plane = Filter("extractplanes", {"planes": name})
        before, after = (add(called, add(plane, number)) for number in (0, 1))
        planes.append(add(Filter("maskedmerge"), before, after, share_of_new))
    order = {f"map{i}{of}": i if of == "s" else 0 for i in range(3) for of in "sp"}
    merged = add(Filter("mergeplanes", {"format": shape.format, **order}), *planes)
    add(Filter("setparams", {"range": "limited", "colorspace": shape.colour.space}), merged)
    return nodes


def _through(colour: tuple[int, int, int], progress: Fraction) -> Network:
    """The first half of the way leads from the old clip to the colour, the second from there to the new one."""
    share = float(1 - abs(2 * progress - 1))  # of the colour
    options = {f"c{i}": f"val*{1 - share!r}+{value * share + 0.5!r}" for i, value in enumerate(colour)}
    return (Node(Filter("lut", options), (0 if 2 * progress < 1 else 1,)),)


def _moving(kind: str, direction: str, progress: Fraction, shape: Picture) -> Network:
    """A straight edge that runs in ``direction``: what it leaves behind is the new clip. With ``slide`` both clips move
    along, with ``wipe`` they stand still. The edge stands at an even pixel, as 4:2:0 has no chroma between."""
    across = direction in ("left", "right")
    size = shape.width if across else shape.height
    new = 2 * nearest(progress * size / 2)
    if new in (0, size):
        return (Node(Filter("null"), (1 if new else 0,)),)
    old_size, first = size - new, direction in ("right", "down")  # the new clip stands before the old one
    old_from, new_from = (new, 0) if first else (0, old_size)
    if kind == "slide":
        old_from, new_from = (0, old_size) if first else (new, 0)
    old, fresh = _strip(across, old_from, old_size), _strip(across, new_from, new)
    stack = Filter("hstack" if across else "vstack")
    return Node(old, (0,)), Node(fresh, (1,)), Node(stack, (3, 2) if first else (2, 3))


def _strip(across: bool, start: int, size: int) -> Filter:
    along, other = ("x", "y") if across else ("y", "x")
    side = {"x": "w", "y": "h"}
    return Filter("crop", {side[along]: size, side[other]: f"i{side[other]}", along: start, other: 0})
