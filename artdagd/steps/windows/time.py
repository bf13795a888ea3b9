"""Windows of the steps that choose what is seen when."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from fractions import Fraction
from itertools import accumulate
from typing import Any

from artdagd.steps import maps
from artdagd.steps.numbers import exact, nearest
from artdagd.steps.windows import Asked, Read, Use, rate, seen


def segment(asked: Asked) -> Use:
    config, source = asked.config, asked.inputs[0]
    start = exact(config["start"])
    end = None if config.get("end") is None else exact(config["end"])
    if config.get("duration") is not None:
        end = start + exact(config["duration"])
    first, _ = maps.part(start, end, rate(source), source.frames)
    reads = range(first + asked.frames.start, first + asked.frames.stop)
    return Use((Read(0, reads if reads.stop <= source.frames else [min(n, source.frames - 1) for n in reads]),))


def speed(asked: Asked) -> Use:
    shows, _ = maps.faster(exact(asked.config["factor"]), asked.inputs[0].frames)
    return Use((Read(0, [shows(number) for number in asked.frames]),))


def reverse(asked: Asked) -> Use:
    last = asked.inputs[0].frames - 1
    return Use((Read(0, [last - number for number in asked.frames]),))


def loop(asked: Asked) -> Use:
    count = asked.inputs[0].frames
    return Use((Read(0, [number % count for number in asked.frames]),))


def retime(asked: Asked) -> Use:
    source = asked.inputs[0]
    pieces, fps = asked.config["pieces"], asked.fps
    shows, _ = asked.once("map", lambda: maps.retimed(pieces, fps, rate(source), source.frames))
    return Use((Read(0, [shows(number) for number in asked.frames]),))


def sequence(asked: Asked) -> Use:
    """The clips that are seen, and where; of the transitions that are under way, how far."""
    frames, clips, reads, turns = asked.frames, [], [], []
    bounds = asked.once("spans", lambda: spans(asked.config, asked.inputs, asked.fps))
    # Both the starts and the ends of clips are in order.
    begin = bisect_right(bounds, frames.start, key=lambda span: span[1])
    for port in range(begin, len(bounds)):
        start, stop = bounds[port]
        if start >= frames.stop:
            break
        first, last = max(frames.start, start), min(frames.stop, stop)
        reads.append(Read(port, seen(asked.inputs[port], asked.fps, range(first - start, last - start))))
        clips.append([first - frames.start, last - first])
        if port and bounds[port - 1][1] > max(start, frames.start):
            turns.append([joint(asked.config, port - 1), start - frames.start, bounds[port - 1][1] - start])
    size = [asked.extent.width, asked.extent.height, *asked.extent.fps]
    return Use(tuple(reads), {"clips": clips, "turns": turns, "size": size}, like=0)


def joint(config: Mapping[str, Any], number: int) -> Mapping[str, Any] | None:
    """The transition after clip ``number``."""
    turns = config.get("transitions")
    turn: Mapping[str, Any] | None = turns[number] if turns else config.get("transition")
    return turn


def spans(config: Mapping[str, Any], clips: Any, fps: Fraction) -> list[tuple[int, int]]:
    """From which frame of a SEQUENCE at ``fps`` to which, and without it, each of the ``clips`` (extents) is seen."""
    counts = [maps.at_rate(rate(clip), clip.frames, fps)[1] for clip in clips]
    overlaps = [0]
    for number in range(len(counts) - 1):
        turn = joint(config, number)
        cut = turn is None or turn["type"] == "cut"
        overlaps.append(0 if turn is None or cut else nearest(exact(turn["duration"]) * fps))
    ends = [total - both for total, both in zip(accumulate(counts), accumulate(overlaps), strict=True)]
    return [(end - count, end) for end, count in zip(ends, counts, strict=True)]
