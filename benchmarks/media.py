"""Media to measure with, made from the examples at run time with ffmpeg."""

from __future__ import annotations

import subprocess
from pathlib import Path

from benchmarks.processes import ROOT

MEDIA = ROOT / "examples" / "media"


def short_clip(path: Path) -> Path:
    """A second of the bunny, small."""
    return _ffmpeg("-i", MEDIA / "bunny.mp4", "-t", "1", "-vf", "scale=160:-2", "-an", path)


def footage(path: Path, length: float) -> Path:
    """``length`` seconds of 720p at 25 frames a second: the bunny over and over, with noise as a camera has it."""
    look = "scale=1280:720,fps=25,noise=alls=8:allf=t+u"
    encoder = ("-c:v", "libx264", "-preset", "veryfast", "-crf", "18", "-pix_fmt", "yuv420p")
    return _ffmpeg("-stream_loop", "-1", "-i", MEDIA / "bunny.mp4", "-t", length, "-vf", look, "-an", *encoder, path)


def song(path: Path, length: float) -> Path:
    """``length`` seconds of the example's music over and over, as FLAC."""
    return _ffmpeg("-stream_loop", "-1", "-i", MEDIA / "music.ogg", "-t", length, "-vn", "-c:a", "flac", path)


def look(path: Path) -> Path:
    """A table of 33 x 33 x 33 colours: a little darker and warmer."""
    steps = [step / 32 for step in range(33)]
    rows = [f"{red**1.1:.6f} {green**1.2:.6f} {blue**1.4:.6f}" for blue in steps for green in steps for red in steps]
    path.write_text("\n".join(["LUT_3D_SIZE 33", *rows, ""]))
    return path


def _ffmpeg(*arguments: object) -> Path:
    command = ["ffmpeg", "-v", "error", "-nostdin", "-y", *map(str, arguments)]
    subprocess.run(command, check=True, timeout=300)
    return Path(str(arguments[-1]))
