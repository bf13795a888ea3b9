"""Which parts the results of a run were put together from, as far as that is known when it is completed."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from artdagd.database.actions import ActionRow, Actions
from artdagd.plans.model import Pass, Plan
from artdagd.plans.parts import SOUND, Parts
from artdagd.runs.provenance import RecordedParts, RecordedSegment, RecordedSound

ONE_PIECE = "it was made in one piece, as a part of it could not be made"


async def parted(
    made: Plan, actions: Mapping[str, ActionRow], database: Actions, parts: Callable[[Plan, Pass], Parts]
) -> tuple[list[RecordedParts], dict[str, ActionRow]]:
    """The parts of each pass that the plan cuts, and the action records of those; ``actions`` are the passes' own.

    A pass of which a part has gone is left out. So is one whose result was put together from other bytes: its parts may
    have been evicted, and made again since, by other versions of libraries.
    """
    told: list[RecordedParts] = []
    rows: dict[str, ActionRow] = {}
    for item in made.passes:
        row = actions.get(item.pass_id)
        if not item.segments or row is None:
            continue
        if row.sources is not None and set(row.sources) != set(item.parts):
            told.append(RecordedParts(item.steps[-1], whole=ONE_PIECE))
            continue
        found = await database.get_many(item.parts)
        if len(found) == len(set(item.parts)) and await _joined(row, item, found, database, parts(made, item)):
            told.append(_recorded(item, found))
            rows |= found
    return told, rows


async def _joined(row: ActionRow, item: Pass, found: Mapping[str, ActionRow], database: Actions, parts: Parts) -> bool:
    """Whether what these parts give, put together, is the result ``row``: by the name that it has by content."""
    cids = {str(number): found[segment.segment_id].output_cid for number, segment in enumerate(item.segments)}
    if item.sound:
        cids[SOUND] = found[item.sound].output_cid
    name = parts.content_id(parts.join(dict.fromkeys(cids, "")), cids)
    return (await database.outputs([name])).get(name) == row.output_cid


def _recorded(item: Pass, found: Mapping[str, ActionRow]) -> RecordedParts:
    segments = [
        RecordedSegment(segment.segment_id, segment.first, segment.frames, found[segment.segment_id].output_cid)
        for segment in item.segments
    ]
    sound = RecordedSound(item.sound, found[item.sound].output_cid) if item.sound else None
    return RecordedParts(item.steps[-1], segments, sound)
