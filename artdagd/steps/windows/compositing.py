"""Windows of the steps that lay pictures over each other."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from artdagd.steps import maps
from artdagd.steps.numbers import exact
from artdagd.steps.windows import Asked, Read, Use, rate, told


def layer(asked: Asked) -> Use:
    """Where no overlay is seen, the base."""
    config, frames, extent = asked.config, asked.frames, asked.extent
    start, end = exact(config["start"]), None if config.get("end") is None else exact(config["end"])
    reads, when = [Read(0, frames)], []
    for port, over in enumerate(asked.inputs[1:], 1):
        length = over.frames / rate(over)
        seen = maps.seen(length, asked.fps, extent.frames, start, end, config["after"])
        shows = maps.on_clock(rate(over), over.frames, asked.fps, seen.start, config["after"])
        reads.append(Read(port, [shows(number) for number in frames]))
        when.append(_within(seen, frames))
    if not any(when):
        return Use((Read(0, frames),), skipped=True)
    return Use(tuple(reads), {**told(asked, "start", "end"), "when": when})


def blend(asked: Asked) -> Use:
    """Once the layer is hidden, the base."""
    over, after = asked.inputs[1], asked.config["after"]
    length = over.frames / rate(over)
    when = _within(maps.seen(length, asked.fps, asked.extent.frames, Fraction(0), None, after), asked.frames)
    if not when:
        return Use((Read(0, asked.frames),), skipped=True)
    return Use((Read(0, asked.frames), _beside(asked, after)), {**told(asked), "when": when})


def mask(asked: Asked) -> Use:
    return Use((Read(0, asked.frames), _beside(asked, asked.config["after"])), told(asked))


def _beside(asked: Asked, after: str) -> Read:
    other = asked.inputs[1]
    shows = maps.on_clock(rate(other), other.frames, asked.fps, 0, after)
    return Read(1, [shows(number) for number in asked.frames])


def _within(seen: range, frames: range) -> Any:
    """The part of the window in which something is seen: its first frame and its end, from the window's first on."""
    first, last = max(seen.start, frames.start), min(seen.stop, frames.stop)
    return [first - frames.start, last - frames.start] if first < last else None
