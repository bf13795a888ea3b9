"""Small sources, and effects rendered by the real engine as lossless intermediates, so that pixels can be measured."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy
import pytest
from artdagd_effects import artdag_effects

from artdagd.render.engine import render_pass
from artdagd.work import Delivery, RenderPass, RenderStep

BUNNY = Path(__file__).parents[3] / "examples" / "media" / "bunny.mp4"
EFFECTS = {effect.name: effect for effect in artdag_effects()}
FPS = 25

Planes = tuple[numpy.ndarray, ...]
"""A picture as its Y, U and V."""


def render_steps(steps: Sequence[tuple[str, dict[str, Any]]], source: Path, output: Path, lossless: bool) -> Path:
    """A chain of steps on ``source``, in one pass."""
    chain = [RenderStep(f"s{i}", kind, config, (f"s{i - 1}" if i else "a",)) for i, (kind, config) in enumerate(steps)]
    work = RenderPass(tuple(chain), {"a": str(source)}, None if lossless else Delivery())
    render_pass(work, output, EFFECTS, lambda fraction: None, lambda: False)
    return output


def write_planes(path: Path, pictures: Sequence[Planes], format: str) -> Path:
    """A lossless video of these pictures, 8-bit numbers; in a 10-bit ``format`` they are four times as large."""
    deep = format.endswith("10le")
    with av.open(str(path), "w") as file:
        stream = file.add_stream("ffv1", rate=FPS)
        stream.height, stream.width = pictures[0][0].shape
        stream.pix_fmt = format
        stream.codec_context.color_range = 1
        for number, planes in enumerate(pictures):
            frame = av.VideoFrame(stream.width, stream.height, format)
            for plane, values in zip(frame.planes, planes, strict=True):
                kind = numpy.dtype("<u2" if deep else "u1")
                rows = numpy.zeros((plane.height, plane.line_size // kind.itemsize), kind)
                rows[:, : plane.width] = values.astype(kind) * (4 if deep else 1)
                plane.update(rows.tobytes())
            frame.pts, frame.time_base = number, Fraction(1, FPS)
            file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
    return path


def read_planes(path: Path) -> list[Planes]:
    with av.open(str(path)) as file:
        return [
            tuple(
                numpy.frombuffer(plane, numpy.uint8).reshape(plane.height, plane.line_size)[:, : plane.width].copy()
                for plane in frame.planes
            )
            for frame in file.decode(video=0)
        ]


@pytest.fixture(scope="session")
def bunny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Fourteen frames of real footage in which something moves, 160x90 without loss or sound."""
    folder = tmp_path_factory.mktemp("bunny")
    steps: list[tuple[str, dict[str, Any]]] = [
        ("SEGMENT", {"start": 1.2, "duration": 0.56}),
        ("RESIZE", {"width": 160}),
    ]
    pictures = read_planes(render_steps(steps, BUNNY, folder / "part.mkv", lossless=True))
    return write_planes(folder / "bunny.mkv", pictures, "yuv420p")


@pytest.fixture
def noise(tmp_path: Path) -> Callable[[int, int, str], Path]:
    """``noise(33, 17, "yuv444p")``: four pictures of all that eight bits can hold, forbidden values too."""

    def make(width: int, height: int, format: str) -> Path:
        wide, high = {"420": (2, 2), "422": (2, 1), "444": (1, 1)}[format[3:6]]
        sizes = [(height, width), *2 * [(-(-height // high), -(-width // wide))]]
        random = numpy.random.default_rng(1)
        pictures = [tuple(random.integers(0, 256, size, numpy.uint8) for size in sizes) for _ in range(4)]
        return write_planes(tmp_path / "noise.mkv", pictures, format)

    return make


@pytest.fixture
def render(tmp_path: Path) -> Callable[..., Path]:
    """``render(source, ("hue", {"degrees": 90}), …)``: these effects in a row; the path of the result."""
    made = 0

    def run(source: Path, *effects: tuple[str, dict[str, Any]], lossless: bool = True, start: float = 0) -> Path:
        nonlocal made
        made += 1
        steps: list[tuple[str, dict[str, Any]]] = [("EFFECT", {"effect": name, **config}) for name, config in effects]
        if start:
            steps.append(("SEGMENT", {"start": start}))
        output = tmp_path / f"out{made}.{'mkv' if lossless else 'mp4'}"
        return render_steps(steps, source, output, lossless)

    return run


@pytest.fixture
def planes() -> Callable[[Path], list[Planes]]:
    """The pictures of a video as they are stored."""
    return read_planes


@pytest.fixture
def apply(tmp_path: Path, render: Callable[..., Path]) -> Callable[..., list[Planes]]:
    """``apply(pictures, ("flip", {}), …)``: pictures in, pictures out; 4:4:4 unless another ``format`` is named."""
    made = 0

    def run(pictures: Sequence[Planes], *effects: tuple[str, dict[str, Any]], format: str = "yuv444p") -> list[Planes]:
        nonlocal made
        made += 1
        source = write_planes(tmp_path / f"in{made}.mkv", pictures, format)
        return read_planes(render(source, *effects))

    return run
