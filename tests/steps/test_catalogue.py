"""What a recipe's author is told about a config, and when the identity of an implementation changes."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
import pytest

from artdagd.cid import cid_of_value
from artdagd.errors import InvalidRecipe
from artdagd.hooks import Analyzer, Effect, Filter, VideoFormat, hookimpl
from artdagd.hooks.manager import Plugins
from artdagd.steps.catalogue import Catalogue
from artdagd.steps.primitives import STEP_TYPES


class Tint(msgspec.Struct, frozen=True):
    amount: Annotated[float, msgspec.Meta(ge=0, le=1)] = 0.5
    mode: Literal["warm", "cold"] = "warm"
    labels: frozenset[str] = frozenset()


def build(config: Tint, video: VideoFormat) -> list[Filter]:
    return []


def analyze(request: object) -> dict[str, Any]:
    return {}


class Tints:
    @hookimpl
    def artdag_effects(self) -> list[Effect]:
        return [Effect(name="tint", version="1", description="d", config=Tint, build=build, example={"amount": 1.0})]

    @hookimpl
    def artdag_analyzers(self) -> list[Analyzer]:
        features = {"beats": "times", "energy": "0..1"}
        return [Analyzer(name="music", version="1", description="d", features=features, analyze=analyze)]


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return Catalogue.of(Plugins.of(Tints))


@pytest.mark.parametrize(
    ("kind", "raw", "loc", "message"),
    [
        ("SEGMENT", {"strat": 1}, "config.strat", "did you mean 'start'?"),
        ("SEGMENT", {"start": "now"}, "config.start", "expected a number, got 'now'"),
        ("SEGMENT", {"start": -1}, "config.start", ">= 0.0, got -1"),
        ("SEGMENT", {"start": True}, "config.start", "expected a number, got true"),
        ("SEGMENT", {"start": 2, "end": 1}, "config", "end must be greater than start"),
        ("SEGMENT", {"end": 2, "duration": 1}, "config", "not both"),
        ("SEGMENT", {"start": float("nan")}, "config.start", "not a finite number"),
        ("SEGMENT", {"end": float("inf")}, "config.end", "not a finite number"),
        ("SPEED", {"factor": 11}, "config.factor", "<= 10.0"),
        ("SPEED", {"keep_pitch": "no"}, "config.keep_pitch", "write true or false"),
        ("RESIZE", {"fit": "contian"}, "config.fit", "did you mean 'contain'?"),
        ("RESIZE", {"fit": "zzz"}, "config.fit", "choose from contain, cover, stretch"),
        ("RESIZE", {"width": 2.5}, "config.width", "expected a whole number, got 2.5"),
        ("SEQUENCE", {"fps": "25/0"}, "config.fps", "such as 30000/1001, got '25/0'"),
        ("SEQUENCE", {"fps": 0}, "config.fps", "> 0.0, got 0"),
        ("SEQUENCE", {"transition": {"type": "wype"}}, "config.transition.type", "did you mean 'wipe'?"),
        ("SEQUENCE", {"transition": {"colour": 1}}, "config.transition.colour", "did you mean 'color'?"),
        ("SEQUENCE", {"transition": "wipe"}, "config.transition", "of type, duration, direction, color, got 'wipe'"),
        ("SEQUENCE", {"transitions": [{}, {"color": "red"}]}, "config.transitions[1].color", "#RRGGBB, got 'red'"),
        ("CHROMA_KEY", {"color": None}, "config.color", 'write "#RRGGBB" in quotes'),
        ("RETIME", {"fps": [25, 1]}, "config", "'pieces' is missing"),
        ("RETIME", {"pieces": [[0, 1, 0, "x"]], "fps": [25, 1]}, "config.pieces[0][3]", "expected a number, got 'x'"),
        ("RETIME", {"pieces": [[0, 1, 0, 1]], "fps": [25, 0]}, "config.fps[1]", ">= 1, got 0"),
        ("ANALYZE", {"features": ["beats", "enrgy"]}, "config.features[1]", "did you mean 'energy'?"),
        ("ANALYZE", {"features": ["beats", "beats"]}, "config.features[1]", "named twice"),
        ("ANALYZE", {"features": []}, "config.features", "a list of length >= 1"),
        ("EFFECT", {}, "config", "known: tint"),
        ("EFFECT", {"effect": "tnit"}, "config.effect", "did you mean 'tint'?"),
        ("EFFECT", {"effect": 5}, "config.effect", "unknown effect 5"),
        ("EFFECT", {"effect": "tint", "amuont": 1}, "config.amuont", "did you mean 'amount'?"),
        ("EFFECT", {"effect": "tint", "mode": "Cold"}, "config.mode", "did you mean 'cold'?"),
    ],
)
def test_a_fault_names_the_place_the_text_and_the_remedy(
    catalogue: Catalogue, kind: str, raw: dict[str, Any], loc: str, message: str
) -> None:
    with pytest.raises(InvalidRecipe) as caught:
        catalogue.config(kind, raw)
    (fault,) = caught.value.faults
    assert fault.loc == loc
    assert message in fault.msg


def test_all_faults_of_a_config_are_told_at_once(catalogue: Catalogue) -> None:
    with pytest.raises(InvalidRecipe) as caught:
        catalogue.config("RESIZE", {"width": "x", "hieght": 2, "fit": "cver"})
    assert [fault.loc for fault in caught.value.faults] == ["config.width", "config.hieght", "config.fit"]


def test_equal_configs_have_one_canonical_form(catalogue: Catalogue) -> None:
    segment, whole = catalogue.config("SEGMENT", {"start": 2})
    assert whole == {"start": 2.0, "end": None, "duration": None}
    assert isinstance(whole["start"], float)
    assert msgspec.to_builtins(segment) == whole
    assert catalogue.config("SEGMENT", {"start": 2.0, "end": None})[1] == whole
    _, negative = catalogue.config("SEGMENT", {"start": -0.0})
    assert str(negative["start"]) == "0.0"
    struct, tint = catalogue.config("EFFECT", {"effect": "tint", "labels": ["b", "c", "a"]})
    assert struct == Tint(labels=frozenset("abc"))
    assert tint == {"effect": "tint", "amount": 0.5, "mode": "warm", "labels": ["a", "b", "c"]}
    assert catalogue.config("EFFECT", tint)[1] == tint


def test_every_step_type_is_described_with_a_schema_and_a_valid_example(catalogue: Catalogue) -> None:
    described = {(one["kind"], one["name"]): one for one in catalogue.describe()}
    assert len(described) == len(STEP_TYPES) + 2
    for one in described.values():
        assert one.keys() >= {"name", "kind", "plugin", "version", "description", "inputs", "config_schema", "example"}
    for kind in STEP_TYPES:
        if kind.name != "EFFECT":
            catalogue.config(kind.name, kind.example)
    assert described["effect", "tint"]["plugin"] == "Tints"
    tint = described["effect", "tint"]["config_schema"]["$defs"]["Tint"]["properties"]
    assert tint["amount"]["anyOf"][0]["maximum"] == 1
    assert described["step", "SEGMENT"]["plugin"] == "artdagd"
    assert described["analyzer", "music"]["features"] == {"beats": "times", "energy": "0..1"}
    assert "seconds" in str(described["step", "SEGMENT"]["config_schema"])
    msgspec.json.encode(list(described.values()))


def test_identity_is_the_cid_of_the_record(catalogue: Catalogue) -> None:
    identity = catalogue.identity("effect", "tint")
    assert identity.record.keys() == {"distribution", "name", "version", "module"}
    assert identity.cid == cid_of_value(identity.record)
    assert catalogue.identity("step", "BEAT_SYNC") != catalogue.identity("step", "ANALYZE")
    with pytest.raises(KeyError):
        catalogue.identity("effect", "nothing")


def _plugin_from(file: Path, name: str) -> Any:
    spec = importlib.util.spec_from_file_location(name, file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


SOURCE = """
import msgspec
from artdagd.hooks import Effect, hookimpl
class C(msgspec.Struct, frozen=True): pass
def build(config, video): return []
@hookimpl
def artdag_effects(): return [Effect(name=NAME, version="1", description="", config=C, build=build)]
"""


def test_a_change_to_one_effect_changes_its_identity_and_the_digest_alone(tmp_path: Path) -> None:
    def made(second: str) -> Catalogue:
        modules = {}
        for name, text in (("one", SOURCE), ("two", second)):
            file = tmp_path / f"{name}.py"
            file.write_text(f"NAME = {name!r}\n" + text)
            modules[name] = _plugin_from(file, f"identity_of_{name}")
        return Catalogue.of(Plugins.of(**modules))

    before = made(SOURCE)
    known = [before.identity("effect", "one"), before.identity("effect", "two"), before.digest]
    same = made(SOURCE)
    assert [same.identity("effect", "one"), same.identity("effect", "two"), same.digest] == known
    after = made(SOURCE + "# a comment is a change too\n")
    assert after.identity("effect", "one") == known[0]
    assert after.identity("effect", "two") != known[1]
    assert after.digest != known[2]


def test_a_missing_module_is_named() -> None:
    (segment,) = [kind for kind in STEP_TYPES if kind.name == "SEGMENT"]
    kind = msgspec.structs.replace(segment, module="artdagd.render.steps.nowhere")
    catalogue = Catalogue(Plugins.of(), (kind,))
    with pytest.raises(FileNotFoundError, match=r"SEGMENT: its module artdagd\.render\.steps\.nowhere is missing"):
        catalogue.identity("step", "SEGMENT")


def test_feature_belongs_to_the_first_analyzer_by_name(catalogue: Catalogue) -> None:
    assert catalogue.analyzer_for("beats").name == "music"
    assert catalogue.features == ("beats", "energy")
    with pytest.raises(KeyError):
        catalogue.analyzer_for("colour")


def test_the_catalogue_imports_no_media_code() -> None:
    code = (
        "import sys; from artdagd.hooks.manager import Plugins; from artdagd.steps.catalogue import Catalogue;"
        "from artdagd.recipes.parse import parse_recipe; Catalogue.of(Plugins.of()).digest;"
        "print([m for m in sys.modules if m.split('.')[0] in ('av','numpy','librosa') or m == 'artdagd.render'])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
