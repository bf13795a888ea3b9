"""Six edits of a timeline of three minutes: the processor time that each costs, beside rendering all of it again.

Thirty clips of 6 s of 720p, cut from noisy footage, two of them tinted, a title, and music. In each round the clips
begin a little later, so that the whole is rendered cold; then each edit is made to that first version. We are the
daemon and its workers together. Beside us: our own render of the whole; and one ffmpeg command that makes the same
timeline with the same filters and x264 options, as it would for each edit.
"""

from __future__ import annotations

import os
import resource
from collections import defaultdict
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import msgspec

from artdagd.render.drawing.lettering import FONT
from benchmarks.films import SAME, ffmpeg
from benchmarks.media import footage, song
from benchmarks.node import Node, node
from benchmarks.peers import lacking
from benchmarks.processes import Broken
from benchmarks.report import Line, at_most
from benchmarks.rounds import Bench

TICK = os.sysconf("SC_CLK_TCK")
SHIFT = 0.2
"""Seconds by which the clips of a round begin later than those of the one before."""

FIRST = {"degrees": 40.0, "end": 20.0}
TITLE = "First version"


def _edits(shift: float) -> dict[str, tuple[str, Any]]:
    """What each edit changes, and to what: in no round to what another round has made."""
    return {
        "one clip is another": ("other", 3.3 + shift),
        "one parameter of one clip": ("degrees", 80.0),
        "the length of an early clip": ("early", 4.7),
        "the title's text": ("title", "Second version"),
        "the last ten seconds": ("end", 60.0),
        "the music's gain": ("gain", -6.0 - shift),
    }


def measure(bench: Bench) -> list[Line]:
    """Two workers; nothing else runs."""
    if missing := lacking("ffmpeg"):
        raise Broken(missing)
    clips, length = bench.size(30, 3), bench.size(6, 4)
    film = footage(bench.folder / "film.mp4", length + clips + 4)
    music = song(bench.folder / "music.flac", clips * length)
    found: dict[str, list[float]] = defaultdict(list)
    with ExitStack() as stack:
        ours = stack.enter_context(node(bench.folder / "home"))
        media = {"film": ours.upload(film), "music": ours.upload(music)}
        _spent(ours, media, _recipe(3, length, 0), {"title": "to load the engine"})
        for number in range(bench.size(3, 1)):
            shift = SHIFT * (1 + number)
            recipe = _recipe(clips, length, shift)
            found["ffmpeg"].append(_at_once(film, music, clips, length, shift, bench.folder / "film-again.mp4"))
            found["whole"].append(_spent(ours, media, recipe, {}))
            for what, edit in _edits(shift).items():
                found[what].append(_spent(ours, media, recipe, dict([edit])))
    return _lines(found, f"processor time, {clips} clips of {length} s of 720p")


def _lines(found: dict[str, list[float]], timeline: str) -> list[Line]:
    beside = {"whole": "our own render of the whole", "ffmpeg": "one ffmpeg command, the same filters and x264 options"}
    return [
        Line(
            what=f"{timeline}: {'all of it' if what == 'whole' else what}",
            unit="s",
            us=tuple(found[what]),
            peer_name=title,
            peer=tuple(found[peer]),
            aims=(at_most(0.08),) if (what, peer) == ("one clip is another", "whole") else (),
        )
        for what in ("whole", *_edits(0))
        for peer, title in beside.items()
        if what != peer
    ]


def _starts(clips: int, shift: float) -> list[float]:
    """Where the clips begin in the film, in seconds; the one in the middle shows what another does."""
    return [(1.0 if number == clips // 2 else number) + shift for number in range(clips)]


def _recipe(clips: int, length: float, shift: float) -> str:
    """Params are what the edits change."""
    parts = [
        {"id": f"c{i}", "type": "SEGMENT", "inputs": ["film"], "config": {"start": start, "duration": float(length)}}
        for i, start in enumerate(_starts(clips, shift))
    ]
    parts[0]["config"]["duration"] = "$params.early"  # type: ignore[index]
    parts[clips // 2]["config"]["start"] = "$params.other"  # type: ignore[index]
    hue: dict[str, Any] = {"type": "EFFECT", "config": {"effect": "hue"}}
    names = [f"c{i}" for i in range(clips)]
    tinted = [
        {**hue, "id": "tint", "inputs": [names[1]], "config": {"effect": "hue", "degrees": "$params.degrees"}},
        {**hue, "id": "last", "inputs": [names[-1]], "config": {"effect": "hue", "degrees": "$params.end"}},
    ]
    names[1], names[-1] = "tint", "last"
    steps = [
        *parts,
        *tinted,
        {"id": "all", "type": "SEQUENCE", "inputs": names},
        {"id": "title", "type": "TEXT", "inputs": ["all"], "config": {"text": "$params.title", "start": 1, "end": 4}},
        {"id": "out", "type": "AUDIO_MIX", "inputs": ["title", "music"], "config": {"gain": "$params.gain"}},
    ]
    defaults = {**FIRST, "other": 1.0 + shift, "early": float(length), "gain": -shift}
    recipe = {
        "name": "edit",
        "inputs": {"film": {"type": "video"}, "music": {"type": "audio"}},
        "params": {name: {"type": "number", "default": value} for name, value in defaults.items()}
        | {"title": {"type": "string", "default": TITLE}},
        "steps": steps,
        "output": "out",
    }
    return msgspec.json.encode(recipe).decode()


def _spent(ours: Node, media: dict[str, str], recipe: str, params: dict[str, Any]) -> float:
    """Seconds of processor time that a run takes, of the daemon and its workers."""
    before = _processor(ours.process.pid)
    ours.run("/api/run-recipe", {"recipe_yaml": recipe, "inputs": media, "params": params})
    return _processor(ours.process.pid) - before


def _at_once(film: Path, music: Path, clips: int, length: float, shift: float, output: Path) -> float:
    """Seconds of processor time that ffmpeg takes for the first version."""
    inputs = [part for start in _starts(clips, shift) for part in ("-ss", start, "-t", length, "-i", film)]
    tints = {1: FIRST["degrees"], clips - 1: FIRST["end"]}
    tinted = [f"[{number}:v]hue=h={degrees:g}[t{number}]" for number, degrees in tints.items()]
    names = "".join(f"[t{number}]" if number in tints else f"[{number}:v]" for number in range(clips))
    place = "fontsize=h/12:fontcolor=white:x=(w-text_w)/2:y=h-2*text_h:enable='between(t,1,4)'"
    title = f"drawtext=fontfile={FONT}:text='{TITLE}':{place}"
    graph = ";".join([*tinted, f"{names}concat=n={clips}:v=1[all]", f"[all]{title}[out]"])
    maps = ("-map", "[out]", "-map", f"{clips}:a", "-c:a", "aac", "-b:a", "192k", "-shortest")
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    ffmpeg(*inputs, "-i", music, "-filter_complex", graph, *maps, *SAME, "-movflags", "+faststart", output)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _processor(pid: int) -> float:
    """Seconds of a process and of those that it started and that still run (proc(5))."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return (int(fields[11]) + int(fields[12])) / TICK + sum(_processor(int(child)) for child in children)
