"""No byte of a result comes from memory that nobody wrote: the ends of rows of pictures with odd sides are such."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import av
import numpy
import pytest

PROGRAM = Path(__file__).with_name("odd_sizes.py")
CLIPS = {"33x17.png": ("png", "rgba"), "101x75.mp4": ("libx264", "yuv444p"), "65x49.mkv": ("ffv1", "bgr0")}


def clip(path: Path, encoder: str, format: str) -> None:
    width, height = map(int, path.stem.split("x"))
    with av.open(str(path), "w", format="image2" if path.suffix == ".png" else None) as file:
        stream = file.add_stream(encoder, rate=5)
        stream.width, stream.height, stream.pix_fmt = width, height, format
        noise = numpy.random.default_rng(width)
        for _ in range(1 if path.suffix == ".png" else 3):
            pixels = noise.integers(0, 256, (height, width, 4), numpy.uint8)
            file.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, "rgba").reformat(format=format)))
        file.mux(stream.encode(None))


@pytest.mark.skipif(sys.platform != "linux", reason="only glibc fills memory so")
def test_results_do_not_depend_on_what_memory_held(tmp_path: Path) -> None:
    (tmp_path / "clips").mkdir()
    for name, coding in CLIPS.items():
        clip(tmp_path / "clips" / name, *coding)

    def rendering(byte: int) -> subprocess.Popen[str]:
        command = [sys.executable, str(PROGRAM), str(tmp_path / "clips"), str(tmp_path / f"out-{byte}")]
        environment = {**os.environ, "MALLOC_PERTURB_": str(byte)}
        return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)

    with rendering(1) as one, rendering(170) as other:
        first, second = (json.loads(process.communicate(timeout=120)[0]) for process in (one, other))
    assert first.pop("fresh memory") != second.pop("fresh memory"), "memory was not filled: nothing was tried"
    assert len(first) > 50
    assert [name for name in first if first[name] != second[name]] == []
