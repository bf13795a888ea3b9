"""Parameters that follow an analysis become curves that are known, so that a step's cache id depends on their values
and on nothing else of the song.

Pulses are taken as the analysis has them. A curve is smoothed, brought to the values asked for, and sampled: no finer
than the pictures of the step's result, since nothing is read of it between them. What no picture sees is left out.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from itertools import accumulate
from typing import Any

import msgspec

from artdagd.errors import InvalidRecipe, StepFailed
from artdagd.plans.draft import Draft
from artdagd.plans.faults import wrong_step
from artdagd.plans.model import ConcreteStep
from artdagd.plans.shapes import Shape
from artdagd.steps.catalogue import Catalogue
from artdagd.steps.config import canonical
from artdagd.steps.curves import curve
from artdagd.steps.moving import Bound
from artdagd.steps.moving_forms import MOST, OnEvents
from artdagd.steps.suggest import unknown

DECIMALS = 4
"""Of a pulse's time in seconds, and of a value's share of what it may move by."""

Features = Callable[[str], Mapping[str, Any] | None]
"""What the ANALYZE step of that id found: feature -> value; None if there is no such step."""


def resolve(step: ConcreteStep, draft: Draft, catalogue: Catalogue, features: Features) -> ConcreteStep:
    """``step`` with a known curve for every parameter that follows an analysis.

    Raises InvalidRecipe (a fault of the config; no such analysis, or it is of another kind than the parameter asks
    for) and StepFailed (``analyzer_error``) if an analyzer returned what is neither.
    """
    following = catalogue.bound(step.type, step.config) if step.type in catalogue.step_types else []
    if not following:
        return step
    draft.checked(step)
    still = catalogue.still(step.type, step.config)
    shape = draft.result(draft.canonical(msgspec.structs.replace(step, config=still)))
    known = {one.key: _known(step, one, shape, features) for one in following}
    return msgspec.structs.replace(step, config={**step.config, **known})


def _known(step: ConcreteStep, one: Bound, shape: Shape, features: Features) -> dict[str, Any]:
    place = _place(one)
    found = features(one.step_id)
    if found is None:
        raise wrong_step(step.step_id, place, f"{one.step_id!r} is not an ANALYZE step", "Name one of the recipe.")
    if one.feature not in found:
        problem = f"{one.step_id!r} does not look for {one.feature}"
        raise wrong_step(step.step_id, place, problem, f"Add {one.feature} to the features of {one.step_id!r}.")
    value, name = found[one.feature], one.feature
    for part in filter(None, one.part.split(".")):
        if not isinstance(value, Mapping) or part not in value:
            parts = value if isinstance(value, Mapping) else ()
            raise wrong_step(
                step.step_id, place, f"{one.key}: of {name}: {unknown('part', part, parts)}", "Name a part it has."
            )
        value, name = value[part], f"{name}.{part}"
    written = {word: item for word, item in step.config[one.key].items() if word != one.source}
    _, words = canonical(one.form, written)
    events = isinstance(value, list | tuple)
    if events is not (one.form is OnEvents) or not (events or _is_curve(value)):
        raise _other_kind(step, one, name, value)
    try:
        return _pulses(value, words, shape.length) if events else _values(value, words, shape)
    except (TypeError, ValueError) as error:
        raise StepFailed(
            f"The analysis {one.step_id!r} is unusable: in {name}, {error}.",
            code="analyzer_error",
            advice="Report this to the author of the analyzer.",
        ) from None


def _other_kind(step: ConcreteStep, one: Bound, name: str, value: Any) -> InvalidRecipe:
    parts = []
    if isinstance(value, list | tuple):
        what, advice = "a list of times", "Give rest and peak, not from and to."
    elif _is_curve(value):
        what, advice = "a curve", "Give from and to, not rest and peak."
    else:
        what, advice = "neither a list of times nor a curve", "Follow beats or energy, for instance."
        if isinstance(value, Mapping):
            parts = [part for part, item in value.items() if _is_curve(item) or isinstance(item, list | tuple)]
    if parts:
        advice = f"Name a part of it: {', '.join(f'{name}.{part}' for part in parts)}."
    return wrong_step(step.step_id, _place(one), f"{one.key} follows {name}, {what}", advice)


def _place(one: Bound) -> str:
    return f"config.{one.key}.{one.source}"


def _is_curve(value: Any) -> bool:
    return isinstance(value, Mapping) and {"hop", "values"} <= value.keys()


def _pulses(times: Sequence[Any], words: Mapping[str, Any], length: float) -> dict[str, Any]:
    seconds = sorted({_finite(time) for time in times})[:: words["every"]]
    placed = sorted({round(time + words["offset"], DECIMALS) for time in seconds})
    seen = [time for time in placed if time - words["attack"] < length and time + words["decay"] >= 0]
    if len(seen) > MOST:
        raise ValueError(f"there are {len(seen)} times, and the most is {MOST}")
    return {"pulses": seen, **{word: words[word] for word in ("rest", "peak", "attack", "decay")}}


def _values(found: Mapping[str, Any], words: Mapping[str, Any], shape: Shape) -> dict[str, Any]:
    hop, values = _finite(found["hop"]), [_finite(value) for value in found["values"]]
    if hop <= 0:
        raise ValueError(f"the hop is {hop!r}")
    low, high = words["from"], words["to"]
    if not values:
        return {"values": [low], "hop": 1.0}
    scaled = _scaled(smoothed(values, round(words["smooth"] / (4 * hop))), words.get("range"))
    at = curve({"values": scaled, "hop": hop, "start": words["offset"]})
    raster = max(hop, shape.fps[1] / shape.fps[0]) if shape.has_picture else hop
    count = math.ceil(shape.length / raster) + 1
    raster *= math.ceil(count / MOST)
    count = min(count, math.ceil(shape.length / raster) + 1)
    decimals = _decimals(abs(high - low))
    return {
        "values": [round(low + (high - low) * at(number * raster), decimals) for number in range(count)],
        "hop": raster,
        "start": 0.0,
    }


def smoothed(values: Sequence[float], reach: int) -> list[float]:
    """The mean of the values up to ``reach`` before and after each, twice: a triangular window, so that a hit is
    neither earlier nor later than it was. At the ends, of what there is."""
    for _ in range(2 if reach else 0):
        sums = [0.0, *accumulate(values)]
        count = len(values)
        bounds = ((max(0, place - reach), min(count, place + reach + 1)) for place in range(count))
        values = [(sums[last] - sums[first]) / (last - first) for first, last in bounds]
    return list(values)


def _scaled(values: Sequence[float], bounds: Sequence[float] | None) -> list[float]:
    """As shares, 0..1, of what lies between the bounds: without any, the least and the greatest of the values."""
    low, high = bounds or (min(values), max(values))
    if low == high:
        return [0.0 if value <= low else 1.0 for value in values]
    return [min(1.0, max(0.0, (value - low) / (high - low))) for value in values]


def _decimals(span: float) -> int:
    """How many decimals tell ten thousand values within ``span`` apart."""
    decimals, step = 0, 1.0
    while decimals < 12 and step * 10**DECIMALS > span:
        decimals, step = decimals + 1, step / 10
    return decimals


def _finite(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"{value!r} is not a number")
    return float(value)
