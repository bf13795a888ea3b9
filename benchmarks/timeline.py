"""A timeline as people make them: six clips with cuts and crossfades, a look, a small picture over it, and music.

The clips are 3 s of 720p each, cut from noisy footage. Cold: no result of the recipe exists (each round turns the hue
by another angle), everything is uploaded, the workers are up. The ffmpeg commands read and write files of their own.
"""

from __future__ import annotations

from contextlib import ExitStack
from itertools import count
from pathlib import Path
from typing import Any

import msgspec

from artdagd.render.graphs import SCALE_FLAGS
from artdagd.steps.primitives import STEP_TYPES
from benchmarks.films import FPS, ONE_COMMAND, PLAIN, SAME, beside, ffmpeg, moviepy
from benchmarks.media import footage, short_clip, song
from benchmarks.node import Node, node
from benchmarks.peers import lacking
from benchmarks.processes import Broken
from benchmarks.report import Line
from benchmarks.rounds import Bench, Runner, in_turn, seconds

CLIPS = 6
CROSSFADES = (1, 3)
"""The joints that are crossfades, counted from 0; the others are cuts."""

FADE = 0.4
INSET = 320
BESIDE = {
    **ONE_COMMAND,
    "steps": ("five ffmpeg commands, one a step", 0.25),
    "moviepy": ("MoviePy", 0.33),
}
SOUND = ("-c:a", "aac", "-b:a", "192k", "-shortest")


class Media(msgspec.Struct, frozen=True):
    clips: tuple[Path, ...]
    inset: Path
    music: Path
    length: float

    @property
    def all(self) -> tuple[Path, ...]:
        return (*self.clips, self.inset, self.music)


def measure(bench: Bench) -> list[Line]:
    """Two workers; nothing else runs."""
    if missing := lacking("ffmpeg"):
        raise Broken(missing)
    if all(kind.name != "LAYER" for kind in STEP_TYPES):
        raise Broken("this version has no LAYER")
    without = lacking("moviepy")
    media = _media(bench)
    with ExitStack() as stack:
        ours = stack.enter_context(node(bench.folder / "home"))
        cids = [ours.upload(path) for path in media.all]
        for angle in (-1, -2):  # the first render of a worker loads the media engine
            _run(ours, cids, angle)
        angles = count(1)
        runners: dict[str, Runner] = {"us": lambda: seconds(lambda: _run(ours, cids, next(angles)))}
        for name, encoder, exact in (("one", SAME, True), ("plain", PLAIN, False)):
            runners[name] = lambda encoder=encoder, exact=exact: seconds(  # type: ignore[misc]
                lambda: _at_once(media, bench.folder, encoder, exact=exact)
            )
        runners["steps"] = lambda: seconds(lambda: _step_by_step(media, bench.folder))
        if not without:
            runners["moviepy"] = lambda: moviepy(
                "moviepy_timeline", bench.folder, *media.all, bench.folder / "moviepy.mp4"
            )
        found = in_turn(bench.size(3, 1), runners)
    return beside(f"a timeline of {CLIPS} clips of {media.length:g} s, 720p, cold", found, BESIDE, without)


def _media(bench: Bench) -> Media:
    length = bench.size(3, 1)
    whole = footage(bench.folder / "whole.mp4", length * CLIPS)
    clips = []
    for number in range(CLIPS):
        clips.append(bench.folder / f"clip{number}.mp4")
        ffmpeg("-ss", number * length, "-t", length, "-i", whole, *PLAIN, clips[-1])
    music = song(bench.folder / "music.flac", length * CLIPS)
    return Media(tuple(clips), short_clip(bench.folder / "inset.mp4"), music, length)


