"""Why each part of a pass was made for a run, or was not, by the records of the parts' computations."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from fractions import Fraction

from artdagd.database.actions import ActionRow, Actions
from artdagd.database.runs import RunRow
from artdagd.plans.model import Pass
from artdagd.runs.views import ExplainedSegment, ExplainedSegments, Fate

MADE = frozenset({"new", "changed", "evicted", "unfinished"})
"""What is said of a part that was computed for the run."""


def during(row: RunRow, actions: Iterable[ActionRow]) -> list[ActionRow]:
    """Those records that were written while the run ``row`` went on: what it, or another beside it, made or found."""
    until = row.finished_at
    return [one for one in actions if began(row) <= one.created_at and (until is None or one.created_at <= until)]


def began(row: RunRow) -> str:
    return row.started_at or row.created_at


async def found(actions: Sequence[ActionRow], database: Actions) -> set[str]:
    """Those of ``actions``, by cache id, that are copies of an older record, which was found by what it read.

    A copy has no measure, but neither has what was made where measures were unknown; yet a copy says that it took the
    very seconds of the other.
    """
    doubtful = [one for one in actions if one.made_of is None]
    oldest: dict[tuple[str, float], str] = {}
    for one in await database.of_outputs(sorted({each.output_cid for each in doubtful})):
        key = one.output_cid, one.seconds
        oldest[key] = min(one.created_at, oldest.get(key, one.created_at))
    return {one.cache_id for one in doubtful if oldest.get((one.output_cid, one.seconds), "~") < one.created_at}


class Fates:
    """What became of parts in the run ``row``. ``before`` is the run to compare with, and ``planned`` the names of that
    one's parts; ``recorded`` are the records of parts by name, and ``copied`` the names of those that were found by
    content."""

    def __init__(
        self,
        row: RunRow,
        before: RunRow | None,
        planned: Collection[str],
        recorded: Mapping[str, ActionRow],
        copied: Collection[str],
    ) -> None:
        self._row, self._before, self._planned = row, before, planned
        self._recorded, self._copied = recorded, copied
        self._lately = {one.cache_id for one in during(row, recorded.values())}

    def told(self, item: Pass, fps: Fraction, there: bool) -> tuple[ExplainedSegments, float]:
        """What became of the parts of a pass, and the seconds that those took which were made. ``fps`` is that of its
        result; ``there``: that was there as a whole, so that no part was looked for. Parts that are the same
        computation count once."""
        names = list(dict.fromkeys(part.segment_id for part in item.segments))
        why: dict[str, Fate] = {name: "there" if there else self._why(name) for name in names}
        sound: Fate | None = None
        if item.sound:
            sound = "there" if there else self._why(item.sound)
        took = {name: self._recorded[name].seconds for name in names if why[name] in MADE}
        spent = sum(took.values()) + (self._recorded[item.sound].seconds if sound in MADE else 0.0)
        counts = len(names), self._changed(names), len(took)
        each = [
            ExplainedSegment(
                number,
                part.first,
                part.frames,
                float(part.first / fps),
                float(part.frames / fps),
                why[part.segment_id],
                took.pop(part.segment_id, None),
            )
            for number, part in enumerate(item.segments)
        ]
        return ExplainedSegments(*counts, sound, each), spent

    def _changed(self, names: Sequence[str]) -> int | None:
        return sum(name not in self._planned for name in names) if self._before else None

    def _why(self, name: str) -> Fate:
        action = self._recorded.get(name)
        if action is not None and action.created_at < began(self._row):
            return "there"
        if name not in self._lately:
            # It was made again after the run, or went from the cache; or the run did not get there.
            return "unknown" if self._row.status == "completed" else "not made"
        if name in self._copied:
            return "by content"
        if self._before is None:
            return "new"
        if name not in self._planned:
            return "changed"
        return "evicted" if self._before.status == "completed" else "unfinished"
