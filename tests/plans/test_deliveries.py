"""What can be said of a delivery once the output's shape is known."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from artdagd.delivery import Delivery
from artdagd.errors import InvalidRecipe, InvalidRequest
from artdagd.plans.document import check_plan
from artdagd.plans.planner import plan
from artdagd.recipes.model import Recipe
from artdagd.steps.catalogue import Catalogue

Binding = Callable[..., dict[str, Any]]
Make = Callable[..., Recipe]

BARE = dict.fromkeys(("video_codec", "crf", "preset", "audio_codec", "audio_bitrate"))
FLAC = Delivery(**BARE | {"format": "flac", "audio_codec": "flac"})
GIF = Delivery(**BARE | {"format": "gif", "video_codec": "gif", "loop": True})
AV1 = Delivery(video_codec="av1", preset="8", crf=30)


@pytest.mark.parametrize(
    ("source", "delivery", "loc", "words"),
    [
        ("clip", FLAC, "output.format", "flac holds sound alone, and 'out' gives none"),
        ("audio", GIF, "output.format", "gif holds pictures, and 'out' gives none"),
        ("video", msgspec.structs.replace(GIF, fps=(60, 1)), "output.fps", "60 frames a second, .* at most 50"),
        ("video", msgspec.structs.replace(GIF, width=8000), "output.width", "8000x4500, and gif takes 2 to 4096"),
        ("video", msgspec.structs.replace(AV1, height=32), "output.width", "56x32, and av1 takes 64 to 8704"),
        ("video", msgspec.structs.replace(AV1, width=40, fit="shrink"), "output.width", "40x22"),
    ],
)  # fmt: skip
def test_what_can_t_be_delivered_is_told(
    recipe: Make, binding: Binding, catalogue: Catalogue, source: str, delivery: Delivery, loc: str, words: str
) -> None:
    made = recipe(("out", "SPEED", source), delivery=delivery)
    with pytest.raises(InvalidRecipe, match=words) as failure:
        plan(made, **binding(made), catalogue=catalogue)
    assert [fault.loc for fault in failure.value.faults] == [loc]
    assert failure.value.advice


def test_what_can_be_delivered_is_planned(recipe: Make, binding: Binding, catalogue: Catalogue) -> None:
    for source, delivery in (("video", FLAC), ("video", GIF), ("video", AV1), ("audio", FLAC), ("audio", Delivery())):
        made = recipe(("out", "SPEED", source), delivery=delivery)
        assert plan(made, **binding(made), catalogue=catalogue).passes[-1].delivery == delivery


@pytest.mark.parametrize(
    ("delivery", "field"),
    [
        (Delivery(format="exe"), "format"),
        (Delivery(video_codec="vp9"), "video_codec"),
        (Delivery(video_codec=None), "video_codec"),
        (Delivery(quality=3), "quality"),
        (Delivery(crf=None), "crf"),
        (Delivery(crf=True), "crf"),
        (Delivery(preset="placebo"), "preset"),
        (Delivery(audio_codec=None), "audio_bitrate"),
        (Delivery(fps=(50, 2)), "fps"),
        (Delivery(width=641), "width"),
        (Delivery(width=640, fit="cover"), "fit"),
        (Delivery(fit="contain"), "fit"),
        (msgspec.structs.replace(FLAC, width=64), "width"),
    ],
)
def test_a_plan_from_outside_has_the_one_form(
    recipe: Make, binding: Binding, catalogue: Catalogue, delivery: Delivery, field: str
) -> None:
    made = recipe(("out", "SPEED", "video"))
    bound = binding(made)
    good = plan(made, **bound, catalogue=catalogue)
    bad = msgspec.structs.replace(good, passes=(msgspec.structs.replace(good.passes[0], delivery=delivery),))
    with pytest.raises(InvalidRequest) as failure:
        check_plan(bad, catalogue, "", bound["facts"])
    assert failure.value.faults[0].loc == f"output.{field}"
