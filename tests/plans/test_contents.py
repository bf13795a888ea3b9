"""The names of passes by what they read, and how long they are thought to take."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from artdagd.cid import cid_of_value
from artdagd.plans.contents import content_id, piece_id
from artdagd.plans.estimates import Measure, Measures, Past, estimate
from artdagd.plans.model import Plan
from artdagd.plans.planner import plan
from artdagd.recipes.model import Recipe
from artdagd.steps.catalogue import Catalogue
from artdagd.work import Delivery, Join, Part, RenderPass, RenderStep

Binding = Callable[..., dict[str, Any]]
Make = Callable[..., Recipe]
Planned = Callable[..., Plan]


def chain(degrees: float, sigma: float = 2.0, keep: bool = True) -> tuple[tuple[Any, ...], ...]:
    return (
        ("tint", "EFFECT", "video", {"effect": "hue", "degrees": degrees}, keep),
        ("soft", "EFFECT", "tint", {"effect": "blur", "sigma": sigma}),
        ("both", "MUX", "soft audio", {}),
    )


@pytest.fixture(scope="module")
def planned(recipe: Make, binding: Binding, catalogue: Catalogue) -> Planned:
    def make(*steps: tuple[Any, ...], delivery: Delivery | None = None, **inputs: str) -> Plan:
        made = recipe(*steps, delivery=delivery or Delivery())
        bound = binding(made)
        bound["inputs"] |= inputs
        return plan(made, **bound, catalogue=catalogue)

    return make


def named(made: Plan, catalogue: Catalogue, at: int, cluster: str = "", **cids: str) -> str:
    item = made.passes[at]
    return content_id(item, item.steps, made, {**made.inputs, **cids}, catalogue, cluster)


def test_a_pass_that_reads_recipe_inputs_alone_has_one_name(planned: Planned, catalogue: Catalogue):
    made = planned(*chain(30.0))
    assert named(made, catalogue, 0) == made.passes[0].pass_id
    fused = planned(*chain(30.0, keep=False))
    assert [item.steps for item in fused.passes] == [("tint", "soft", "both")]
    assert named(fused, catalogue, 0) == fused.passes[0].pass_id


def test_what_is_read_names_it_and_not_how_it_came_about(planned: Planned, catalogue: Catalogue):
    one, other = planned(*chain(30.0)), planned(*chain(60.0))
    assert one.passes[1].pass_id != other.passes[1].pass_id
    same, changed = cid_of_value("bytes"), cid_of_value("other bytes")
    assert named(one, catalogue, 1, tint=same) == named(other, catalogue, 1, tint=same)
    assert named(one, catalogue, 1, tint=same) != named(one, catalogue, 1, tint=changed)


@given(sigma=st.sampled_from([1.0, 2.0]), crf=st.sampled_from([20, 30]), cluster=st.sampled_from(["", "ab"]))
def test_all_else_that_shapes_a_result_is_in_the_name(
    planned: Planned, catalogue: Catalogue, sigma: float, crf: int, cluster: str
):
    base = named(planned(*chain(30.0)), catalogue, 1, tint=cid_of_value("bytes"))
    made = planned(*chain(30.0, sigma), delivery=Delivery(crf=crf))
    found = named(made, catalogue, 1, cluster, tint=cid_of_value("bytes"))
    assert (found == base) == ((sigma, crf, cluster) == (2.0, 20, ""))


def test_a_song_is_named_by_its_sound(planned: Planned, catalogue: Catalogue):
    one, retagged = planned(*chain(30.0)), planned(*chain(30.0), audio=cid_of_value("retagged"))
    same = cid_of_value("bytes")
    assert named(one, catalogue, 1, tint=same) == named(retagged, catalogue, 1, tint=same)


def test_a_part_is_named_by_its_work_and_not_by_where_its_files_are(catalogue: Catalogue):
    step = RenderStep("s", "EFFECT", {"effect": "hue", "degrees": 30.0}, ("a",))

    def name(piece: RenderPass, cid: str = "c1", cluster: str = "") -> str:
        return piece_id(piece, {"a": cid}, catalogue, cluster)

    made = RenderPass((step,), {"a": "/here"}, Delivery(), Part("picture", 0, 50))
    base = name(made)
    assert name(msgspec.structs.replace(made, sources={"a": "/elsewhere"})) == base
    others = [
        name(made, "c2"),
        name(made, cluster="ab"),
        name(msgspec.structs.replace(made, part=Part("picture", 50, 100))),
        name(msgspec.structs.replace(made, delivery=Delivery(crf=30))),
        name(msgspec.structs.replace(made, steps=(msgspec.structs.replace(step, config={"effect": "blur"}),))),
        name(RenderPass((), {"a": "/here"}, Delivery(), join=Join(("a",), (None,), (25, 1)))),
    ]
    assert len({base, *others}) == len(others) + 1


def test_passes_are_measured(planned: Planned, binding: Binding, recipe: Make, catalogue: Catalogue):
    made = planned(*chain(30.0))
    measures = Measures.of(made, binding(recipe(*chain(30.0)))["facts"], catalogue)
    first, second = (measures.measure(item, item.steps) for item in made.passes)
    assert (first.made_of, second.made_of) == ("hue", "MUX,blur>mp4/h264/veryfast")
    assert first.work > 640 * 360 * 125 * 8
    part = measures.measure(made.passes[1], ("both",))
    assert part.work < second.work
    assert part.made_of == "MUX>mp4/h264/veryfast"


pasts = st.lists(
    st.builds(
        Past,
        st.sampled_from(["hue", "blur", "hue>mp4", "blur>mp4"]),
        st.floats(1e6, 1e12),
        st.floats(0.001, 1e4),
    ),
    max_size=6,
)


@given(wanted=st.builds(Measure, st.sampled_from(["hue", "hue>mp4", "wave>gif"]), st.floats(1e6, 1e12)), past=pasts)
def test_an_estimate_lies_within_what_was_seen(wanted: Measure, past: list[Past]):
    found = estimate(wanted, past)
    assert (found is None) == (not past)
    if found is None:
        return
    same = [one for one in past if one.made_of == wanted.made_of]
    rates = [one.seconds / one.work for one in same or past]
    assert min(rates) * wanted.work * 0.999 <= found <= max(rates) * wanted.work * 1.001
