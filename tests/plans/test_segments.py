"""What a result is cut into, what its parts are called, and which of the names an edit changes."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from artdagd.cid import cid_of_value
from artdagd.hooks.manager import Plugins
from artdagd.plans.boundaries import boundaries
from artdagd.plans.document import check_plan, plan_bytes, plan_from_bytes
from artdagd.plans.model import Pass, Plan
from artdagd.plans.parts import SOUND, Parts
from artdagd.plans.planner import plan
from artdagd.recipes.model import Recipe
from artdagd.steps.catalogue import Catalogue
from artdagd.work import AudioFacts, Delivery, MediaFacts, VideoFacts

VIDEO = MediaFacts(
    "video", "video/mp4", "mp4", 40.0,
    VideoFacts(640, 360, (25, 1), 40.0, "h264", "yuv420p"),
    AudioFacts(48000, 2, 1_920_000, 40.0, "aac", "d1" * 32),
)  # fmt: skip
CLIP = MediaFacts("video", "video/mp4", "mp4", 12.0, VideoFacts(640, 360, (25, 1), 12.0, "h264", "yuv420p"))
SONG = MediaFacts("audio", "audio/ogg", "ogg", 60.0, None, AudioFacts(44100, 2, 2_646_000, 60.0, "vorbis", "a5" * 32))


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return Catalogue.of(Plugins.load())


@pytest.fixture
def planned(recipe, binding, catalogue):
    def make(*steps: Any, facts: dict[str, MediaFacts] | None = None, **changes: Any) -> Plan:
        text: Recipe = recipe(*steps, **changes)
        known = {"video": VIDEO, "clip": CLIP, "audio": SONG} | (facts or {})
        return plan(text, **binding(text, facts=known), catalogue=catalogue)

    return make


def last(made: Plan) -> Pass:
    return made.passes[-1]


def names(made: Plan) -> list[str]:
    return [segment.segment_id for segment in last(made).segments]


def timeline(*ends: float, title: str = "Title", degrees: Any = 30, gain: float = 0.0) -> tuple[Any, ...]:
    """Clips of the video, from 0 s to each of the ``ends``; the second of them tinted."""
    clips = [(f"c{i}", "SEGMENT", "video", {"start": 0, "end": end}) for i, end in enumerate(ends)]
    ids = ["tint" if i == 1 else f"c{i}" for i in range(len(ends))]
    return (
        *clips,
        ("tint", "EFFECT", "c1", {"effect": "hue", "degrees": degrees}),
        ("all", "SEQUENCE", " ".join(ids)),
        ("title", "TEXT", "all", {"text": title, "start": 0.5, "end": 3}),
        ("out", "AUDIO_MIX", "title audio", {"gain": [0.0, gain]}),
    )


def test_segments_follow_each_other_and_are_all_of_the_picture(planned):
    made = last(planned(*timeline(10, 9, 7)))
    assert made.segments[0].first == 0
    assert all(a.first + a.frames == b.first for a, b in pairwise(made.segments))
    assert made.segments[-1].first + made.segments[-1].frames == 26 * 25
    assert all(50 <= segment.frames <= 150 for segment in made.segments)
    assert {0, 250, 475} <= {segment.first for segment in made.segments}
    assert made.sound
    assert not made.whole


def test_the_same_seconds_have_the_same_name_wherever_they_stand(planned):
    made = names(planned(*timeline(10, 8, 10, 8)))
    assert made[:3] != made[-3:]
    assert len(set(made)) < len(made)  # the first clip and the third are one


@pytest.mark.parametrize(
    ("edit", "most"),
    [
        ({"title": "Other"}, 2),
        ({"degrees": 31}, 4),
        ({"degrees": {"keyframes": [[0, 30], [5, 30], [7, 60]]}}, 4),
        ({"gain": -3.0}, 0),
    ],
)
def test_an_edit_renames_what_it_touches(planned, edit, most):
    before, after = planned(*timeline(10, 8, 9)), planned(*timeline(10, 8, 9, **edit))
    new = set(names(after)) - set(names(before))
    assert len(new) in (range(1, most + 1) if most else (0,))
    assert (last(after).sound != last(before).sound) is ("gain" in edit)


def test_a_clip_that_gets_longer_moves_the_others_and_renames_none(planned):
    before, after = planned(*timeline(10, 8, 9)), planned(*timeline(11.4, 8, 9))
    assert len(set(names(after)) - set(names(before))) <= 2


def seen_as(facts: MediaFacts, look: str) -> MediaFacts:
    return msgspec.structs.replace(facts, video=msgspec.structs.replace(facts.video, look=look))


def test_of_the_first_clip_the_others_take_what_it_looks_like(planned):
    """Its size, format and colours are those of all; what it shows, and what is done to it, is its own."""

    def made(first: str, degrees: float, look: str = "yuv420p 1 1 1") -> list[str]:
        facts = {"clip": seen_as(CLIP, look), "video": seen_as(VIDEO, "yuv420p 1 1 1")}
        return names(
            planned(
                ("head", "SEGMENT", first, {"end": 8}),
                ("tint", "EFFECT", "head", {"effect": "hue", "degrees": degrees}),
                ("tail", "SEGMENT", "video", {"start": 10, "end": 30}),
                ("out", "SEQUENCE", "tint tail"),
                facts=facts,
            )
        )

    before = made("clip", 30)
    for other in (made("clip", 31), made("video", 30)):
        assert not set(other[:4]) & set(before[:4])
        assert other[4:] == before[4:]
    assert not set(made("clip", 30, "yuv444p 1 1 1")) & set(before)


def test_what_is_done_to_a_first_clip_is_not_done_for_the_others(planned, catalogue):
    made = planned(
        ("c0", "SEGMENT", "video", {"end": 10}),
        ("tint", "EFFECT", "c0", {"effect": "hue", "degrees": 30}),
        ("c1", "SEGMENT", "clip", {"end": 9}),
        ("out", "SEQUENCE", "tint c1"),
    )
    work = Parts(made, last(made), catalogue).segment(last(made).segments[-1])
    assert [(step.step_id, step.inputs) for step in work.steps] == [
        ("c0", ("video",)), ("c1", ("clip",)), ("out", ("c0", "c1")),
    ]  # fmt: skip


def test_two_hundred_effects_are_named_once_and_not_for_every_part(planned, monkeypatch):
    named = []
    monkeypatch.setattr("artdagd.plans.windows.cid_of_value", lambda value: named.append(value) or cid_of_value(value))
    chain = [
        (f"e{n}", "EFFECT", f"e{n - 1}" if n else "video", {"effect": "hue", "degrees": n % 360}) for n in range(200)
    ]
    made = planned(*chain)
    assert len(names(made)) == 10
    assert len(named) <= 200 + 3 * 10


def test_a_curve_counts_where_it_is(planned):
    def tint(value: float) -> tuple[Any, ...]:
        return (
            ("out", "EFFECT", "video", {"effect": "hue", "degrees": {"keyframes": [[0, 0], [30, 0], [32, value]]}}),
        )

    before, after = names(planned(*tint(50))), names(planned(*tint(60)))
    assert before[:7] == after[:7]
    assert before[7:] != after[7:]


@pytest.mark.parametrize(
    ("steps", "changes", "why"),
    [
        ([("out", "RESIZE", "clip", {"width": 320}), ("cut", "SEGMENT", "out", {"end": 7.9})], {}, "shorter than 8 s"),
        ([("out", "EFFECT", "clip", {"effect": "hue"})], {"delivery": Delivery(video_codec="av1", crf=32, preset="8")},
         "av1 is encoded in one piece"),
        ([("out", "EFFECT", "video", {"effect": "trails"})], {}, "each frame of trails depends on all before it"),
        ([("out", "WAVEFORM", "audio", {})], {}, "WAVEFORM needs the whole of its input"),
        ([("out", "AUDIO_FADE", "audio", {"fade_in": 1})],
         {"delivery": Delivery(format="m4a", video_codec=None, crf=None, preset=None)}, "it has no picture"),
    ],
)  # fmt: skip
def test_what_is_not_cut_says_why(planned, steps, changes, why):
    made = last(planned(*steps, **changes))
    assert not made.segments
    assert why in made.whole


def test_a_few_seconds_that_remember_are_cut(planned):
    made = planned(
        ("short", "SEGMENT", "video", {"end": 6}),
        ("trails", "EFFECT", "short", {"effect": "trails"}),
        ("out", "SEQUENCE", "trails clip"),
    )
    assert len(names(made)) >= 3


def test_an_unlisted_effect_counts_its_time(planned):
    """strobe is not timeless: moved, it is another."""

    def made(start: float) -> Plan:
        return planned(
            ("early", "SEGMENT", "video", {"start": 0, "duration": start}),
            ("both", "SEQUENCE", "early clip"),
            ("out", "EFFECT", "both", {"effect": "strobe"}),
        )

    assert not set(names(made(4))[2:]) & set(names(made(4.2))[2:])


def test_a_part_of_a_timeline_takes_its_clips_alone(planned, catalogue):
    made = planned(*timeline(10, 8, 9))
    parts = Parts(made, last(made), catalogue)
    work = parts.segment(last(made).segments[-1])
    assert [step.step_id for step in work.steps] == ["c0", "c2", "all", "out"]  # c0 is what all of it looks like
    assert set(work.sources) == {"video"}
    assert work.delivery == Delivery(audio_codec=None, audio_bitrate=None)
    assert work.part is not None
    assert (work.part.track, work.part.last) == ("picture", None)
    assert {step.type for step in parts.sound().steps} == {"SEGMENT", "SEQUENCE", "AUDIO_MIX"}
    assert set(parts.sound().sources) == {"video", "audio"}
    assert parts.join({"0": "x", SOUND: "y"}).join.sound == SOUND


def test_a_plan_in_parts_survives_the_journey(planned, catalogue):
    made = planned(*timeline(10, 8, 9))
    again = plan_from_bytes(plan_bytes(made))
    assert again == made
    assert check_plan(again, catalogue, "", {"video": VIDEO, "clip": CLIP, "audio": SONG}) == made


def test_another_engine_cluster_or_delivery_is_another_part(planned, recipe, binding, catalogue, monkeypatch):
    steps = timeline(10, 8)
    first = planned(*steps)
    text = recipe(*steps)
    arguments = binding(text, facts={"video": VIDEO, "clip": CLIP, "audio": SONG})
    shared = plan(text, **arguments, catalogue=catalogue, cluster_key="k")
    fine = planned(*steps, delivery=Delivery(crf=10))
    loud = planned(*steps, delivery=Delivery(audio_bitrate=64_000))
    monkeypatch.setattr("artdagd.plans.cache_ids.ENGINE", 99)
    newer = planned(*steps)
    for other in (shared, newer):
        assert not {*names(first), last(first).sound} & {*names(other), last(other).sound}
    assert not set(names(first)) & set(names(fine))
    assert last(first).sound == last(fine).sound
    assert names(first) == names(loud)
    assert last(first).sound != last(loud).sound


@given(
    lengths=st.lists(st.integers(1, 900), min_size=1, max_size=30),
    phases=st.lists(st.integers(0, 2000), min_size=30, max_size=30),
    fps=st.sampled_from([Fraction(25), Fraction(30000, 1001), Fraction(60), Fraction(6)]),
)
def test_boundaries_are_in_order_and_neither_close_nor_far(lengths, phases, fps):
    runs, place = [], 0
    for length, phase in zip(lengths, phases, strict=False):
        runs.append((place, phase))
        place += length
    found = boundaries(runs, place, fps)
    assert found[0] == 0
    assert found[-1] == place
    if len(found) > 2:
        assert all(b - a <= 6 * fps + 1 for a, b in pairwise(found))
        assert all(b - a >= 2 * fps for a, b in pairwise(found))


def test_the_grid_of_a_clip_moves_with_its_file(planned):
    """Of one file, two seconds more at the start: the segments behind stay."""

    def made(start: float) -> list[str]:
        return names(planned(("out", "SEGMENT", "video", {"start": start, "end": 38})))

    assert len(set(made(0)) & set(made(2.3))) >= 7


def test_old_plans_are_read(planned):
    made = planned(*timeline(10, 8))
    old = msgspec.json.decode(plan_bytes(made))
    for item in old["passes"]:
        for field in ("segments", "sound", "whole"):
            item.pop(field, None)
    old.pop("extents")
    assert plan_from_bytes(msgspec.json.encode(old)).passes[-1].segments == ()
