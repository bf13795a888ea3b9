"""A pass as work for a worker; and a part of one: the steps that it takes, and no other, told no more than it takes of
them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from typing import Any

import msgspec

from artdagd.delivery import Delivery
from artdagd.plans.contents import piece_id
from artdagd.plans.model import Pass, Plan, PlannedStep, Segment
from artdagd.plans.segments import picture_of, rate_of, sound_of
from artdagd.plans.windows import used
from artdagd.steps import maps
from artdagd.steps.catalogue import Catalogue
from artdagd.steps.windows import rate, seen, shown
from artdagd.work import Join, Part, RenderPass, RenderStep

SOUND = "sound"
"""What a join calls its sound; segments go by their number."""


def outside(steps: Sequence[PlannedStep]) -> list[str]:
    """The names that ``steps`` read and that are none of theirs, sorted."""
    return sorted({name for step in steps for name in step.inputs}.difference(step.step_id for step in steps))


def whole(steps: Sequence[PlannedStep], sources: Mapping[str, str], delivery: Delivery | None) -> RenderPass:
    """The work that carries out ``steps`` in one piece; ``sources`` are the paths of what is ``outside`` of them."""
    taken = tuple(RenderStep(step.step_id, step.type, step.config, step.inputs) for step in steps)
    return RenderPass(taken, dict(sources), delivery)


class Parts:
    """The parts of a pass of ``plan`` that is made in parts. The sources of the work that it gives lack their paths.
    ``cluster`` is ``cluster_digest(key)``, which only names by content take."""

    def __init__(self, plan: Plan, item: Pass, catalogue: Catalogue, cluster: str = "") -> None:
        self._cluster = cluster
        assert item.delivery is not None
        self._plan, self._item, self._catalogue = plan, item, catalogue
        self._delivery: Delivery = item.delivery
        steps = {step.step_id: step for step in plan.steps}
        self._steps = [steps[name] for name in item.steps]
        self._kept: dict[str, dict[str, Any]] = {}

    @property
    def fps(self) -> Fraction:
        """Frames a second of the result."""
        return rate_of(self._item, self._plan.extents)

    def content_id(self, piece: RenderPass, cids: Mapping[str, str]) -> str:
        """The name of a piece of the work by what it reads: see :mod:`artdagd.plans.contents`."""
        return piece_id(piece, cids, self._catalogue, self._cluster)

    def segment(self, segment: Segment) -> RenderPass:
        """The work that makes a segment."""
        last = self._item.steps[-1]
        extent = self._plan.extents[last]
        _, count = maps.at_rate(rate(extent), extent.frames, self.fps)
        stop = segment.first + segment.frames
        frames = seen(extent, self.fps, range(segment.first, stop))
        chosen = _Chosen()
        chosen.read(last, min(frames), max(frames) + 1)
        for step in reversed(self._steps):
            self._choose(step, chosen)
        return self._work(
            chosen, picture_of(self._delivery), Part("picture", segment.first, stop if stop < count else None)
        )

    def sound(self) -> RenderPass:
        """The work that makes all of the sound. Steps that leave it as it is are left out."""
        chosen = _Chosen()
        chosen.read(self._item.steps[-1], 0, 0)
        for step in reversed(self._steps):
            if step.step_id not in chosen.windows:
                continue
            if self._catalogue.step_types[step.type].keeps_sound:
                chosen.skip(step)
            else:
                chosen.take(step, step.config, [])
                for name in step.inputs:
                    chosen.read(name, 0, 0)
        return self._work(chosen, sound_of(self._delivery), Part("sound"))

    def join(self, sources: Mapping[str, str]) -> RenderPass:
        """The work that puts the parts together; ``sources`` are their paths, by the segments' numbers and SOUND."""
        numbers = tuple(str(number) for number in range(len(self._item.segments)))
        counts = [segment.frames for segment in self._item.segments[:-1]]
        fps = (self.fps.numerator, self.fps.denominator)
        join = Join(numbers, (*counts, None), fps, SOUND if self._item.sound else "")
        return RenderPass((), dict(sources), self._delivery, join=join)

    def _choose(self, step: PlannedStep, chosen: _Chosen) -> None:
        """Take a step into the work if some of its frames, or what they look like, is wanted."""
        name, kind = step.step_id, self._catalogue.step_types[step.type]
        data = kind.data(step.inputs)
        if name in chosen.windows:
            frames = range(*chosen.windows[name])
            use = used(step, frames, self._plan.extents, self._catalogue, self._kept.setdefault(name, {}))
            if use.skipped:
                chosen.skip(step)
                return
            for read in use.reads:
                chosen.read(step.inputs[read.port], min(read.frames), max(read.frames) + 1)
            if use.like is not None:
                chosen.liked.add(step.inputs[use.like])
            if len(use.reads) + len(data) < len(step.inputs) and kind.window is not shown:
                chosen.ends[name] = frames.stop
            config = step.config if use.config is None else use.config
        elif name in chosen.liked:
            chosen.liked.update(step.inputs[:1])
            if step.type == "EFFECT":  # it looks as its input does
                chosen.leave(step)
                return
            config = step.config
        else:
            return
        if kind.window is shown:  # the rest of it is for the ear
            step = msgspec.structs.replace(step, type="SOURCE", inputs=step.inputs[:1])
            config = {"streams": "video"}
        chosen.take(step, config, data)

    def _work(self, chosen: _Chosen, delivery: Delivery, part: Part) -> RenderPass:
        steps = {name: chosen.steps[name] for name in self._item.steps if name in chosen.steps}
        made = [msgspec.structs.replace(s, inputs=tuple(map(chosen.instead, s.inputs))) for s in steps.values()]
        result = chosen.instead(self._item.steps[-1])
        if result not in steps:
            made.append(RenderStep(f"{result}.part", "SOURCE", {"streams": "both"}, (result,)))
        names = {name for step in made for name in (step.step_id, *step.inputs)}
        wanted = {chosen.instead(name) for name in (*chosen.windows, *chosen.liked)} | chosen.data
        extents = {name: self._plan.extents[name] for name in sorted(names & self._plan.extents.keys())}
        outside = sorted(names & wanted - steps.keys())
        part = msgspec.structs.replace(part, extents=extents, ends=chosen.ends)
        return RenderPass(tuple(made), dict.fromkeys(outside, ""), delivery, part)


