"""What became of a result's parts, by their records: what is counted, and what is foreseen."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from artdagd.database.actions import ActionRow
from artdagd.database.runs import RunRow
from artdagd.plans.model import Pass, Segment
from artdagd.runs.fates import Fates, found
from artdagd.runs.foreseeing import Lacking

LOOP = Pass(
    "pass", ("all",), None, (Segment("a", 0, 50), Segment("b", 50, 100), Segment("a", 150, 50)), "sound"
)  # fmt: skip


def run(**known: Any) -> RunRow:
    times = {"created_at": "2026-01-02T10:00:00.000Z", "finished_at": "2026-01-02T11:00:00.000Z"}
    return RunRow(**{"run_id": "run-1", "owner": "ann", "status": "completed", **times, **known})


def record(name: str, minute: str, **known: Any) -> ActionRow:
    values = {"output_cid": f"cid-{name}", "seconds": 2.0, "made_of": "LOOP>mp4", **known}
    return ActionRow(cache_id=name, kind="segment", identity="x", created_at=f"2026-01-02T{minute}:00.000Z", **values)


def recorded(*records: ActionRow) -> dict[str, ActionRow]:
    return {one.cache_id: one for one in records}


class Kept:
    """Action records, as the database has them."""

    def __init__(self, *records: ActionRow) -> None:
        self._records = records

    async def of_outputs(self, cids: list[str]) -> list[ActionRow]:
        return [one for one in self._records if one.output_cid in cids]


def test_rounds_of_a_loop_count_once():
    all_of_it = recorded(record("a", "10:01"), record("b", "10:02"), record("sound", "10:03"))
    told, spent = Fates(run(), None, (), all_of_it, ()).told(LOOP, Fraction(25), there=False)
    assert (told.total, told.changed, told.made, spent) == (2, None, 2, 6.0)
    assert [(one.start, one.duration, one.why, one.seconds) for one in told.each] == [
        (0.0, 2.0, "new", 2.0), (2.0, 4.0, "new", 2.0), (6.0, 2.0, "new", None)
    ]  # fmt: skip


@pytest.mark.parametrize(("status", "why"), [("completed", "unknown"), ("running", "not made"), ("failed", "not made")])
def test_what_was_made_after_a_run_is_no_work_of_it(status: Any, why: str):
    later = recorded(record("a", "10:01"), record("b", "11:02"))
    told, spent = Fates(run(status=status), None, (), later, ()).told(LOOP, Fraction(25), there=False)
    assert (told.made, spent, told.sound) == (1, 2.0, why)
    assert [one.why for one in told.each] == ["new", why, "new"]


def test_compared_with_a_run_before():
    before = run(run_id="run-0")
    all_of_it = recorded(record("a", "10:01"), record("b", "10:02"), record("sound", "09:30"))
    told, _ = Fates(run(), before, {"a", "sound"}, all_of_it, ()).told(LOOP, Fraction(25), there=False)
    assert ([one.why for one in told.each], told.sound) == (["evicted", "changed", "evicted"], "there")
    assert (told.changed, told.made) == (1, 2)
    told, _ = Fates(run(), run(status="failed"), {"a"}, all_of_it, {"b"}).told(LOOP, Fraction(25), there=False)
    assert [one.why for one in told.each] == ["unfinished", "by content", "unfinished"]
    told, spent = Fates(run(), before, {"a"}, all_of_it, ()).told(LOOP, Fraction(25), there=True)
    assert ({one.why for one in told.each}, told.made, spent) == ({"there"}, 0, 0.0)


async def test_what_was_found_by_content_is_told_from_what_was_made_unmeasured():
    made = record("a", "10:01", made_of=None)
    copy = record("b", "10:02", made_of=None, output_cid="cid-old")
    older = record("content", "09:00", made_of=None, output_cid="cid-old")
    by_content = record("a-content", "10:01", made_of=None, output_cid="cid-a")
    equal = record("chance", "09:00", output_cid="cid-a", seconds=3.0)
    database: Any = Kept(made, copy, older, by_content, equal)
    assert await found([made, copy, record("c", "10:03")], database) == {"b"}


def test_what_is_lacking_counts_rounds_once_and_the_sound():
    lacking = Lacking.of(LOOP, Fraction(25), {"b"})
    assert (lacking.segments, lacking.film, lacking.sound) == (1, 2.0, True)
    only_sound = Lacking.of(LOOP, Fraction(25), {"a", "b"})
    assert (only_sound.segments, only_sound.film, only_sound.sound) == (0, 0.0, True)
    assert 0 < only_sound.share(LOOP) < lacking.share(LOOP) < 0.5
    assert Lacking.of(LOOP, Fraction(25), ()).share(LOOP) == pytest.approx(0.02 + 0.02 + 0.96 * 150 / 200)