def _recipe() -> dict[str, Any]:
    joints = [
        {"type": "crossfade", "duration": FADE} if joint in CROSSFADES else {"type": "cut"}
        for joint in range(CLIPS - 1)
    ]
    clips = [f"clip{number}" for number in range(CLIPS)]
    steps = [
        {"id": "join", "type": "SEQUENCE", "inputs": clips, "config": {"transitions": joints}},
        {"id": "look", "type": "EFFECT", "inputs": ["join"], "config": {"effect": "hue", "degrees": "$params.degrees"}},
        {"id": "over", "type": "LAYER", "inputs": ["look", "inset"],
         "config": {"anchor": "top_left", "x": 20, "y": 20, "width": INSET, "opacity": 0.8}},
        {"id": "out", "type": "MUX", "inputs": ["over", "music"], "config": {"length": "video"}},
    ]  # fmt: skip
    return {
        "name": "timeline",
        "inputs": {name: {"type": "video"} for name in (*clips, "inset")} | {"music": {"type": "audio"}},
        "params": {"degrees": {"type": "number", "default": 40}},
        "steps": steps,
        "output": "out",
    }


def _run(ours: Node, cids: list[str], angle: float) -> None:
    names = (*(f"clip{number}" for number in range(CLIPS)), "inset", "music")
    body = {
        "recipe_yaml": msgspec.json.encode(_recipe()).decode(),
        "inputs": dict(zip(names, cids, strict=True)),
        "params": {"degrees": angle},
    }
    run = ours.run("/api/run-recipe", body)
    if run["passes_run"] != 1:
        raise Broken(f"{run['passes_run']} passes ran, not 1")


def _joined(length: float) -> str:
    """The clips 0 to 5 of a filter graph, joined as ``[join]``."""
    parts = [f"[{number}:v]settb=1/{FPS},setpts=PTS-STARTPTS[c{number}]" for number in range(CLIPS)]
    last, end = "c0", length
    for joint in range(CLIPS - 1):
        name = "join" if joint == CLIPS - 2 else f"j{joint}"
        if joint in CROSSFADES:
            parts.append(f"[{last}][c{joint + 1}]xfade=fade:duration={FADE}:offset={end - FADE:.3f}[{name}]")
            end += length - FADE
        else:
            parts.append(f"[{last}][c{joint + 1}]concat=n=2:v=1,settb=1/{FPS}[{name}]")
            end += length
        last = name
    return ";".join(parts)


def _over(base: str, inset: str, flags: str = "") -> str:
    small = f"[{inset}]scale={INSET}:-2{flags},format=yuva420p,colorchannelmixer=aa=0.8[inset]"
    return f"{small};[{base}][inset]overlay=20:20,format=yuv420p[over]"


def _at_once(media: Media, folder: Path, encoder: tuple[str, ...], *, exact: bool) -> None:
    flags = f":flags={SCALE_FLAGS}" if exact else ""
    graph = f"{_joined(media.length)};[join]hue=h=40[look];{_over('look', f'{CLIPS}:v', flags)}"
    inputs = [part for path in media.all for part in ("-i", path)]
    maps = ("-map", "[over]", "-map", f"{CLIPS + 1}:a")
    ffmpeg(*inputs, "-filter_complex", graph, *maps, *encoder, *SOUND, "-movflags", "+faststart", folder / "one.mp4")


def _step_by_step(media: Media, folder: Path) -> None:
    made = [folder / f"step{number}.mp4" for number in range(4)]
    inputs = [part for path in media.clips for part in ("-i", path)]
    ffmpeg(*inputs, "-filter_complex", _joined(media.length), "-map", "[join]", *SAME, made[0])
    ffmpeg("-i", made[0], "-vf", "hue=h=40", *SAME, made[1])
    ffmpeg("-i", media.inset, "-vf", f"scale={INSET}:-2", *SAME, folder / "small.mp4")
    over = _over("0:v", "1:v")
    ffmpeg("-i", made[1], "-i", folder / "small.mp4", "-filter_complex", over, "-map", "[over]", *SAME, made[2])
    ffmpeg("-i", made[2], "-i", media.music, "-map", "0:v", "-map", "1:a", "-c:v", "copy", *SOUND, made[3])
