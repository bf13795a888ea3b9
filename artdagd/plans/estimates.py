"""How long a pass will take, from how long others took.

Planning knows how much *work* a pass is: nanoseconds by the figures of :mod:`artdagd.plans.costs`, which tell a hue
from a wall of echoes, and know nothing of the machine. Past passes say what a nanosecond of work is worth here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from artdagd.plans.costs import Work, works
from artdagd.plans.draft import Draft
from artdagd.plans.model import ConcreteStep, Pass, Plan
from artdagd.plans.shapes import Shape
from artdagd.steps.catalogue import Catalogue
from artdagd.work import Delivery, MediaFacts

DELIVERED = 12.0
"""Nanoseconds for a pixel of an output that is delivered: H.264 at the usual preset."""

HEARD = 2e6
"""Nanoseconds for a second of sound, or of picture, whatever its size."""

BEGUN = 2e7
"""Nanoseconds for a pass, however short."""


class Measure(msgspec.Struct, frozen=True):
    """``made_of`` says which steps and effects, each once, and how the result is encoded; ``work`` is in ns."""

    made_of: str
    work: float


class Past(msgspec.Struct, frozen=True):
    """Passes that are ``made_of`` the same: their ``work`` (ns) and the ``seconds`` that they took, added up."""

    made_of: str
    work: float
    seconds: float


class Measures:
    """The measures of a plan's passes. ``shapes`` and ``works`` are of its steps and recipe inputs."""

    def __init__(self, made: Plan, shapes: Mapping[str, Shape], works: Mapping[str, Work]) -> None:
        self._steps = {step.step_id: step for step in made.steps}
        self._inputs = frozenset(made.inputs)
        self._shapes = shapes
        self._works = works

    @classmethod
    def of(cls, made: Plan, facts: Mapping[str, MediaFacts], catalogue: Catalogue) -> Measures:
        """``facts`` are the probe's, by recipe input. Raises InvalidRecipe where the plan's steps don't fit what is
        installed here."""
        draft, computed = Draft(catalogue, facts), []
        for step in made.steps:
            if step.type != "ANALYZE":
                computed.append(ConcreteStep(step.step_id, step.recipe_step, step.type, step.config, step.inputs))
                # Not added, which would check anew what was checked when it was planned, and takes as long.
                draft.shapes[step.step_id] = draft.result(computed[-1])
        return cls(made, draft.shapes, works(computed, draft.shapes, catalogue))

    def film(self, step_id: str) -> float:
        """Seconds of picture of a step's result."""
        return self._shapes[step_id].duration

    def measure(self, item: Pass, step_ids: Sequence[str]) -> Measure:
        """Of a pass of which ``step_ids`` are computed."""
        last = item.steps[-1]
        work, kinds = BEGUN, set()
        sources: set[str] = set()
        for step_id in step_ids:
            step = self._steps[step_id]
            kinds.add(str(step.config["effect"]) if step.type == "EFFECT" else step.type)
            sources.update(step.inputs)
            work += self._works[step_id].cost + self._shapes[step_id].length * HEARD
        for name in sources.difference(step_ids):
            known = self._works[name]
            work += known.cost if name in self._inputs else known.decode
        work += self._works[last].pixels * DELIVERED if item.delivery else self._works[last].encode
        return Measure(f"{','.join(sorted(kinds))}{_encoded(item.delivery)}", work)


def estimate(wanted: Measure, past: Iterable[Past]) -> float | None:
    """Seconds of one worker: by passes that are made of the same; else by all that are encoded likewise; else by all.
    None if there were none."""
    known = list(past)
    same = [one for one in known if one.made_of == wanted.made_of]
    encoded = wanted.made_of.partition(">")[2]
    alike = [one for one in known if one.made_of.partition(">")[2] == encoded]
    for chosen in (same, alike, known):
        work = sum(one.work for one in chosen)
        if work > 0:
            return wanted.work * sum(one.seconds for one in chosen) / work
    return None


def _encoded(delivery: Delivery | None) -> str:
    if delivery is None:
        return ""
    return ">" + "/".join(str(part) for part in (delivery.format, delivery.video_codec, delivery.preset) if part)
