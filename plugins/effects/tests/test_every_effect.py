"""What holds for every effect that the plugin offers; one that is added is tested too."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import artdagd_effects
import av
import msgspec
import numpy
import pytest
from artdagd_effects import MODULES, artdag_effects

from artdagd.errors import StepFailed
from artdagd.hooks import Effect, VideoFormat
from artdagd.hooks.manager import Plugins
from artdagd.render import threads
from artdagd.render.graphs import stateless
from artdagd.steps.catalogue import Catalogue
from artdagd.steps.moving import number, numbers

EFFECTS = sorted(artdag_effects(), key=lambda effect: effect.name)
CONFIGS = [
    pytest.param(effect, dict(config), id=f"{effect.name}-{kind}")
    for effect in EFFECTS
    for kind, config in (("default", {}), ("example", effect.example))
    if config or kind == "default"
]
UNCHANGED = {"identity"}
OFFERED = Catalogue.of(Plugins.of(artdagd_effects))

every_effect = pytest.mark.parametrize("effect", [pytest.param(effect, id=effect.name) for effect in EFFECTS])
every_config = pytest.mark.parametrize(("effect", "config"), CONFIGS)


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def times(path: Path) -> list[float]:
    with av.open(str(path)) as file:
        return [float(frame.time or 0.0) for frame in file.decode(video=0)]


def pixels(path: Path) -> numpy.ndarray:
    with av.open(str(path)) as file:
        return numpy.stack([frame.to_ndarray() for frame in file.decode(video=0)])


@every_config
def test_it_renders_and_keeps_the_frames_at_their_times(
    effect: Effect, config: dict[str, Any], bunny: Path, render: Callable[..., Path]
) -> None:
    film = render(bunny, (effect.name, config))
    assert times(film) == pytest.approx(times(bunny), abs=0.001)
    before, after = pixels(bunny), pixels(film)
    assert after.shape == before.shape
    if effect.name in UNCHANGED:
        assert (after == before).all()
    else:
        # A user sees that something was done: one level of 219 on average, over the whole film, is visible.
        assert numpy.abs(after.astype(int) - before).mean() > 1


@pytest.mark.parametrize("config", [pytest.param("default", marks=pytest.mark.slow), "example"])
@every_effect
def test_the_bytes_do_not_depend_on_threads(
    effect: Effect, config: str, bunny: Path, render: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    step = (effect.name, dict(effect.example) if config == "example" else {})
    film = render(bunny, step, lossless=False)
    assert times(film) == pytest.approx(times(bunny), abs=0.001)
    made = {digest(film)}
    for count in (1, 7):
        monkeypatch.setattr(threads, "FILTERS", count)
        monkeypatch.setattr(threads, "DECODERS", count)
        made.add(digest(render(bunny, step, lossless=False)))
    assert len(made) == 1


@every_effect
def test_a_late_part_is_the_same_as_in_the_whole(effect: Effect, bunny: Path, render: Callable[..., Path]) -> None:
    step = (effect.name, dict(effect.example))
    whole = pixels(render(bunny, step))
    late = pixels(render(bunny, step, start=9 / 25))
    assert (late == whole[9:]).all()


def test_only_the_effects_that_the_readme_names_are_read_from_the_start() -> None:
    readme = (Path(artdagd_effects.__file__).parents[1] / "README.md").read_text()
    (line,) = [line for line in readme.splitlines() if "depend on where a frame stands in the clip" in line]
    video = VideoFormat(64, 48, Fraction(25))
    built = {effect.name: effect.build and effect.build(effect.config(), video) for effect in EFFECTS}
    from_the_start = {name for name, filters in built.items() if filters and not stateless(filters)}
    from_the_start |= {effect.name for effect in EFFECTS if effect.build is None and effect.remembers}
    assert from_the_start == set(re.findall(r"`(\w+)`", line))


MOVING = [
    pytest.param(effect, name, id=f"{effect.name}-{name}")
    for effect in EFFECTS
    for name in numbers(effect.config)
    if name not in effect.fixed
]


@pytest.mark.parametrize(("effect", "name"), MOVING)
def test_every_number_that_may_move_does_and_is_the_same_wherever_reading_begins(
    effect: Effect, name: str, bunny: Path, render: Callable[..., Path]
) -> None:
    still: Any = {**msgspec.to_builtins(effect.config()), **effect.example}
    (type_,) = [field.type for field in msgspec.structs.fields(effect.config) if field.name == name]
    low, high = _values(type_)
    far = 0.09 * (high - low)
    far = max(1, round(far)) if number(type_) is int else far
    ends = (still[name], still[name] + far if still[name] + far <= high else still[name] - far)
    moving = {"keyframes": [[0.0, float(ends[0]), "hold"], [0.2, float(ends[1]), "hold"]]}
    made = pixels(render(bunny, (effect.name, {**still, name: moving})))
    there = pixels(render(bunny, (effect.name, {**still, name: ends[1]})))
    assert (made[:5] != there[:5]).any()
    if not effect.remembers:
        assert (made[5:] == there[5:]).all()
    late = pixels(render(bunny, (effect.name, {**still, name: moving}), start=7 / 25))
    assert (late == made[7:]).all()


def extremes(effect: Effect) -> Iterator[dict[str, Any]]:
    """Each bound and each choice of each field; all the lowest together, and all the highest."""
    values = {field.name: _values(field.type) for field in msgspec.structs.fields(effect.config)}
    for name, choices in values.items():
        yield from ({name: choice} for choice in choices)
    yield {name: choices[0] for name, choices in values.items() if choices}
    yield {name: choices[-1] for name, choices in values.items() if choices}


def _values(type_: Any) -> list[Any]:
    base = get_args(type_)[0] if hasattr(type_, "__metadata__") else type_
    if get_origin(base) is Literal:
        return list(get_args(base))
    if base is bool:
        return [False, True]
    if base in (int, float):
        bounds = [bound for meta in type_.__metadata__ for bound in (meta.ge, meta.le) if bound is not None]
        assert len(bounds) == 2, f"a number needs a lower and an upper bound: {type_}"
        return bounds
    return []


@pytest.mark.parametrize(
    ("width", "height", "format"),
    [
        pytest.param(2, 2, "yuv420p", marks=pytest.mark.slow),
        (33, 17, "yuv444p"),
        pytest.param(18, 34, "yuv422p10le", marks=pytest.mark.slow),
    ],
    ids=str,
)
@every_effect
def test_no_extreme_of_a_field_or_a_picture_breaks_it(
    effect: Effect, width: int, height: int, format: str, noise: Callable[..., Path], render: Callable[..., Path]
) -> None:
    source = noise(width, height, format)
    for config in extremes(effect):
        try:
            msgspec.convert(config, effect.config)
        except msgspec.ValidationError:
            continue  # two fields that exclude each other
        assert len(times(render(source, (effect.name, config)))) == 4, config


@every_effect
def test_an_unknown_field_is_refused_by_name(effect: Effect, bunny: Path, render: Callable[..., Path]) -> None:
    with pytest.raises(StepFailed, match="strenght") as failure:
        render(bunny, (effect.name, {"strenght": 1}))
    assert failure.value.code == "refused"


@every_effect
def test_every_field_is_described_and_bounded(effect: Effect) -> None:
    (item,) = [item for item in OFFERED.describe() if item["name"] == effect.name]
    whole = item["config_schema"]
    schema = whole["$defs"][whole["$ref"].rpartition("/")[2]]
    assert schema["additionalProperties"] is False
    for name, field in schema["properties"].items():
        assert field.get("description"), name
        for kind in (field, *field.get("anyOf", ())):
            if kind.get("type") in ("integer", "number"):
                assert {"minimum", "maximum"} <= kind.keys(), name
    assert OFFERED.complaints("EFFECT", {"effect": effect.name, **effect.example}) == []


def test_every_module_is_offered_by_the_installed_plugin() -> None:
    folder = Path(MODULES[0].__file__ or "").parent
    modules = {path.stem for path in folder.glob("*.py")} - {"__init__"}
    assert modules == {module.EFFECT.name for module in MODULES} == {effect.name for effect in EFFECTS}
    (info,) = [info for info in Plugins.load().report() if info.distribution == "artdagd-effects"]
    assert info.error is None
    assert set(info.provides["effects"]) == modules
