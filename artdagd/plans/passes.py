"""Which steps run together: the partition of a plan's computed steps into passes.

A pass is made of a step whose result is stored, and of all steps that lead to it without being stored themselves: they
are *fused* into it. Where ways part and meet again inside a pass, and both are read in step, the engine computes what
they share once. A step that leads to several stored ones is computed in the pass of each.

The rule. A step's result is stored if and only if

1. the step is the plan's output; or
2. the recipe says ``cache: keep`` for it; or
3. a step reads it back and forth or wants the whole of it first (``access`` is ``random``: REVERSE, or a RETIME whose
   map goes back), unless it is nothing but parts and orders of stored things, in which one can seek as well; or
4. computing it for every reading costs more than computing it once, storing it, and decoding it for every reading.

What a reading is (4): the stored results are read from beginning to end, each once. A step that takes frame i to make
frame i is read in step with its result, all other steps read their inputs on their own. So the readings of a step are
the different ways, seen from the stored results, in which it is read; each reads some share of it. Costs are those of
:mod:`artdagd.plans.costs`; what a step is made of counts down to recipe inputs and steps that are stored by 1, 2 or 3.
The rule is applied from the output backwards. More than ``MAX_READINGS`` readings, or more than ``MAX_STEPS`` steps to
compute again, are not weighed: the step is stored.

A recipe input is a file already and belongs to no pass. What a pass reads are recipe inputs and stored steps.
"""

from __future__ import annotations

import heapq
import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import TypeAlias

from artdagd.plans.costs import Work
from artdagd.plans.model import ConcreteStep

MAX_READINGS = 16
MAX_STEPS = 256

Reading: TypeAlias = tuple[str, int, int]
"""A way of being read: by which step, at which of its inputs, and in which reading of that step (their number)."""


def levels(steps: Sequence[ConcreteStep]) -> dict[str, int]:
    """The level of each step, from ``steps`` in topological order: the longest path from the inputs.

    ANALYZE steps are phase 1 and all stand on level 0; if there are any, the steps that are computed start on level 1,
    else on 0.
    """
    base = int(any(step.type == "ANALYZE" for step in steps))
    found: dict[str, int] = {}
    for step in steps:
        below = [found[name] + 1 for name in step.inputs if name in found]
        found[step.step_id] = 0 if step.type == "ANALYZE" else max(below, default=base)
    return found


def partition(steps: Sequence[ConcreteStep], output: str, works: Mapping[str, Work]) -> tuple[tuple[str, ...], ...]:
    """The passes, each a tuple of step ids whose last is what the pass stores.

    ``steps`` are those that are computed (no ANALYZE), in topological order; ``works`` has them and the recipe inputs.
    Passes and the steps in them come out in that order, so a pass follows those whose results it reads.
    """
    stored = _stored(steps, output, works)
    by_id = {step.step_id: step for step in steps}
    place = {step.step_id: number for number, step in enumerate(steps)}
    return tuple(_members(step, by_id, place, stored) for step in steps if step.step_id in stored)


def _members(
    root: ConcreteStep, by_id: Mapping[str, ConcreteStep], place: Mapping[str, int], stored: set[str]
) -> tuple[str, ...]:
    found, waiting = {root.step_id}, [root]
    while waiting:
        for name in waiting.pop().inputs:
            if name in by_id and name not in stored and name not in found:
                found.add(name)
                waiting.append(by_id[name])
    return tuple(sorted(found, key=place.__getitem__))


def _stored(steps: Sequence[ConcreteStep], output: str, works: Mapping[str, Work]) -> set[str]:
    graph = _Graph(steps, output, works)
    stored = set(graph.sure)
    numbers: dict[Reading, int] = {}
    readings: dict[str, dict[int, float]] = defaultdict(dict)
    for step in reversed(steps):
        name = step.step_id
        if name not in stored and graph.worth_keeping(step, list(readings[name].values())):
            stored.add(name)
        if name in stored:
            readings[name] = {numbers.setdefault((name, -1, 0), len(numbers)): 1.0}
        for port, source in enumerate(step.inputs):
            share = graph.share(step, source)
            for number, part in readings[name].items():
                if works[name].access != "frame":
                    number = numbers.setdefault((name, port, number), len(numbers))
                readings[source][number] = max(readings[source].get(number, 0.0), part * share)
    return stored


class _Graph:
    """The steps and what they cost. ``sure`` are those that are stored whatever they cost."""

    def __init__(self, steps: Sequence[ConcreteStep], output: str, works: Mapping[str, Work]) -> None:
        self._works = works
        self._steps = {step.step_id: step for step in steps}
        self._place = {step.step_id: number for number, step in enumerate(steps)}
        self._remembers: set[str] = set()
        plain: set[str] = set()
        kept = {step.step_id for step in steps if step.keep or step.step_id == output}
        for step in steps:
            name, sources = step.step_id, [source for source in step.inputs if source in self._steps]
            free = works[name].cost == 0 and not works[name].remembers
            if name in kept or (free and plain.issuperset(sources)):
                plain.add(name)
            if works[name].remembers or not self._remembers.isdisjoint(set(sources) - kept):
                self._remembers.add(name)
        jumps = {source for step in steps if works[step.step_id].access == "random" for source in step.inputs}
        self.sure = kept | {name for name in jumps if name in self._steps and name not in plain}

    def share(self, step: ConcreteStep, source: str) -> float:
        """How much of ``source`` is read when ``step`` is read once."""
        work, frames = self._works[step.step_id], self._works[source].frames
        if work.access not in ("frame", "part") or not frames:
            return 1.0
        part = work.frames / frames
        if work.access == "frame":
            return min(part, 1.0)
        return max(part, 1.0) if source in self._remembers else part

    def worth_keeping(self, step: ConcreteStep, shares: Sequence[float]) -> bool:
        """Whether to store ``step``, of which each reading reads a share."""
        if len(shares) > MAX_READINGS:
            return True
        total, work = math.fsum(shares), self._works[step.step_id]
        if total <= 1:
            return False
        return self._costs_more(step, (work.encode + total * work.decode) / (total - 1))

    def _costs_more(self, step: ConcreteStep, bound: float) -> bool:
        """Whether computing ``step`` once takes more than ``bound`` nanoseconds; each step it is made of counts once,
        with the share of it that is read."""
        shares = {step.step_id: 1.0}
        waiting = [(-self._place[step.step_id], step.step_id)]
        spent, seen = 0.0, 0
        while waiting and spent <= bound:
            name = heapq.heappop(waiting)[1]
            share, seen = shares[name], seen + 1
            if seen > MAX_STEPS:
                return True
            spent += share * self._works[name].cost
            for source in self._steps[name].inputs:
                part = share * self.share(self._steps[name], source)
                if source not in self._steps:
                    spent += part * self._works[source].cost
                elif source in self.sure:
                    spent += part * self._works[source].decode
                elif source not in shares:
                    shares[source] = part
                    heapq.heappush(waiting, (-self._place[source], source))
                else:
                    shares[source] = max(shares[source], part)
        return spent > bound
