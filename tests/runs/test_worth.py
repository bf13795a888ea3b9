"""In which order blobs go from a cache."""

from __future__ import annotations

from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from artdagd.runs.worth import HALF_LIFE, Candidate, Making, again, rank, worth

NAMES = "abcdefgh"
WEEK = int(HALF_LIFE * 1e9)


@st.composite
def caches(draw: Any) -> tuple[list[Candidate], dict[str, Making], set[str]]:
    """Blobs, of which each may be made from those before it; and those that are lost."""
    names = draw(st.permutations(NAMES))
    makings = {}
    for at, name in enumerate(names):
        sources = draw(st.lists(st.sampled_from(names[:at]), max_size=3, unique=True)) if at else []
        if draw(st.booleans()) or sources:
            makings[name] = Making(draw(st.sampled_from([0.0, 0.5, 3.0, 100.0])), tuple(sources))
    lost = set(draw(st.lists(st.sampled_from(NAMES), max_size=3)))
    candidates = [
        Candidate(
            name,
            draw(st.sampled_from([1, 10**6, 10**9])),
            draw(st.integers(0, 20)) * WEEK // 7,
            unnamed=draw(st.booleans()) and draw(st.booleans()),
            elsewhere=draw(st.booleans()) and draw(st.booleans()),
        )
        for name in NAMES
        if name not in lost
    ]
    return candidates, makings, lost & makings.keys()


@given(caches())
def test_each_is_of_least_worth_when_its_turn_comes(cache: tuple[list[Candidate], dict[str, Making], set[str]]):
    candidates, makings, lost = cache
    ranked = list(rank(candidates, makings, lost))
    assert sorted(one.candidate.cid for one in ranked) == sorted(one.cid for one in candidates)
    left, gone = {one.cid: one for one in candidates}, set(lost)
    for one in ranked:
        worths = {
            cid: worth(candidate, again(cid, makings, lambda cid: cid not in gone)) for cid, candidate in left.items()
        }
        assert worths[one.candidate.cid] == min(worths.values())
        if one.seconds is not None:
            assert one.alone == makings[one.candidate.cid].seconds <= one.seconds
            assert one.seconds == again(one.candidate.cid, makings, lambda cid: cid not in gone)
        del left[one.candidate.cid]
        if not one.candidate.elsewhere:
            gone.add(one.candidate.cid)


@given(caches(), st.integers(1, 50))
def test_the_order_is_the_same_at_any_time(cache: Any, weeks: int):
    candidates, makings, lost = cache
    later = [msgspec.structs.replace(one, used=one.used + weeks * WEEK) for one in candidates]
    orders = [[one.candidate.cid for one in rank(some, makings, lost)] for some in (candidates, later)]
    assert orders[0] == orders[1]


@given(caches())
def test_what_nobody_names_goes_first_and_the_longest_unused_of_it(cache: Any):
    candidates, makings, lost = cache
    order = [one.candidate for one in rank(candidates, makings, lost)]
    unnamed = [one for one in order if one.unnamed]
    assert order[: len(unnamed)] == unnamed
    assert [one.used for one in unnamed] == sorted(one.used for one in unnamed)


def test_a_week_counts_half():
    made = {"old": Making(8.0), "new": Making(3.9)}
    old, new = Candidate("old", 10**6, 0), Candidate("new", 10**6, WEEK)
    assert [one.candidate.cid for one in rank([old, new], made, ())] == ["new", "old"]
    assert [one.candidate.cid for one in rank([old, new], {**made, "new": Making(4.1)}, ())] == ["old", "new"]


def test_what_is_gone_already_is_part_of_the_price():
    makings = {"base": Making(5.0), "both": Making(7.0, ("base",)), "top": Making(1.0, ("both", "base"))}
    assert again("top", makings, lambda cid: True) == 1.0
    assert again("top", makings, lambda cid: cid != "base") == 6.0
    assert again("top", makings, lambda cid: False) == 13.0
    assert again("nothing", makings, lambda cid: True) is None
