"""What a few frames of a step's result take: which frames of its inputs, and what of its config.

By this a result is made in parts, and a part is made again only when something that its frames take has changed. So a
use must name all that its frames depend on; what it leaves out is no reason to make them anew. What counts from the
window's first frame on, and not from the start of the result, does not change when all of it is moved.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import Any, TypeAlias, TypeVar

import msgspec

from artdagd.steps import maps
from artdagd.steps.curves import curve, moves
from artdagd.work import Extent

T = TypeVar("T")


class Asked(msgspec.Struct, frozen=True):
    """Frames ``frames`` of a step's result, whose ``extent`` is foretold, as are those of the ``inputs``; ``config`` is
    canonical. In ``kept`` is what was worked out for other frames of the same step."""

    config: Mapping[str, Any]
    frames: range
    extent: Extent
    inputs: Sequence[Extent]
    kept: dict[str, Any] = {}

    @property
    def fps(self) -> Fraction:
        return rate(self.extent)

    def once(self, what: str, work: Callable[[], T]) -> T:
        """What ``work()`` gives, which is the same for all frames of the step."""
        if what not in self.kept:
            self.kept[what] = work()
        found: T = self.kept[what]
        return found


class Read(msgspec.Struct, frozen=True):
    """Of input ``port`` (counted from 0) these frames are read, in that order."""

    port: int
    frames: Sequence[int]


class Use(msgspec.Struct, frozen=True):
    """What the frames take. ``says`` is all of the config that counts for them, in JSON types.

    ``like`` names an input whose format and colours the result has, even where none of its frames is read; ``config``
    is what the step is told instead of its own config, to make these frames alone. ``skipped``: they are those of the
    first input. ``steady``: any other frames take the same ones of the first input, and of the config the same.
    """

    reads: tuple[Read, ...]
    says: Any = None
    like: int | None = None
    config: dict[str, Any] | None = None
    skipped: bool = False
    steady: bool = False


Window: TypeAlias = Callable[[Asked], "Use | str"]
"""What frames take; or, in words, why that can't be said of fewer than all: ``it counts from the first frame on``."""


def rate(extent: Extent) -> Fraction:
    """Frames a second."""
    return Fraction(*extent.fps)


def seen(extent: Extent, fps: Fraction, numbers: range) -> Sequence[int]:
    """Which frames of ``extent`` are seen as frames ``numbers`` of the same at another rate."""
    if fps == rate(extent):
        return numbers
    shows, _ = maps.at_rate(rate(extent), extent.frames, fps)
    return [shows(number) for number in numbers]


def told(asked: Asked, *without: str) -> dict[str, Any]:
    """The config as the frames see it: of what moves its value at each frame, or once if that is the same at all."""
    return {
        key: sampled(value, asked.frames, asked.fps) if moves(value) else value
        for key, value in asked.config.items()
        if key not in without
    }


def sampled(value: Mapping[str, Any], frames: range, fps: Fraction) -> dict[str, list[float]]:
    """A curve's value at each frame, or once if that is the same at all. (No number: a filter that is told to change
    may give other pixels than one that stays.)"""
    at = curve(value)
    # Whole numbers divided give the float that is nearest, as a fraction of them does, which takes ten times as long.
    above, below = fps.numerator, fps.denominator
    values = [at(number * below / above) for number in frames]
    return {"moves": values if len(set(values)) > 1 else values[:1]}


def still(asked: Asked) -> Use:
    """Frame i is made of frame i of the input."""
    return Use((Read(0, asked.frames),), told(asked), steady=not any(map(moves, asked.config.values())))


def shown(asked: Asked) -> Use:
    """Frame i is frame i of the first input; after its end, its last one."""
    last = asked.inputs[0].frames - 1
    return Use((Read(0, [min(number, last) for number in asked.frames]),))
