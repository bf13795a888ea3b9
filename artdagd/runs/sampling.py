"""Which segments of a run's results are rendered again to verify it: some by chance, and the same by the same seed."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from hashlib import sha256

import msgspec

from artdagd.errors import InvalidRequest
from artdagd.plans.model import Pass, Plan
from artdagd.runs.provenance import Record, RecordedParts

MOST_SEED = (1 << 53) - 1
"""The greatest whole number that all readers of JSON take."""


class Sample(msgspec.Struct, frozen=True):
    """``segments`` of each result that is made in segments, chosen by ``seed``."""

    segments: int
    seed: int

    def of(self, step_id: str, total: int) -> list[int]:
        """The numbers of the chosen ones of ``total``, in order: those come first of which the SHA-256 of
        ``SEED/STEP/NUMBER`` is least, so that every node chooses the same."""

        def place(number: int) -> bytes:
            return sha256(f"{self.seed}/{step_id}/{number}".encode()).digest()

        return sorted(sorted(range(total), key=place)[: self.segments])


def sample(segments: int | None, seed: int | None) -> Sample | None:
    """What was asked for: None is everything. Raises InvalidRequest."""
    if segments is None:
        if seed is not None:
            raise InvalidRequest("seed says which segments are taken, and needs segments: how many")
        return None
    return Sample(segments, secrets.randbits(32) if seed is None else seed)


def recorded_parts(record: Record, made: Plan) -> dict[str, RecordedParts]:
    """What the record says of those results that this node cuts in the same places, by step."""
    passes = {item.steps[-1]: item for item in made.passes}
    return {one.step_id: one for one in record.parts or () if one.step_id in passes and _fits(one, passes[one.step_id])}


def check_sample(record: Record, made: Plan, parts: Mapping[str, RecordedParts]) -> None:
    """Raises InvalidRequest for results of which segments would be rendered, and the record names none to compare with.

    Rendering all of them instead may take hours more than was asked for.
    """
    advice = "Verify without a number of segments: everything is rendered again."
    for item in made.passes:
        last = item.steps[-1]
        if not item.segments or last in parts:
            continue
        if record.parts is None:
            raise InvalidRequest("the record was written before records named the segments of a result", advice=advice)
        if any(one.step_id == last for one in record.parts):
            raise InvalidRequest(
                f"this node cuts the result of {last} into other segments than recorded", advice=advice
            )
        raise InvalidRequest(
            f"the record names no segments of {last}: some had been evicted when it was written", advice=advice
        )


def _fits(one: RecordedParts, item: Pass) -> bool:
    if one.whole:
        return True
    cuts = [(segment.first, segment.frames) for segment in item.segments]
    same = [(segment.first, segment.frames) for segment in one.segments] == cuts
    return bool(cuts) and same and bool(one.sound) == bool(item.sound)
