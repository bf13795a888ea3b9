"""Six edits of a timeline of three minutes: what each costs, as a share of the processor time of the whole.

Thirty clips of 6 s of 720p, cut from noisy footage, one of them tinted, a title, and music. The whole is rendered cold;
then each edit is made to that first version. What is compared is the processor time of the daemon and its workers
together. A tool that keeps nothing renders all again for each edit: 100 %.
"""

from __future__ import annotations

import os
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import msgspec

from benchmarks.media import footage, song
from benchmarks.node import Node, node
from benchmarks.peers import lacking
from benchmarks.processes import Broken
from benchmarks.report import Line, at_most
from benchmarks.rounds import Bench

TICK = os.sysconf("SC_CLK_TCK")
EDITS: dict[str, tuple[str, Any]] = {
    "one clip is another": ("other", 3.3),
    "one parameter of one clip": ("degrees", 80.0),
    "the length of an early clip": ("early", 4.7),
    "the title's text": ("title", "Second version"),
    "the last ten seconds": ("end", 60.0),
    "the music's gain": ("gain", -6.0),
}


def measure(bench: Bench) -> list[Line]:
    """Two workers; nothing else runs."""
    if missing := lacking("ffmpeg"):
        raise Broken(missing)
    clips, length = bench.size(30, 3), bench.size(6, 4)
    with ExitStack() as stack:
        ours = stack.enter_context(node(bench.folder / "home"))
        film = ours.upload(footage(bench.folder / "film.mp4", length + clips + 4))
        music = ours.upload(song(bench.folder / "music.flac", clips * length))
        media = {"film": film, "music": music}
        _spent(ours, media, _recipe(3, length), {"title": "to load the engine"})
        recipe = _recipe(clips, length)
        whole = _spent(ours, media, recipe, {})
        shares = {what: 100 * _spent(ours, media, recipe, dict([edit])) / whole for what, edit in EDITS.items()}
    return [
        Line(
            what=f"{clips} clips of {length} s of 720p: {what} (of {whole:.1f} s)",
            unit="% of the whole",
            us=(share,),
            peer_name="a tool that renders all again",
            peer=(100.0,),
            aims=(at_most(8, "us"),) if what == "one clip is another" else (),
        )
        for what, share in shares.items()
    ]


def _recipe(clips: int, length: float) -> str:
    """Clip ``i`` begins at second ``i`` of the film; params are what the edits change."""
    parts = [
        {"id": f"c{i}", "type": "SEGMENT", "inputs": ["film"], "config": {"start": float(i), "duration": float(length)}}
        for i in range(clips)
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
    defaults = {"other": 1.0, "degrees": 40.0, "early": float(length), "end": 20.0, "gain": 0.0}
    recipe = {
        "name": "edit",
        "inputs": {"film": {"type": "video"}, "music": {"type": "audio"}},
        "params": {name: {"type": "number", "default": value} for name, value in defaults.items()}
        | {"title": {"type": "string", "default": "First version"}},
        "steps": steps,
        "output": "out",
    }
    return msgspec.json.encode(recipe).decode()


def _spent(ours: Node, media: dict[str, str], recipe: str, params: dict[str, Any]) -> float:
    """Seconds of processor time that a run takes, of the daemon and its workers."""
    before = _processor(ours.process.pid)
    ours.run("/api/run-recipe", {"recipe_yaml": recipe, "inputs": media, "params": params})
    return _processor(ours.process.pid) - before


def _processor(pid: int) -> float:
    """Seconds of a process and of those that it started and that still run (proc(5))."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return (int(fields[11]) + int(fields[12])) / TICK + sum(_processor(int(child)) for child in children)
