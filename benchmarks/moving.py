"""What it costs that a parameter of an effect moves: a pass over 720p with a curve, beside the same pass with a number.

For each number of each bundled effect that may move, the whole pass (decode, effect, encode), in this process, in
processor time of all its threads. The curve is another value in every frame: nothing that was set up for one serves the
next.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import artdagd_effects

from artdagd.hooks.manager import Plugins
from artdagd.render.engine import render_pass
from artdagd.steps.catalogue import Catalogue
from artdagd.steps.config import fields_of
from artdagd.steps.moving import numbers
from artdagd.work import Delivery, RenderPass, RenderStep
from benchmarks.media import footage
from benchmarks.peers import lacking
from benchmarks.processes import Broken
from benchmarks.report import Line, at_most
from benchmarks.rounds import Bench, Runner, in_turn

SHARE = 0.1
"""How far a value moves, of what its field allows."""


def measure(bench: Bench) -> list[Line]:
    """Nothing else runs. About ten minutes."""
    if missing := lacking("ffmpeg"):
        raise Broken(missing)
    length = bench.size(2, 1)
    clip = footage(bench.folder / "clip.mp4", length)
    catalogue = Catalogue.of(Plugins.of(effects=artdagd_effects))
    lines = []
    for name, effect in sorted(catalogue.effects.items()):
        for field in numbers(effect.config):
            if field in effect.fixed or (bench.quick and lines):
                continue
            still = catalogue.config("EFFECT", {"effect": name, **effect.example})[1]
            curve = _curve(still[field], fields_of(effect.config)[field].type, length)
            runners: dict[str, Runner] = {
                what: lambda config=config: _render(clip, config, catalogue, bench.folder / "out.mp4")
                for what, config in (("us", {**still, field: curve}), ("peer", still))
            }
            found = in_turn(bench.size(3, 1), runners)
            lines.append(
                Line(
                    what=f"{name}: {field} moves, {length} s of 720p",
                    unit="s of a core",
                    us=found["us"],
                    peer_name="the same effect at rest",
                    peer=found["peer"],
                    aims=(at_most(1.3),),
                )
            )
    return lines


def _curve(value: float, type_: Any, length: float) -> dict[str, Any]:
    low, high = type_.__metadata__[0].ge, type_.__metadata__[0].le
    far = value + (high - low) * (SHARE if value + (high - low) * SHARE <= high else -SHARE)
    return {"keyframes": [[0.0, float(value), "linear"], [float(length), float(far), "linear"]]}


def _render(clip: Path, config: dict[str, Any], catalogue: Catalogue, output: Path) -> float:
    start = time.process_time()
    work = RenderPass((RenderStep("one", "EFFECT", config, ("clip",)),), {"clip": str(clip)}, Delivery())
    render_pass(work, output, catalogue.effects, lambda fraction: None, lambda: False)
    return time.process_time() - start
