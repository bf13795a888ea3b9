"""Where a result is cut into segments: at the cuts of a timeline, and on a grid inside each clip.

A clip's grid is counted from the start of the file that it is a part of. So boundaries stay where they are in a clip
when another one gets longer, and when its own start or end is moved. A segment lasts 2 to 6 seconds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from itertools import pairwise
from math import ceil
from typing import TypeAlias

from artdagd.plans.model import ConcreteStep
from artdagd.steps.catalogue import Catalogue
from artdagd.steps.numbers import nearest
from artdagd.steps.windows import Asked, rate
from artdagd.steps.windows.time import segment, spans
from artdagd.work import Extent

LEAST, MOST = 2, 6
"""Seconds of a segment."""

FINE, COARSE, LONG = 2, 4, 30
"""Seconds between the lines of the grid, of a result up to, and beyond, so many seconds: a short one is to be divided
among workers, too."""

ROUNDS = 10_000
"""Rounds of a LOOP that begin a segment each."""

Run: TypeAlias = tuple[int, int]
"""The frame at which a clip begins, and how far on its grid it is there."""


def runs(
    source: str, steps: Mapping[str, ConcreteStep], extents: Mapping[str, Extent], catalogue: Catalogue
) -> list[Run]:
    """The clips of which the frames of a step or a recipe input are made, in order; the first begins at frame 0."""
    if source not in steps or not steps[source].inputs:
        return [(0, 0)]
    step = steps[source]
    extent, first = extents[source], step.inputs[0]
    if step.type == "SEQUENCE":
        found: list[Run] = []
        bounds = spans(step.config, [extents[name] for name in step.inputs], rate(extent))
        for name, (start, _), (stop, _) in zip(step.inputs, bounds, [*bounds[1:], (extent.frames, 0)], strict=True):
            same = extents[name].fps == extent.fps
            clips = runs(name, steps, extents, catalogue) if same else [(0, 0)]
            found += [(start + place, phase) for place, phase in clips if start + place < stop]
        return found
    if first not in extents:
        return [(0, 0)]
    if step.type == "SEGMENT":
        use = segment(Asked(step.config, range(1), extent, [extents[first]]))
        return _from(runs(first, steps, extents, catalogue), use.reads[0].frames[0], extent.frames)
    if step.type == "LOOP":
        length = extents[first].frames
        rounds = range(min(ROUNDS, ceil(extent.frames / length)))
        inside = runs(first, steps, extents, catalogue)
        return [(n * length + place, phase) for n in rounds for place, phase in inside if place < extent.frames]
    if catalogue.step_types[step.type].access == "frame" and extents[first].fps == extent.fps:
        return _from(runs(first, steps, extents, catalogue), 0, extent.frames)
    return [(0, 0)]


def _from(clips: Sequence[Run], first: int, count: int) -> list[Run]:
    """The clips of ``count`` frames from ``first`` on."""
    before = [(0, phase + first - place) for place, phase in clips if place <= first]
    return [before[-1], *((place - first, phase) for place, phase in clips if first < place < first + count)]


def boundaries(clips: Sequence[Run], count: int, fps: Fraction) -> list[int]:
    """The frames at which the segments of ``count`` frames begin, and ``count``."""
    least, most = ceil(LEAST * fps), int(MOST * fps)
    grid = nearest((FINE if count <= LONG * fps else COARSE) * fps)
    found = [0]
    for (start, phase), (stop, _) in zip(clips, [*clips[1:], (count, 0)], strict=True):
        lines = range(start + -phase % grid, stop, grid)
        for place in (start, *(line for line in lines if least <= line - start and least <= stop - line)):
            if place - found[-1] >= least and count - place >= least:
                found.append(place)
    found.append(count)
    return [place for begin, end in pairwise(found) for place in _even(begin, end, most)] + [count]


def _even(begin: int, end: int, most: int) -> list[int]:
    """Where the pieces begin that have at most ``most`` frames each, of what lies between two boundaries."""
    pieces = ceil((end - begin) / most)
    return [begin + (end - begin) * number // pieces for number in range(pieces)]
