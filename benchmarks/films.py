"""What else makes films: ffmpeg from the command line, and MoviePy."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from artdagd.render.writing.codecs import GOP_SECONDS, PART_X264, X264
from artdagd.work import Delivery
from benchmarks.processes import python
from benchmarks.report import Line, at_most
from benchmarks.rounds import seconds

FPS = 25
PLAIN = ("-c:v", "libx264", "-preset", Delivery().preset, "-crf", str(Delivery().crf), "-pix_fmt", "yuv420p")
"""An encoder as people write it."""

SAME = (*PLAIN, "-g", str(GOP_SECONDS * FPS), "-x264-params", X264)
"""The encoder of our deliveries."""

PART = (*PLAIN, "-g", str(GOP_SECONDS * FPS), "-x264-params", PART_X264)
"""The encoder of our segments."""

ONE_COMMAND = {
    "one": ("one ffmpeg command, the same filter and x264 options", 1.05),
    "plain": ("one ffmpeg command by hand, only -preset and -crf given", 1.05),
}
"""What a rival is called, and the most that our time may be as a share of its."""


def ffmpeg(*arguments: object) -> None:
    """Run it."""
    command = ["ffmpeg", "-v", "error", "-nostdin", "-y", *map(str, arguments)]
    subprocess.run(command, check=True, timeout=300)


def moviepy(script: str, folder: Path, *arguments: object) -> float:
    """Seconds that a script of ``parts/`` takes with MoviePy, which leaves files of its own in ``folder``."""
    command = python(script, *arguments)
    root = str(Path(__file__).parents[1])
    environment = {**os.environ, "IMAGEIO_FFMPEG_EXE": shutil.which("ffmpeg") or "ffmpeg", "PYTHONPATH": root}

    def run() -> None:
        subprocess.run(command, env=environment, check=True, timeout=600, capture_output=True, cwd=folder)

    return seconds(run)


def beside(
    what: str, found: Mapping[str, tuple[float, ...]], rivals: Mapping[str, tuple[str, float]], without: str
) -> list[Line]:
    """A line for each rival; ``without`` says why MoviePy is missing, if it is."""
    return [
        Line(
            what=what,
            unit="s",
            us=found["us"],
            peer_name=title,
            peer=found.get(name, ()),
            missing=without if name == "moviepy" else "",
            aims=(at_most(share),),
        )
        for name, (title, share) in rivals.items()
    ]
