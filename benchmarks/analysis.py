"""Beats and tempo of a song of 207 s, in a fresh process and in one that is warm, beside librosa.

Ours is the analyzer that the installed plugin offers, with a state folder that an earlier process has used (the second
start of a worker and every later one). A process is timed whole: from its start to its end, decoding included.
"""

from __future__ import annotations

import os
import subprocess

from benchmarks.media import song
from benchmarks.peers import lacking
from benchmarks.processes import ROOT, Broken, python
from benchmarks.report import Line, at_most
from benchmarks.rounds import Bench, in_turn, seconds

LENGTH = 207


def measure(bench: Bench) -> list[Line]:
    """One process a figure. librosa may keep compiled code where it is installed, as it does for everybody."""
    if missing := lacking("ffmpeg"):
        raise Broken(missing)
    length = bench.size(LENGTH, 20)
    music, state = song(bench.folder / "song.flac", length), bench.folder / "state"
    state.mkdir()
    ours, theirs = python("beats_artdagd", music, state), python("beats_librosa", music)
    first = seconds(lambda: _run(ours))
    _run(theirs)
    fresh = in_turn(
        bench.size(3, 1), {"us": lambda: seconds(lambda: _run(ours)), "peer": lambda: seconds(lambda: _run(theirs))}
    )
    warm = in_turn(bench.size(3, 1), {"us": lambda: _again(ours), "peer": lambda: _again(theirs)})
    what = f"beats of {length} s of music"
    return [
        Line(
            what=f"{what}, fresh process, state kept",
            unit="s",
            us=fresh["us"],
            peer_name="librosa beat_track, fresh process",
            peer=fresh["peer"],
            aims=(at_most(2.5, "us"),),
        ),
        Line(
            what=f"{what}, warm",
            unit="s",
            us=warm["us"],
            peer_name="librosa beat_track, warm",
            peer=warm["peer"],
            aims=(at_most(0.5, "us"),),
        ),
        Line(what=f"{what}, the very first process (nothing kept yet)", unit="s", us=(first,)),
    ]


def _run(command: list[str]) -> str:
    environment = {key: value for key, value in os.environ.items() if key != "NUMBA_CACHE_DIR"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300, check=False)
    if done.returncode:
        raise Broken(f"{command[2]} ended with {done.returncode}: {done.stderr[-1000:]}")
    return done.stdout


def _again(command: list[str]) -> float:
    return float(_run([*command, "again"]))
