"""A plan that goes out and comes back; and one that somebody tampered with on the way."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from artdagd.cid import cid_of_value
from artdagd.errors import InvalidRequest, TooLarge
from artdagd.plans.document import MAX_PLAN_BYTES, check_plan, plan_bytes, plan_from_bytes, plan_id
from artdagd.plans.model import Plan
from artdagd.plans.planner import plan
from artdagd.recipes.model import Recipe
from artdagd.steps.catalogue import Catalogue


@pytest.fixture
def made(
    recipe: Callable[..., Recipe], binding: Callable[..., dict[str, Any]], catalogue: Catalogue
) -> tuple[Plan, dict[str, Any]]:
    """A plan with everything in it, and the facts about its inputs."""
    text = recipe(
        ("look", "ANALYZE", "audio", {"features": ["energy", "beats"]}),
        ("turn", "EFFECT", "video", {"effect": "hue", "degrees": 30}, True),
        ("sync", "BEAT_SYNC", "turn look", {"mode": "cut", "width": 320}),
        ("end", "SEGMENT", "clip", {"duration": 1}),
        ("out", "SEQUENCE", "sync end"),
    )
    arguments = binding(text)
    return plan(text, **arguments, catalogue=catalogue, cluster_key="k"), arguments["facts"]


def test_a_plan_survives_the_journey(made: tuple[Plan, dict[str, Any]], catalogue: Catalogue) -> None:
    first, facts = made
    again = plan_from_bytes(plan_bytes(first))
    assert again == first
    assert check_plan(again, catalogue, "k", facts) == first
    assert plan_id(again) == plan_id(first) == cid_of_value(json.loads(plan_bytes(first)))


def test_a_client_whose_numbers_are_all_alike_changes_nothing(
    made: tuple[Plan, dict[str, Any]], catalogue: Catalogue
) -> None:
    """JavaScript writes 30.0 as 30."""
    first, facts = made
    text = json.dumps(json.loads(plan_bytes(first)), indent=2).replace("30.0,", "30,").replace("1.0,", "1,")
    assert json.loads(text) == json.loads(plan_bytes(first))
    assert plan_id(check_plan(plan_from_bytes(text.encode()), catalogue, "k", facts)) == plan_id(first)


def forge(**changes: Any) -> Callable[[dict[str, Any]], None]:
    return lambda document: document.update(changes)


def change_step(step_id: str, /, **changes: Any) -> Callable[[dict[str, Any]], None]:
    def change(document: dict[str, Any]) -> None:
        next(step for step in document["steps"] if step["step_id"] == step_id).update(changes)

    return change


def fuse_all(document: dict[str, Any]) -> None:
    """One pass through a RETIME that goes back in time."""
    document["passes"] = document["passes"][-1:]
    document["passes"][0]["steps"] = [step["step_id"] for step in document["steps"] if step["type"] != "ANALYZE"]


def swap_steps(document: dict[str, Any]) -> None:
    document["steps"].reverse()


def drop_delivery(document: dict[str, Any]) -> None:
    document["passes"][-1]["delivery"] = None


def other_delivery(document: dict[str, Any]) -> None:
    document["passes"][-1]["delivery"]["crf"] = 40


def dead_step(document: dict[str, Any]) -> None:
    document["steps"].append({**document["steps"][1], "step_id": "extra"})


def same_twice(document: dict[str, Any]) -> None:
    document["steps"].append(document["steps"][-1])


OTHER = cid_of_value("another computation")


@pytest.mark.parametrize(
    "tamper",
    [
        change_step("turn", cache_id=OTHER),
        change_step("turn", pass_id=OTHER),
        change_step("turn", identity=OTHER),
        change_step("turn", level=2),
        change_step("turn", config={"effect": "hue", "degrees": 31.0}),
        change_step("turn", config={"effect": "hue"}),
        change_step("turn", config={"effect": "no such effect"}),
        change_step("turn", config={"effect": "hue", "degrees": 30.0, "path": "/etc/passwd"}),
        change_step("turn", inputs=["clip"]),
        change_step("turn", inputs=["nowhere"]),
        change_step("turn", inputs=["out"]),
        change_step("turn", inputs=["audio"]),
        change_step("turn", inputs=[]),
        change_step("turn", step_id="../../turn"),
        change_step("turn", type="BEAT_SYNC"),
        change_step("turn", type="nothing"),
        change_step("sync", inputs=["sync.resize", "look"]),
        change_step("look", config={"features": ["beats"]}),
        change_step("look", config={"features": ["no such feature"]}),
        change_step("sync.retime", config={"pieces": [[0.0, 1.0, 0.0, 1.0]], "fps": [0, 0]}),
        forge(params={"x": 2**70}),
        forge(params={"x": {"/": OTHER}}),
        change_step("turn", config={"effect": "hue", "degrees": 2**70}),
        forge(output="turn"),
        forge(output="look"),
        forge(output="audio"),
        forge(audio={"audio": "b6" * 32}),
        forge(audio={}),
        forge(analyses={}),
        forge(analyses={"look": "not a cid"}),
        forge(levels=[]),
        forge(passes=[]),
        forge(steps=[]),
        forge(inputs={"video": "not a cid", "clip": OTHER, "audio": OTHER}),
        forge(inputs={"video": OTHER, "clip": OTHER, "audio": OTHER}),
        fuse_all,
        swap_steps,
        drop_delivery,
        other_delivery,
        dead_step,
        same_twice,
    ],
)
def test_a_tampered_plan_is_refused(
    made: tuple[Plan, dict[str, Any]], catalogue: Catalogue, tamper: Callable[[dict[str, Any]], None]
) -> None:
    first, facts = made
    document = json.loads(plan_bytes(first))
    tamper(document)
    with pytest.raises(InvalidRequest, match="plan is wrong") as caught:
        check_plan(plan_from_bytes(json.dumps(document).encode()), catalogue, "k", facts)
    assert caught.value.advice


def test_names_are_names_even_where_all_agree(made: tuple[Plan, dict[str, Any]], catalogue: Catalogue) -> None:
    text = plan_bytes(made[0]).replace(b'"turn"', b'"turn/../../x"')
    with pytest.raises(InvalidRequest, match="is no name"):
        check_plan(plan_from_bytes(text), catalogue, "k", made[1])


def test_a_plan_of_another_cluster_or_about_other_sound_is_refused(
    made: tuple[Plan, dict[str, Any]], catalogue: Catalogue
) -> None:
    first, facts = made
    with pytest.raises(InvalidRequest, match="cache_id"):
        check_plan(first, catalogue, "another key", facts)
    song = facts["audio"]
    remix = msgspec.structs.replace(song, audio=msgspec.structs.replace(song.audio, digest="b6" * 32))
    with pytest.raises(InvalidRequest, match="cache_id"):
        check_plan(first, catalogue, "k", {**facts, "audio": remix})


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b'{"recipe_id": 1}',
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"steps": [{"config": ' + b"[" * 5000,
    ],
)
def test_what_is_no_plan_is_refused(data: bytes) -> None:
    with pytest.raises(InvalidRequest, match="not a plan"):
        plan_from_bytes(data)


def test_unknown_fields_and_nan_are_refused(made: tuple[Plan, dict[str, Any]]) -> None:
    document = json.loads(plan_bytes(made[0]))
    with pytest.raises(InvalidRequest, match="unknown field"):
        plan_from_bytes(json.dumps({**document, "extra": 1}).encode())
    with pytest.raises(InvalidRequest):
        plan_from_bytes(json.dumps({**document, "params": {"x": float("nan")}}).encode())


def test_the_size_of_a_plan_is_bounded() -> None:
    with pytest.raises(TooLarge):
        plan_from_bytes(b" " * (MAX_PLAN_BYTES + 1))