class _Chosen:
    """What a part takes: the frames of steps and inputs, from the first to the last that is read (``windows``); what
    the look of counts (``liked``); where steps end that lack an input; the ``steps`` that are carried out, and what
    stands in for those that are not."""

    def __init__(self) -> None:
        self.windows: dict[str, tuple[int, int]] = {}
        self.liked: set[str] = set()
        self.data: set[str] = set()
        self.ends: dict[str, int] = {}
        self.steps: dict[str, RenderStep] = {}
        self._instead: dict[str, str] = {}

    def read(self, name: str, first: int, stop: int) -> None:
        before = self.windows.get(name, (first, stop))
        self.windows[name] = (min(first, before[0]), max(stop, before[1]))

    def take(self, step: PlannedStep, config: Mapping[str, Any], data: Iterable[str]) -> None:
        self.steps[step.step_id] = RenderStep(step.step_id, step.type, dict(config), step.inputs)
        self.data.update(data)

    def leave(self, step: PlannedStep) -> None:
        """The first input in the place of a step."""
        self._instead[step.step_id] = step.inputs[0]

    def skip(self, step: PlannedStep) -> None:
        """As ``leave``, of a step of which frames are read."""
        self.leave(step)
        self.read(step.inputs[0], *self.windows[step.step_id])

    def instead(self, name: str) -> str:
        while name in self._instead:
            name = self._instead[name]
        return name
