"""Our pictures and sound beside those of the system's ffmpeg, an independent build, run from command lines."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy
import pytest

from artdagd.render.engine import render_pass
from artdagd.work import RenderPass, RenderStep
from tests.needs import missing

SIZE = (160, 90)


@pytest.fixture(scope="session")
def program() -> Callable[..., bytes]:
    """``program(arguments…)`` runs ffmpeg and gives what it writes to its output."""
    found = shutil.which("ffmpeg")
    if found is None:
        missing("ffmpeg", "install it, these tests compare with it")

    def run(*arguments: object) -> bytes:
        command = [found, "-v", "error", "-nostdin", "-y", *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout

    return run


@pytest.fixture(scope="session")
def film(program: Callable[..., bytes], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """20 frames at 25 a second, lossless, with a key every 5, and 0.8 s of a rising tone at 48 kHz."""
    path = tmp_path_factory.mktemp("film") / "film.mkv"
    fractal = f"mandelbrot=s={SIZE[0]}x{SIZE[1]}:r=25:maxiter=60:start_scale=0.01,trim=end_frame=20"
    program(
        *("-f", "lavfi", "-i", fractal, "-f", "lavfi", "-i", "aevalsrc='0.5*sin(900*t*(1+2*t))':s=48000:d=0.8"),
        *("-c:v", "libx264", "-qp", 0, "-pix_fmt", "yuv420p", "-colorspace", "bt709", "-g", 5, "-c:a", "pcm_s16le"),
        path,
    )
    return path


@pytest.fixture
def ours(tmp_path: Path) -> Callable[..., Path]:
    """``ours(kind, config, *sources)`` renders one step losslessly."""

    def render(kind: str, config: dict[str, Any], *sources: Path) -> Path:
        names = tuple(f"in{number}" for number in range(len(sources)))
        output = tmp_path / f"{kind.lower()}.mkv"
        work = RenderPass((RenderStep("out", kind, config, names),), dict(zip(names, map(str, sources), strict=True)))
        render_pass(work, output, {}, lambda fraction: None, lambda: False)
        return output

    return render


def pictures(path: Path) -> numpy.ndarray:
    """All frames of a file as its decoder gives them: uint8 of shape (frames, rows of all planes, columns)."""
    with av.open(str(path)) as file:
        return numpy.stack([frame.to_ndarray() for frame in file.decode(video=0)])


def sound(path: Path) -> numpy.ndarray:
    """float32 of shape (channels, samples)."""
    with av.open(str(path)) as file:
        resampler = av.AudioResampler("fltp")
        parts = [part for frame in file.decode(audio=0) for part in resampler.resample(frame)]
        return numpy.concatenate([part.to_ndarray() for part in parts], axis=1)


def theirs(program: Callable[..., bytes], path: Path, filters: str, size: tuple[int, int]) -> numpy.ndarray:
    """The frames of ``path`` through a filter string, in the shape of ``pictures``, of ``size``."""
    raw = program("-i", path, "-an", "-vf", filters, "-pix_fmt", "yuv420p", "-f", "rawvideo", "-")
    return numpy.frombuffer(raw, numpy.uint8).reshape(-1, size[1] * 3 // 2, size[0])


def half_up(value: Fraction) -> int:
    return int(value + Fraction(1, 2))
