"""Parameters that move: what a recipe may write where a number stands, and the canonical form that a plan has for it.

A curve that is known (``keyframes``, ``pulses``, ``values``), or one that is bound to an analysis: ``{beat: STEP,
rest: 1, peak: 1.2}`` for a feature that is a list of times, ``{energy: STEP, from: 0, to: 0.6}`` for one that is a
curve. The key that names the step is the feature's name, or its singular; ``bands.low`` is the part ``low`` of the
feature ``bands``. Planning makes a known curve of a bound one.
"""

from __future__ import annotations

import functools
import itertools
import types
from collections.abc import Collection, Iterator, Mapping
from typing import Annotated, Any, Union, get_args, get_origin

import msgspec

from artdagd.steps import config
from artdagd.steps.config import Complaint, fields_of
from artdagd.steps.curves import curve, whole
from artdagd.steps.moving_forms import KNOWN, Following, Form, Keyframes, OnEvents, Pulses, Values
from artdagd.steps.suggest import listed, quote, unknown

TOGETHER = 6
"""Moving parameters of one step of which every combination of extremes is tried."""

_EVENT_WORDS = fields_of(OnEvents).keys() - fields_of(Following).keys()
_WORDS = fields_of(OnEvents).keys() | fields_of(Following).keys()


class Bound(msgspec.Struct, frozen=True):
    """A parameter that is bound to an analysis: ``key`` names it; ``source`` is the key of its mapping that names the
    step ``step_id``, and stands for the ``feature`` and, within it, ``part``. ``form`` is OnEvents or Following."""

    key: str
    source: str
    step_id: str
    feature: str
    part: str
    form: type[Form]


def number(type_: Any) -> type[int] | type[float] | None:
    """``int`` or ``float`` if that is what a field takes, however it is wrapped and whether or not it may be null, or
    a list of such."""
    if get_origin(type_) is Annotated:
        return number(get_args(type_)[0])
    if get_origin(type_) in (Union, types.UnionType):
        inner = [one for one in get_args(type_) if one is not type(None) and get_origin(one) is not tuple]
        return number(inner[0]) if len(inner) == 1 else None
    return type_ if type_ in (int, float) else None


@functools.cache
def numbers(kind: type[msgspec.Struct]) -> tuple[str, ...]:
    """The fields of a config that take a number."""
    return tuple(name for name, field in fields_of(kind).items() if number(field.type))


def complaints(
    kind: type[msgspec.Struct], raw: Mapping[str, Any], movable: Collection[str], features: Collection[str]
) -> list[Complaint]:
    """All that is wrong with ``raw`` as a ``kind`` whose fields ``movable`` may move; ``features`` are those that the
    installed analyzers give."""
    curves = _curves(kind, raw)
    found = config.complaints(kind, raw, apart=curves)
    for key, value in curves.items():
        if key in movable:
            found += _wrong(key, value, fields_of(kind)[key].type, features)
        else:
            hint = f"; what may move: {', '.join(sorted(movable))}" if movable else ""
            found.append(Complaint((key,), f"{key} can't move with time: give a number{hint}", "type"))
    if curves and not found:
        return _together(kind, raw, curves)
    return found


def canonical(kind: type[msgspec.Struct], raw: Mapping[str, Any]) -> tuple[msgspec.Struct, dict[str, Any]]:
    """As :func:`artdagd.steps.config.canonical`; curves, which are known ones and have been checked, in their canonical
    form. A curve that stays at one value becomes that number. The struct is as the curves begin."""
    forms = {key: _canonical(value) for key, value in _curves(kind, raw).items()}
    begun = {key: _number(kind, key, curve(form)(0.0)) for key, form in forms.items()}
    struct, filled = config.canonical(kind, {**raw, **begun})
    return struct, {**filled, **{key: form for key, form in forms.items() if isinstance(form, dict)}}


def bound(kind: type[msgspec.Struct] | None, raw: Mapping[str, Any], features: Collection[str]) -> list[Bound]:
    """The parameters of ``raw`` that are bound to an analysis, so far as they are understood. Without a ``kind``, every
    mapping of ``raw`` may be one."""
    curves = {k: v for k, v in raw.items() if isinstance(v, Mapping)} if kind is None else _curves(kind, raw)
    found = []
    for key, value in curves.items():
        sources = [] if KNOWN.keys() & value.keys() else [name for name in value if feature_named(name, features)]
        if len(sources) == 1 and isinstance(value[sources[0]], str):
            feature = feature_named(sources[0], features) or ""
            part = sources[0].partition(".")[2]
            found.append(Bound(key, sources[0], value[sources[0]], feature, part, _form(value)))
    return found


def feature_named(word: object, features: Collection[str]) -> str | None:
    """The feature that ``word`` (``beat``, ``energy``, ``bands.low``) stands for."""
    base = str(word).partition(".")[0]
    if word in _WORDS:
        return None
    return base if base in features else f"{base}s" if f"{base}s" in features else None


def still(kind: type[msgspec.Struct], raw: Mapping[str, Any]) -> dict[str, Any]:
    """``raw``, which has been checked, with a number that its curve has in place of each curve."""
    return {**raw, **{key: _number(kind, key, min(_heights(value))) for key, value in _curves(kind, raw).items()}}


