"""What it costs that a parameter moves: a pass over 720p with a curve, beside the same pass with a number.

For each number that may move, of each step type and of each bundled effect: the whole pass (decode, step, encode), in
this process, in processor time of all its threads. The curve is another value in every frame: nothing that was set up
for one serves the next.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import artdagd_effects
import msgspec

from artdagd.delivery import Delivery
from artdagd.hooks.manager import Plugins
from artdagd.render.engine import render_pass
from artdagd.steps.catalogue import Catalogue
from artdagd.steps.config import fields_of
from artdagd.steps.moving import numbers
from artdagd.work import RenderPass, RenderStep
from benchmarks.media import footage, look, song
from benchmarks.peers import lacking
from benchmarks.processes import Broken
from benchmarks.report import Line, at_most
from benchmarks.rounds import Bench, Runner, in_turn

SHARE = 0.09
"""How far a value moves, of what its field allows, where STEPS doesn't tell."""


class Tried(msgspec.Struct, frozen=True):
    """A step at rest, what stands at its inputs, and how far each of its numbers moves from there."""

    config: Mapping[str, Any]
    inputs: Sequence[str]
    far: Mapping[str, float]


STEPS: Mapping[str, Tried] = {
    "CROP": Tried({"w": 640, "h": 360, "x": 320.5, "y": 180.5}, ["clip"], {"x": 300.0, "y": 170.0}),
    "TRANSFORM": Tried(
        {"rotate": 12.0, "scale": 0.9, "x": 3.0, "y": 2.0},
        ["clip"],
        {"rotate": 90.0, "scale": 1.2, "x": 200.0, "y": 100.0},
    ),
    "LAYER": Tried(
        {"anchor": "top_left", "x": 20.0, "y": 20.0, "width": 50.0, "unit": "percent", "opacity": 0.8},
        ["clip", "other"],
        {"x": 45.0, "y": 45.0, "scale": 1.5, "opacity": 0.2},
    ),
    "BLEND": Tried({"mode": "screen", "opacity": 0.8}, ["clip", "other"], {"opacity": 0.2}),
    "MASK": Tried({"feather": 4.0}, ["clip", "other"], {"feather": 12.0}),
    "CHROMA_KEY": Tried(
        {"color": "#00ff00", "similarity": 0.2, "blend": 0.05, "despill": 0.8},
        ["clip"],
        {"similarity": 0.4, "blend": 0.3, "despill": 0.2},
    ),
    "LUT": Tried({"intensity": 0.8}, ["clip", "look"], {"intensity": 0.2}),
    "TEXT": Tried(
        {"text": "Somewhere in a wood", "size": "12%", "box": "#102030", "opacity": 0.9, "x": 10.0, "y": 10.0},
        ["clip"],
        {"x": 100.0, "y": 100.0, "opacity": 0.2},
    ),
    "AUDIO_MIX": Tried({"gain": -3.0, "pan": 0.1}, ["song", "song"], {"gain": -20.0, "pan": -0.8}),
}
"""Step types of which something moves; sources are named as :func:`_sources` makes them."""


def measure(bench: Bench) -> list[Line]:
    """Nothing else runs. About ten minutes; quick, a step type and an effect."""
    if missing := lacking("ffmpeg"):
        raise Broken(missing)
    length = bench.size(2, 1)
    catalogue = Catalogue.of(Plugins.of(effects=artdagd_effects))
    sources = _sources(bench.folder, length)
    sorts = (of_steps(catalogue), of_effects(catalogue))
    cases = itertools.chain(*(itertools.islice(sort, 1 if bench.quick else None) for sort in sorts))
    return [_line(bench, catalogue, sources, length, case) for case in cases]


class Case(msgspec.Struct, frozen=True):
    """A step of ``type`` whose ``field`` moves from what ``still`` says to ``far``; ``inputs`` are names of sources."""

    what: str
    type: str
    field: str
    still: dict[str, Any]
    far: float
    inputs: Sequence[str]

    @property
    def heard(self) -> bool:
        return "song" in self.inputs


def of_steps(catalogue: Catalogue) -> Iterator[Case]:
    """Raises KeyError if STEPS lacks a number that may move."""
    for name, kind in sorted(catalogue.step_types.items()):
        for field in kind.moving:
            tried = STEPS[name]
            still = catalogue.config(name, tried.config)[1]
            yield Case(name, name, field, still, tried.far[field], tried.inputs)


def of_effects(catalogue: Catalogue) -> Iterator[Case]:
    for name, effect in sorted(catalogue.effects.items()):
        for field in numbers(effect.config):
            if field not in effect.fixed:
                still = catalogue.config("EFFECT", {"effect": name, **effect.example})[1]
                far = _far(still[field], fields_of(effect.config)[field].type)
                yield Case(name, "EFFECT", field, still, far, ["clip"])


def _far(value: float, type_: Any) -> float:
    low, high = type_.__metadata__[0].ge, type_.__metadata__[0].le
    return float(value + (high - low) * (SHARE if value + (high - low) * SHARE <= high else -SHARE))


def _sources(folder: Path, length: int) -> dict[str, str]:
    clip = footage(folder / "clip.mp4", length)
    music = song(folder / "song.flac", 30 * length)
    return {"clip": str(clip), "other": str(clip), "song": str(music), "look": str(look(folder / "look.cube"))}


def _line(bench: Bench, catalogue: Catalogue, sources: dict[str, str], length: int, case: Case) -> Line:
    long = length * (30 if case.heard else 1)
    curve = {"keyframes": [[0.0, float(case.still[case.field]), "linear"], [float(long), case.far, "linear"]]}
    files = {name: sources[name] for name in case.inputs}
    delivery = Delivery(format="flac", video_codec=None, audio_codec="flac") if case.heard else Delivery()

    def render(config: dict[str, Any]) -> float:
        start = time.process_time()
        work = RenderPass((RenderStep("one", case.type, config, tuple(case.inputs)),), files, delivery)
        render_pass(work, bench.folder / "out", catalogue.effects, lambda fraction: None, lambda: False)
        return time.process_time() - start

    moved = {**case.still, case.field: curve}
    runners: dict[str, Runner] = {"us": lambda: render(moved), "peer": lambda: render(case.still)}
    found = in_turn(bench.size(3, 1), runners)
    return Line(
        what=f"{case.what}: {case.field} moves, {long} s of {'sound' if case.heard else '720p'}",
        unit="s of a core",
        us=found["us"],
        peer_name="the same at rest",
        peer=found["peer"],
        aims=(at_most(1.3),),
    )
