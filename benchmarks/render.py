"""Four chained effects on 12 s of 720p: a recipe through the daemon beside ffmpeg by hand and MoviePy; then again.

Cold: no result of the recipe exists (each round turns the hue by another angle), the clip is uploaded, the workers are
up. Timed from the request until the run's last event. The ffmpeg commands read and write files of their own. Nodes with
one, two and four workers take turns: the parts of the pass are made by all workers of a node at once.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from typing import Any

from artdagd.render.graphs import SCALE_FLAGS
from benchmarks.films import ONE_COMMAND, PART, PLAIN, SAME, beside, ffmpeg, moviepy
from benchmarks.media import footage
from benchmarks.node import Node, node
from benchmarks.peers import lacking
from benchmarks.processes import Broken
from benchmarks.report import Line, at_most
from benchmarks.rounds import Bench, Runner, in_turn, seconds

RECIPE = """\
name: four-effects
version: "1.0"
inputs:
  video: {type: video}
params:
  degrees: {type: number, default: 40}
steps:
  - {id: tint, type: EFFECT, inputs: [video], config: {effect: hue, degrees: $params.degrees}}
  - {id: soft, type: EFFECT, inputs: [tint], config: {effect: blur, sigma: 2}}
  - {id: dark, type: EFFECT, inputs: [soft], config: {effect: vignette}}
  - {id: small, type: RESIZE, inputs: [dark], config: {width: 960}}
output: small
"""

SEGMENTS = 0.8
"""The most that two workers may take as a share of one command."""

BESIDE = {
    **{name: (title, SEGMENTS) for name, (title, _) in ONE_COMMAND.items()},
    "four": ("four ffmpeg commands, one an effect", 0.25),
    "moviepy": ("MoviePy", 0.33),
}


WORKERS = (1, 2, 4)


def measure(bench: Bench) -> list[Line]:
    """Two workers, and one and four; nothing else runs. One round of each takes a minute and a half."""
    if missing := lacking("ffmpeg"):
        raise Broken(missing)
    without = lacking("moviepy")
    length = bench.size(12, 1)
    clip, rounds = footage(bench.folder / "clip.mp4", length), bench.size(3, 2)
    with ExitStack() as stack:
        nodes = {n: stack.enter_context(node(bench.folder / f"home-{n}", workers=n)) for n in WORKERS}
        (video,) = {one.upload(clip) for one in nodes.values()}
        # The first render of a worker loads the media engine: that is the start of a node, not of a run.
        for angle in (-1, -2):
            for one in nodes.values():
                _run(one, video, angle)
        ours, angles = nodes[2], count(1)
        cold: list[float] = []
        runners: dict[str, Runner] = {
            f"us-{n}": lambda one=one: _cold(one, video, next(angles), cold) for n, one in nodes.items()
        }
        runners |= _peers(clip, length, bench.folder)
        if not without:
            runners["moviepy"] = lambda: moviepy("moviepy_chain", bench.folder, clip, bench.folder / "moviepy.mp4", 40)
        found = in_turn(rounds, runners)
        _run(ours, video, cold[-1])
        again = tuple(_again(ours, video, cold[-1]) * 1000 for _ in range(bench.size(20, 3)))
    found["us"] = found["us-2"]
    lines = beside(f"four effects on {length} s of 720p, cold, two workers", found, BESIDE, without)
    for number in (1, 4):
        what = f"the same with {number} worker{'s' if number > 1 else ''}"
        lines.append(Line(what=what, unit="s", us=found[f"us-{number}"], peer_name=BESIDE["one"][0], peer=found["one"]))
    lines.append(
        Line(
            what="two workers beside two ffmpeg processes, a half and one thread each, not joined",
            unit="s",
            us=found["us"],
            peer_name="the halves",
            peer=found["halves"],
        )
    )
    lines.append(
        Line(
            what="those beside one command", unit="s", us=found["halves"], peer_name=BESIDE["one"][0], peer=found["one"]
        )
    )
    warm = Line(
        what="the same recipe again: 0 passes run",
        unit="ms",
        us=again,
        peer_name=BESIDE["one"][0],
        peer=tuple(took * 1000 for took in found["one"]),
        aims=(at_most(50, "us"),),
    )
    return [*lines, warm]


def _cold(ours: Node, video: str, angle: float, done: list[float]) -> float:
    done.append(angle)
    return seconds(lambda: _expect(_run(ours, video, angle), passes=1))


def _again(ours: Node, video: str, angle: float) -> float:
    return seconds(lambda: _expect(_run(ours, video, angle), passes=0))


def _run(ours: Node, video: str, angle: float) -> dict[str, Any]:
    body = {"recipe_yaml": RECIPE, "inputs": {"video": video}, "params": {"degrees": angle}}
    return ours.run("/api/run-recipe", body)


def _expect(run: dict[str, Any], *, passes: int) -> None:
    if run["passes_run"] != passes:
        raise Broken(f"{run['passes_run']} passes ran, not {passes}")


def _peers(clip: Path, length: float, folder: Path) -> dict[str, Runner]:
    by_hand = ("hue=h=40", "gblur=sigma=2", "vignette", "scale=960:-2")
    filters = (*by_hand[:2], "vignette=dither=0", f"scale=960:-2:flags={SCALE_FLAGS}")  # as ours are

    def one(chain: tuple[str, ...], encoder: tuple[str, ...]) -> Callable[[], object]:
        return lambda: _ffmpeg(clip, ",".join(chain), encoder, folder / "one.mp4")

    def four() -> None:
        source = clip
        for number, single in enumerate(filters):
            source = _ffmpeg(source, single, SAME, folder / f"four-{number}.mp4")

    def half(number: int) -> None:
        """What a worker's share of the segments comes to."""
        start = ("-ss", length / 2) if number else ()
        single = ("-threads", 1, "-filter_threads", 1, *start, "-i", clip, "-t", length / 2)
        ffmpeg(*single, "-vf", ",".join(filters), *PART, folder / f"half-{number}.mp4")

    def halves() -> None:
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(half, range(2)))

    works = {"one": one(filters, SAME), "plain": one(by_hand, PLAIN), "four": four, "halves": halves}
    return {name: lambda work=work: seconds(work) for name, work in works.items()}


def _ffmpeg(source: Path, filters: str, encoder: tuple[str, ...], target: Path) -> Path:
    ffmpeg("-i", source, "-vf", filters, *encoder, "-movflags", "+faststart", target)
    return target
