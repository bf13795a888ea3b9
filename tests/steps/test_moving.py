"""What may be written where a number stands, what is said of it if it is wrong, and its one canonical form."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Annotated, Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from artdagd.errors import InvalidRecipe
from artdagd.hooks import Analyzer, Effect, Filter, VideoFormat, hookimpl
from artdagd.hooks.manager import Plugins
from artdagd.steps.catalogue import Catalogue
from artdagd.steps.config import fields_of
from artdagd.steps.curves import EASES, curve, moves, whole
from artdagd.steps.moving import number
from artdagd.steps.primitives import STEP_TYPES
from artdagd.steps.types import StepType


class Glow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    amount: Annotated[float, msgspec.Meta(ge=0, le=1)] = 0.5
    size: Annotated[int, msgspec.Meta(ge=1, le=9)] = 3
    least: float = 0.0
    most: float = 10.0
    seed: int = 0
    name: str = ""

    def __post_init__(self) -> None:
        if self.least > self.most:
            raise ValueError("least may not be above most")


def build(config: Glow, video: VideoFormat) -> list[Filter]:
    return []


def analyze(request: object) -> dict[str, Any]:
    return {}


class Plugin:
    @hookimpl
    def artdag_effects(self) -> list[Effect]:
        return [Effect(name="glow", version="1", description="d", config=Glow, build=build, fixed=("seed",))]

    @hookimpl
    def artdag_analyzers(self) -> list[Analyzer]:
        features = {"beats": "times", "energy": "curve", "bands": "curves"}
        return [Analyzer(name="music", version="1", description="d", features=features, analyze=analyze)]


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return Catalogue.of(Plugins.of(Plugin))


@pytest.fixture(scope="module")
def canonical(catalogue: Catalogue) -> Callable[..., Any]:
    return lambda **raw: catalogue.config("EFFECT", {"effect": "glow", **raw})[1]


@pytest.mark.parametrize(
    ("raw", "loc", "message"),
    [
        ({"seed": {"keyframes": [[0, 1]]}}, "config.seed", "can't move with time"),
        ({"name": {"keyframes": [[0, 1]]}}, "config.name", "expected a string"),
        ({"amount": {}}, "config.amount", "says neither keyframes nor what it follows"),
        ({"amount": {"enrgy": "a"}}, "config.amount.enrgy", "did you mean 'energy'?"),
        ({"amount": {"keyfames": [[0, 1]]}}, "config.amount.keyfames", "did you mean 'keyframes'?"),
        ({"amount": {"keyframes": []}}, "config.amount.keyframes", "length >= 1"),
        ({"amount": {"keyframes": [[0, 2]]}}, "config.amount.keyframes[0][1]", "<= 1.0, got 2"),
        ({"amount": {"keyframes": [[0, 1], [1, 0, "inout"]]}}, "config.amount.keyframes[1][2]", "'in_out'"),
        ({"amount": {"keyframes": [[0, 1], [0, 0]]}}, "config.amount.keyframes[1][0]", "in order"),
        ({"amount": {"keyframes": [[0, 1, "in", 3]]}}, "config.amount.keyframes[0]", "length"),
        ({"amount": {"keyframes": [[0, math.nan]]}}, "config.amount.keyframes[0][1]", "not a finite number"),
        ({"amount": {"keyframes": [[0, 1]], "ease": "in"}}, "config.amount.ease", "unknown parameter 'ease'"),
        ({"amount": {"pulses": [1], "rest": 0}}, "config.amount", "'peak' is missing"),
        ({"amount": {"pulses": [1, 1], "rest": 0, "peak": 1}}, "config.amount.pulses[1]", "in order"),
        ({"amount": {"pulses": [1], "rest": 0, "peak": 3}}, "config.amount.peak", "<= 1.0, got 3"),
        ({"amount": {"values": [0, 7], "hop": 1}}, "config.amount.values[1]", "<= 1.0, got 7"),
        ({"amount": {"values": [0, 1], "hop": 0}}, "config.amount.hop", "> 0"),
        ({"amount": {"beat": "a", "rest": 0}}, "config.amount", "'peak' is missing"),
        ({"amount": {"beat": "a", "energy": "a"}}, "config.amount.energy", "follows 'beat' already"),
        ({"amount": {"beat": 7, "rest": 0, "peak": 1}}, "config.amount.beat", "the id of an ANALYZE step, got 7"),
        ({"amount": {"beat": "a", "rest": 0, "peak": 1, "evry": 2}}, "config.amount.evry", "did you mean 'every'?"),
        ({"amount": {"energy": "a", "from": 0, "to": 1, "smoth": 1}}, "config.amount.smoth", "did you mean 'smooth'?"),
        ({"amount": {"energy": "a", "from": -1, "to": 1}}, "config.amount.from", ">= 0.0, got -1"),
        ({"size": {"keyframes": [[0, 1], [1, 9.6]]}}, "config.size.keyframes[1][1]", "<= 9, got 10"),
        ({"least": {"keyframes": [[0, 0], [1, 11]]}}, "config", "least may not be above most"),
        ({"amount": {"energy": "a", "from": 0, "to": 1}}, "config.amount", "found while a recipe is planned"),
    ],
)
def test_a_fault_names_the_place_the_text_and_the_remedy(
    canonical: Callable[..., Any], raw: dict[str, Any], loc: str, message: str
) -> None:
    with pytest.raises(InvalidRecipe) as caught:
        canonical(**raw)
    (fault,) = caught.value.faults
    assert fault.loc == loc
    assert message in fault.msg


def test_what_is_left_out_is_filled_in(canonical: Callable[..., Any]) -> None:
    assert canonical(amount={"keyframes": [[0, 0, "in"], [2, 1]]})["amount"] == {
        "keyframes": [[0.0, 0.0, "linear"], [2.0, 1.0, "linear"]]
    }
    assert canonical(size={"pulses": [1], "rest": 1, "peak": 4})["size"] == {
        "pulses": [1.0], "rest": 1.0, "peak": 4.0, "attack": 0.0, "decay": 0.25,
    }  # fmt: skip
    assert canonical(amount={"values": [0, 1], "hop": 1})["amount"] == {
        "values": [0.0, 1.0], "hop": 1.0, "start": 0.0,
    }  # fmt: skip


def test_a_curve_that_stays_is_a_number(canonical: Callable[..., Any]) -> None:
    assert canonical(amount={"keyframes": [[0, 1], [2, 1]]}) == canonical(amount=1)
    assert canonical(size={"pulses": [], "rest": 2, "peak": 4}) == canonical(size=2)
    assert canonical(amount={"values": [0.25], "hop": 3}) == canonical(amount=0.25)


def test_a_schema_says_which_fields_may_move_and_how(catalogue: Catalogue) -> None:
    (about,) = [one for one in catalogue.describe() if one["name"] == "glow"]
    definitions = about["config_schema"]["$defs"]
    fields = definitions["Glow"]["properties"]
    moving = {name for name, field in fields.items() if {"$ref": "#/$defs/Moving"} in field.get("anyOf", ())}
    assert moving == {"amount", "size", "least", "most"}
    assert fields["amount"]["default"] == 0.5
    forms = [one["$ref"].rpartition("/")[2] for one in definitions["Moving"]["anyOf"]]
    assert set(forms) < definitions.keys()
    (pattern,) = definitions["Following"]["patternProperties"]
    assert "energy" in pattern
    plain = next(one for one in catalogue.describe() if one["name"] == "SPEED")
    assert "Moving" not in plain["config_schema"]["$defs"]


levels = st.floats(0, 1)
times = st.lists(st.floats(-1000, 1000), min_size=1, max_size=8, unique=True).map(sorted)
curves = st.one_of(
    times.flatmap(
        lambda at: st.tuples(*(st.tuples(st.just(time), levels, st.sampled_from(sorted(EASES))) for time in at)).map(
            lambda frames: {"keyframes": [list(frame) for frame in frames]}
        )
    ),
    st.builds(
        lambda at, rest, peak, decay: {"pulses": at, "rest": rest, "peak": peak, "decay": decay},
        times, levels, levels, st.floats(0, 10),
    ),
    st.builds(
        lambda values, hop: {"values": values, "hop": hop},
        st.lists(levels, min_size=1, max_size=9), st.floats(0.001, 10),
    ),
)  # fmt: skip


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(curves, st.lists(st.floats(-1000, 1000), max_size=5))
def test_the_canonical_form_is_stable_and_stays_in_the_range(raw: dict[str, Any], at: list[float]) -> None:
    catalogue = Catalogue.of(Plugins.of(Plugin))
    _, once = catalogue.config("EFFECT", {"effect": "glow", "amount": raw})
    assert catalogue.config("EFFECT", once)[1] == once
    assert catalogue.config("EFFECT", msgspec.json.decode(msgspec.json.encode(once)))[1] == once
    value = curve(once["amount"])
    assert moves(once["amount"]) or isinstance(once["amount"], float)
    assert all(-1e-9 <= value(time) <= 1 + 1e-9 for time in at)


MOVING = [pytest.param(kind, name, id=f"{kind.name}-{name}") for kind in STEP_TYPES for name in kind.moving]


@pytest.mark.parametrize(("kind", "name"), MOVING)
def test_what_a_step_says_may_move_is_a_number_and_takes_a_curve(
    catalogue: Catalogue, kind: StepType, name: str
) -> None:
    field = fields_of(kind.config)[name]
    assert number(field.type)
    start = kind.example.get(name, field.default)
    start = start if isinstance(start, int | float) else 1
    near = start * 0.75 if start else 1
    curve_ = {"keyframes": [[0, start], [1, whole(near) if number(field.type) is int else near]]}
    _, made = catalogue.config(kind.name, {**kind.example, name: curve_})
    assert moves(made[name])
    (about,) = [one for one in catalogue.describe() if one["name"] == kind.name]
    schema = about["config_schema"]["$defs"][kind.config.__name__]["properties"][name]
    assert {"$ref": "#/$defs/Moving"} in schema["anyOf"]