def _curves(kind: type[msgspec.Struct], raw: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    fields = fields_of(kind)
    return {
        key: value
        for key, value in raw.items()
        if isinstance(value, Mapping) and key in fields and number(fields[key].type)
    }


def _form(value: Mapping[str, Any]) -> type[Form]:
    for key, form in KNOWN.items():
        if key in value:
            return form
    return OnEvents if _EVENT_WORDS & value.keys() else Following


def _wrong(key: str, value: Mapping[str, Any], type_: Any, features: Collection[str]) -> list[Complaint]:
    """What is wrong with a curve that is written where a field of ``type_`` stands."""
    form = _form(value)
    known = form in KNOWN.values()
    found = [] if known else _source_complaints(value, features)
    if not found:
        words = {word: item for word, item in value.items() if known or not feature_named(word, features)}
        found = config.complaints(form, words)
    found = [Complaint((key, *one.path), f"{key}: {one.msg}", one.about) for one in found]
    return found or [*_out_of_range(key, value, type_), *_out_of_order(key, value)]


def _source_complaints(value: Mapping[str, Any], features: Collection[str]) -> list[Complaint]:
    sources = [word for word in value if feature_named(word, features)]
    others = [word for word in value if word not in _WORDS and word not in sources]
    if len(sources) > 1:
        msg = f"it follows {sources[0]!r} already, and can follow one feature"
        return [Complaint((sources[1],), msg, "key")]
    if not sources and others:
        known = {*KNOWN, *_WORDS, *features, *(name.removesuffix("s") for name in features)}
        return [Complaint((others[0],), unknown("word", others[0], known), "key")]
    if not sources:
        msg = f"it says neither keyframes nor what it follows, such as energy: STEP; features: {listed(features)}"
        return [Complaint((), msg, "key")]
    step = value[sources[0]]
    if not isinstance(step, str):
        return [Complaint((sources[0],), f"expected the id of an ANALYZE step, got {quote(step)}", "type")]
    return []


def _levels(value: Mapping[str, Any]) -> Iterator[tuple[config.Path, float]]:
    """The values that a curve is made of, and where they stand in it; between any two, it has all that lie between."""
    form = _form(value)
    if form is Keyframes:
        yield from ((("keyframes", index, 1), keyframe[1]) for index, keyframe in enumerate(value["keyframes"]))
    elif form is Values:
        yield from ((("values", index), level) for index, level in enumerate(value["values"]))
    else:
        yield from (((word,), value[word]) for word in (("from", "to") if form is Following else ("rest", "peak")))


def _heights(value: Mapping[str, Any]) -> list[float]:
    return [level for _, level in _levels(value)]


def _out_of_range(key: str, value: Mapping[str, Any], type_: Any) -> Iterator[Complaint]:
    round_ = whole if number(type_) is int else float
    try:
        msgspec.convert([round_(level) for level in _heights(value)], list[type_])
    except msgspec.ValidationError:
        for path, level in _levels(value):
            for one in config.field_complaints(key, round_(level), type_):
                yield Complaint((key, *path), one.msg, one.about)


def _out_of_order(key: str, value: Mapping[str, Any]) -> Iterator[Complaint]:
    if _form(value) is Keyframes:
        places: list[tuple[config.Path, float]] = [
            (("keyframes", index, 0), keyframe[0]) for index, keyframe in enumerate(value["keyframes"])
        ]
    elif _form(value) is Pulses:
        places = [(("pulses", index), time) for index, time in enumerate(value["pulses"])]
    else:
        return
    for (_, before), (path, time) in itertools.pairwise(places):
        if time <= before:
            msg = f"{key}: {time:g} s comes after {before:g} s; give the times in order, each once"
            yield Complaint((key, *path), msg, "order")
            return


def _together(
    kind: type[msgspec.Struct], raw: Mapping[str, Any], curves: Mapping[str, Mapping[str, Any]]
) -> list[Complaint]:
    """Whether the lowest and the highest of every curve go with each other, where a config compares its fields."""
    extremes = []
    for key, value in curves.items():
        heights = _heights(value)
        extremes.append([_number(kind, key, level) for level in (min(heights), max(heights))])
    choices = itertools.product(*extremes) if len(curves) <= TOGETHER else zip(*extremes, strict=True)
    for choice in choices if hasattr(kind, "__post_init__") else itertools.islice(choices, 1):
        found = config.complaints(kind, {**raw, **dict(zip(curves, choice, strict=True))})
        if found:
            return found
    return []


def _canonical(value: Mapping[str, Any]) -> dict[str, Any] | float:
    _, form = config.canonical(_form(value), value)
    heights = _heights(form)
    if form.get("pulses") == [] or (min(heights) == max(heights)):
        return heights[0]
    if "keyframes" in form:
        form["keyframes"][0][2] = "linear"  # nothing is before the first
    return form


def _number(kind: type[msgspec.Struct], key: str, value: float) -> int | float:
    return whole(value) if number(fields_of(kind)[key].type) is int else float(value)
