"""A plan: a recipe bound to input CIDs, every step concrete. A plan is a dag-json blob; its CID is the plan id."""

from __future__ import annotations

from typing import Any

import msgspec

from artdagd.work import Delivery, Extent


class Analysis(msgspec.Struct, frozen=True):
    """What phase 1 found for one ANALYZE step. ``cid`` names the dag-json of ``features``."""

    cid: str
    features: dict[str, Any]


class AnalysisRequest(msgspec.Struct, frozen=True):
    """What phase 1 must compute for one ANALYZE step.

    ``input`` is the recipe input's name and ``cid`` its content. ``features`` maps each analyzer that takes part to its
    share of the step's features, sorted; ``cache_ids`` maps it to the name of that share's computation. ``cache_id`` is
    the whole step's, as in the plan.
    """

    step_id: str
    input: str
    cid: str
    features: dict[str, tuple[str, ...]]
    cache_ids: dict[str, str]
    cache_id: str


class ConcreteStep(msgspec.Struct, frozen=True):
    """A step with its parameters filled in, BEAT_SYNC resolved, and ``config`` canonical; not yet named.

    ``inputs`` name concrete steps or recipe inputs; ``keep`` asks for the result to be stored.
    """

    step_id: str
    recipe_step: str
    type: str
    config: dict[str, Any]
    inputs: tuple[str, ...]
    keep: bool = False


class PlannedStep(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A concrete step. ``recipe_step`` is the id of the recipe's step that it came from.

    ``inputs`` name planned steps or recipe inputs. ``identity`` is the CID of the implementation's identity record:
    the effect's for EFFECT, else the step type's. ``pass_id`` is the first pass that computes it; None for steps that
    no pass computes (ANALYZE).
    """

    step_id: str
    recipe_step: str
    type: str
    config: dict[str, Any]
    inputs: tuple[str, ...]
    identity: str
    cache_id: str
    level: int
    pass_id: str | None


class Segment(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A part of a pass's picture that is made apart from the others: ``frames`` of them from number ``first`` on.
    ``segment_id`` is the name of its computation, as a cache id is of a whole one (:mod:`artdagd.plans.windows`)."""

    segment_id: str
    first: int
    frames: int


class Pass(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Steps that run together, in topological order. ``pass_id`` is the cache id of the last, which is what the pass
    stores; ``delivery`` is set on the pass that makes the plan's output.

    A pass that is made in parts has ``segments``, which follow each other and are all of its picture, and ``sound``,
    the name of the computation of its sound, if it has any. Any other says in ``whole`` why it is made in one piece.
    """

    pass_id: str
    steps: tuple[str, ...]
    delivery: Delivery | None
    segments: tuple[Segment, ...] = ()
    sound: str = ""
    whole: str = ""

    @property
    def parts(self) -> list[str]:
        """The names of all parts: of the segments, in their order, and of the sound. Rounds of a loop share one."""
        return [part.segment_id for part in self.segments] + ([self.sound] if self.sound else [])


class Plan(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """``inputs`` and ``analyses`` map recipe inputs and ANALYZE steps to CIDs; ``audio`` maps those inputs whose sound
    a step reads to the digest of that sound (``AudioFacts.digest``), by which cache ids name it.

    ``steps`` and ``passes`` are ordered by level, then id, which is a topological order. ``levels[n]`` are the ids of
    level n, for display. ``extents`` are those of all steps and recipe inputs that have a picture, where a pass is made
    in parts.
    """

    recipe_id: str
    name: str
    inputs: dict[str, str]
    params: dict[str, Any]
    analyses: dict[str, str]
    audio: dict[str, str]
    steps: tuple[PlannedStep, ...]
    levels: tuple[tuple[str, ...], ...]
    passes: tuple[Pass, ...]
    output: str
    extents: dict[str, Extent] = {}

    @property
    def output_pass(self) -> Pass | None:
        """The pass that makes the output, if one does."""
        return next((item for item in self.passes if item.delivery is not None), None)

    @property
    def delivery(self) -> Delivery | None:
        """Of the output; None where no pass makes it."""
        return self.output_pass.delivery if self.output_pass else None

    def file_name(self, cid: str, delivery: Delivery) -> str:
        """What the output, which is ``cid`` and delivered so, is called as a file."""
        return f"{self.name}-{cid[-8:]}.{delivery.format}"
