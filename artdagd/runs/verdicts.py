"""What is said of a run that is rendered again: each comparison, how far it is, and the verdict."""

from __future__ import annotations

from typing import Literal

import msgspec


class Compared(msgspec.Struct, frozen=True):
    """A stored result and what came out now; ``rendered`` is null where nothing did, and ``error`` says why."""

    step_id: str
    type: str
    recorded: str
    rendered: str | None
    equal: bool
    seconds: float
    error: str | None = None


class PartCompared(msgspec.Struct, frozen=True):
    """A part of a result, as :class:`Compared`: a segment, which has a ``number`` and ``frames`` from number ``first``
    on, or all of the sound."""

    step_id: str
    part: Literal["segment", "sound"]
    number: int | None
    first: int | None
    frames: int | None
    recorded: str
    rendered: str | None
    equal: bool
    seconds: float
    error: str | None = None


class Advance(msgspec.Struct, frozen=True):
    """``done`` of ``total`` results and parts are compared; ``fraction`` also counts work in flight, 0..1."""

    done: int
    total: int
    fraction: float


class Covered(msgspec.Struct, frozen=True):
    """How much of a result was rendered: of its ``segments`` those with these ``numbers``, all of it where it has none;
    ``whole`` then says why it has none."""

    step_id: str
    segments: int
    numbers: list[int]
    whole: str = ""


class Version(msgspec.Struct, frozen=True):
    """A library or an implementation that is not what was recorded; ``recorded`` is null where it had no part then."""

    name: str
    recorded: str | None
    here: str


class Verdict(msgspec.Struct, frozen=True):
    """``equal``: all that was rendered came out as recorded, to the byte. ``compared`` counts results and parts;
    ``versions`` are those that differ; ``results`` say how much of each was rendered, and ``seed`` is what chose."""

    equal: bool
    run_id: str
    provenance_cid: str
    compared: int
    different: int
    failed: int
    seconds: float
    versions: list[Version]
    results: list[Covered]
    seed: int | None = None


Told = Compared | PartCompared | Advance | Verdict
