"""The page of what a run's analysis found: curves, moments and spans over the time of the medium."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from typing import Any, Literal

import msgspec

from artdagd.api.calls import Call
from artdagd.api.views.media import kind_of, player
from artdagd.api.views.plans import named
from artdagd.runs.views import Entry
from artdagd.steps.previews import THUMBNAILS
from artdagd.web.words import clock

COLUMNS = 1200
"""Points of a curve; of more values each shows the greatest of several."""

MARKS = 4000
"""Moments that are marked in one track, and spans."""

COLOURS = 300
"""Patches of a track of colours."""

CUTS = 200
"""Cuts that are listed with their times."""

TICKS = (0.1, 0.25, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600)
"""Seconds between two times of the ruler, of which there are at most ``TIMES``."""

TIMES = 12

UNITS = {"tempo": "beats a minute", "integrated": "LUFS", "range": "LU", "true_peak": "dBTP"}

FIRST = ("energy", "beats", "onsets", "sections", "low", "mid", "high", "scenes", "motion", "brightness", "colour")
"""Tracks in the order in which they are looked at; others follow."""

STRONG = {"beats": "downbeats"}
"""Moments that are the stronger ones of others, and are drawn in their track."""


class Track(msgspec.Struct, frozen=True):
    """One row of the drawing, ``COLUMNS`` wide and 100 high. ``points`` are a curve's, closed along the foot; ``path``
    has a stroke at each moment, and ``strong`` at the stronger ones; ``spans`` are (x, width, what) and ``colours`` (x,
    width, colour). ``said`` tells in words what is drawn."""

    name: str
    sort: Literal["curve", "marks", "spans", "colours"]
    said: str
    points: str = ""
    path: str = ""
    strong: str = ""
    spans: list[tuple[float, float, str]] = []
    colours: list[tuple[float, float, str]] = []


class Found(msgspec.Struct, frozen=True):
    """What was found in one medium, by ``steps``; each of ``records`` is a CID. ``overlay`` marks the beats in all of
    it, ``ticks`` are (percent, words) of its ruler, ``cuts`` (seconds, words), ``figures`` (name, value, unit)."""

    name: str
    cid: str
    steps: list[str]
    records: list[str]
    entry: Entry | None
    player: dict[str, Any]
    duration: float
    figures: list[tuple[str, str, str]]
    tracks: list[Track]
    overlay: str
    ticks: list[tuple[float, str]]
    cuts: list[tuple[float, str]]
    sound: bool
    film: bool


async def analysis(call: Call, it: dict[str, Any]) -> dict[str, Any]:
    """``found`` has one for each medium that was analyzed."""
    run_id = named(call)
    made = await call.services.runs.plan_of(run_id, call.who)
    run = await call.services.runs.get(run_id, call.who)
    source = {step.step_id: step.inputs[0] for step in made.steps if step.step_id in it and step.inputs}
    by_input: dict[str, list[str]] = {}
    for step_id in it:
        by_input.setdefault(source.get(step_id, step_id), []).append(step_id)
    cids = {name: made.inputs.get(name, "") for name in by_input}
    entries = await call.services.library.entries([cid for cid in cids.values() if cid], call.who)
    found = []
    for name, steps in by_input.items():
        entry = entries.get(cids[name])
        shown = await player(call, entry) if entry else {}
        found.append(await asyncio.to_thread(_found, name, cids[name], {one: it[one] for one in steps}, entry, shown))
    waits = any(one.player.get("waits") for one in found)
    return {
        "run": run,
        "found": found,
        "again": {"seconds": 3, "address": ""} if waits else None,
        "columns": COLUMNS,
        "thumbnails": THUMBNAILS,
    }


def _found(name: str, cid: str, it: dict[str, Any], entry: Entry | None, shown: dict[str, Any]) -> Found:
    features: dict[str, Any] = {}
    for one in it.values():
        features |= one["features"]
    duration = (entry.duration if entry else None) or _lasts(features)
    tracks = [] if duration <= 0 else list(_tracks(features, duration))
    beats: Any = features.get("beats") or features.get("onsets")
    cuts: Any = features.get("scenes")
    kind = kind_of(entry) if entry else ""
    return Found(
        name=name,
        cid=cid,
        steps=list(it),
        records=[one["cid"] for one in it.values()],
        entry=entry,
        player=shown if shown.get("tag") != "img" else {},
        duration=duration,
        figures=list(_figures(features)),
        tracks=tracks,
        overlay=_path(beats, duration) if _is_moments(beats) else "",
        ticks=_ticks(duration),
        cuts=[(at, clock(at)) for at in cuts[:CUTS]] if _is_moments(cuts) else [],
        sound=kind == "audio" or (kind == "video" and any(name in features for name in _OF_SOUND)),
        film=kind == "video" and any(name in features for name in _OF_PICTURE),
    )


_OF_SOUND = ("beats", "energy", "onsets", "bands", "centroid", "loudness", "key", "silence", "tempo")
_OF_PICTURE = ("scenes", "motion", "colour", "brightness")


def _tracks(features: dict[str, Any], duration: float, above: str = "") -> Iterator[Track]:
    """A track for all that can be drawn over time, also of what stands together under one name."""
    within = {strong for moments, strong in STRONG.items() if moments in features}
    ranks = {name: rank for rank, name in enumerate(FIRST)}
    for key, value in sorted(features.items(), key=lambda item: ranks.get(_leaf(item), len(FIRST))):
        name = f"{above}{key}".replace("_", " ")
        if isinstance(value, dict):
            if _is_curve(value):
                yield _curve(name, value, duration)
            elif _is_colours(value):
                yield _coloured(name, value, duration)
            elif not above:
                yield from _tracks(value, duration, f"{key}: ")
        elif _is_moments(value) and value and key not in within:
            strong = features.get(STRONG.get(key, "")) or []
            said = f"{len(value)}, from {value[0]:.2f} s to {value[-1]:.2f} s"
            said += f"; {len(strong)} {STRONG[key]} are stronger" if strong else ""
            yield Track(name, "marks", said, path=_path(value, duration), strong=_path(strong, duration))
        elif _is_spans(value):
            yield _spans(name, value, duration)


def _leaf(item: tuple[str, Any]) -> str:
    """What a feature is looked up by: several that stand together by the first of them that has a place."""
    name, value = item
    if name in FIRST or not isinstance(value, dict):
        return name
    return next((one for one in FIRST if one in value), name)


def _figures(features: dict[str, Any], above: str = "") -> Iterator[tuple[str, str, str]]:
    for key, value in features.items():
        name = f"{above}{key}".replace("_", " ")
        if isinstance(value, bool | int | float):
            yield name, f"{value:.4g}", UNITS.get(key, "")
        elif isinstance(value, str):
            yield name, value, ""
        elif isinstance(value, dict) and {"tonic", "mode"} <= value.keys():
            yield name, f"{value['tonic']} {value['mode']}", f"sure to {100 * value.get('confidence', 0):.0f} %"
        elif isinstance(value, dict) and not above and "hop" not in value:
            yield from _figures(value, f"{key}: ")
        elif _is_moments(value) or _is_spans(value):
            yield name, str(len(value)), ""


def _lasts(features: dict[str, Any]) -> float:
    """How long the medium is at least."""
    longest = 0.0
    for value in features.values():
        if isinstance(value, dict) and isinstance(value.get("values"), list) and _is_number(value.get("hop")):
            longest = max(longest, value["hop"] * len(value["values"]))
        elif isinstance(value, dict):
            longest = max(longest, _lasts(value))
        elif _is_moments(value) and value:
            longest = max(longest, value[-1])
        elif _is_spans(value):
            longest = max([longest, *(end for _, end, _ in map(_span, value))])
    return longest


def _curve(name: str, curve: dict[str, Any], duration: float) -> Track:
    values, hop = curve["values"], curve["hop"]
    per = -(-len(values) // COLUMNS) or 1
    columns = [max(values[at : at + per]) for at in range(0, len(values), per)]
    low, top = min([0.0, *columns]), max([1e-9, *columns]) if min([0.0, *columns]) == 0 else max(columns)
    high = (top - low) or 1.0
    places = [(min(COLUMNS, COLUMNS * at * per * hop / duration), 100 - 100 * (one - low) / high)
              for at, one in enumerate(columns)]  # fmt: skip
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    last = places[-1][0] if places else 0
    return Track(name, "curve", f"from {low:.3g} to {top:.3g}", points=f"0,100 {points} {last:.1f},100")


def _coloured(name: str, curve: dict[str, Any], duration: float) -> Track:
    values, hop = curve["values"], curve["hop"]
    per = -(-len(values) // COLOURS) or 1
    wide = COLUMNS * per * hop / duration
    colours = [
        (round(at * wide, 1), round(wide + 0.5, 1), "#" + "".join(f"{round(255 * min(1, max(0, c))):02x}" for c in rgb))
        for at, rgb in enumerate(values[per // 2 :: per])
    ]
    return Track(name, "colours", "the mean colour of the picture", colours=colours)


def _spans(name: str, value: list[Any], duration: float) -> Track:
    spans = []
    for start, end, what in map(_span, value[:MARKS]):
        spans.append((COLUMNS * start / duration, max(1.0, COLUMNS * (end - start) / duration), what))
    return Track(name, "spans", f"{len(value)} spans", spans=spans)


def _span(one: Any) -> tuple[float, float, str]:
    if isinstance(one, dict):
        return one["start"], one["end"], str(one.get("label") or one.get("name") or "")
    return one[0], one[1], ""


def _path(moments: Sequence[float], duration: float) -> str:
    if duration <= 0:
        return ""
    return "".join(f"M{COLUMNS * at / duration:.1f} 0V100" for at in moments[:MARKS])


def _ticks(duration: float) -> list[tuple[float, str]]:
    if duration <= 0:
        return []
    apart = next((tick for tick in TICKS if duration / tick <= TIMES), duration / TIMES)
    count = int(duration / apart) + 1
    return [(round(100 * at * apart / duration, 3), clock(at * apart)) for at in range(count)]


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_moments(value: Any) -> bool:
    return isinstance(value, list) and all(map(_is_number, value))


def _is_curve(value: dict[str, Any]) -> bool:
    return _is_moments(value.get("values")) and _is_number(value.get("hop"))


def _is_colours(value: dict[str, Any]) -> bool:
    values = value.get("values")
    return (
        _is_number(value.get("hop"))
        and isinstance(values, list)
        and all(_is_moments(one) and len(one) == 3 for one in values)
    )


def _is_spans(value: Any) -> bool:
    if not (isinstance(value, list) and value):
        return False
    return all(
        (isinstance(one, list) and len(one) == 2 and _is_moments(one))
        or (isinstance(one, dict) and _is_number(one.get("start")) and _is_number(one.get("end")))
        for one in value
    )
