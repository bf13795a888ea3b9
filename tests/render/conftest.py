"""Small media made here: every picture carries its own frame number as twelve black or white bars."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy
import pytest

from artdagd.render.engine import render_pass
from artdagd.work import Delivery, RenderPass, RenderStep

BARS = 12


def picture(number: int, width: int, height: int) -> av.VideoFrame:
    y = numpy.full((height, width), 16, numpy.uint8)
    for bar in range(BARS):
        if number >> bar & 1:
            y[:, bar * width // BARS : (bar + 1) * width // BARS] = 235
    planes = [y.ravel(), numpy.full(width * height // 2, 128, numpy.uint8)]
    return av.VideoFrame.from_ndarray(numpy.concatenate(planes).reshape(height * 3 // 2, width), format="yuv420p")


def write_clip(
    path: Path,
    count: int = 0,
    fps: Fraction | int = 30,
    size: tuple[int, int] = (240, 64),
    *,
    samples: int = 0,
    rate: int = 48000,
    base: int = 0,
    times: list[Fraction] | None = None,
    gop: int = 12,
    audio_codec: str = "aac",
    tone: float = 440.0,
) -> Path:
    with av.open(str(path), "w") as file:
        video = sound = None
        if count:
            video = file.add_stream("libx264", rate=Fraction(fps), options={"crf": "12", "preset": "fast"})
            video.width, video.height, video.pix_fmt = *size, "yuv420p"
            video.codec_context.gop_size = gop
            if times:
                video.codec_context.time_base = Fraction(1, 90000)
        if samples:
            sound = file.add_stream(audio_codec, rate=rate)
            sound.layout = "mono"
        for i in range(count):
            frame = picture(base + i, *size)
            frame.time_base = video.codec_context.time_base or Fraction(1, 1) / fps
            frame.pts = round(times[i] / frame.time_base) if times else i
            file.mux(video.encode(frame))
        for start in range(0, samples, 1024):
            n = min(1024, samples - start)
            wave = 0.5 * numpy.sin(2 * numpy.pi * tone / rate * numpy.arange(start, start + n))
            kind = "fltp" if audio_codec == "aac" else "s16"
            data = wave.astype(numpy.float32) if kind == "fltp" else (wave * 32767).astype(numpy.int16)
            frame = av.AudioFrame.from_ndarray(data.reshape(1, -1), format=kind, layout="mono")
            frame.sample_rate, frame.pts, frame.time_base = rate, start, Fraction(1, rate)
            file.mux(sound.encode(frame))
        for stream in (video, sound):
            if stream is not None:
                file.mux(stream.encode(None))
    return path


def read_number(frame: av.VideoFrame) -> int:
    y = frame.to_ndarray()[: frame.height]
    width = frame.width
    columns = [(2 * bar + 1) * width // (2 * BARS) for bar in range(BARS)]
    return sum(1 << bar for bar, x in enumerate(columns) if y[frame.height // 2, x] > 125)


@pytest.fixture
def clip(tmp_path: Path) -> Callable[..., Path]:
    """``clip("a.mp4", 60, 30, samples=…)`` writes a clip and returns its path."""
    return lambda name, *args, **kwargs: write_clip(tmp_path / name, *args, **kwargs)


@pytest.fixture
def numbers() -> Callable[[Path], list[int]]:
    """The frame numbers that the pictures of a file show, in order."""

    def read(path: Path) -> list[int]:
        with av.open(str(path)) as file:
            return [read_number(frame) for frame in file.decode(video=0)]

    return read


@pytest.fixture
def length() -> Callable[[Path], tuple[int, int]]:
    """Decoded frames, and samples by the container's own word (edit list included)."""

    def read(path: Path) -> tuple[int, int]:
        with av.open(str(path)) as file:
            frames = sum(1 for _ in file.decode(video=0)) if file.streams.video else 0
            samples = 0
            if file.streams.audio:
                stream = file.streams.audio[0]
                samples = round((stream.duration or 0) * stream.time_base * stream.rate)
            return frames, samples

    return read


@pytest.fixture
def render(tmp_path: Path) -> Callable[..., Path]:
    """``render([("SEGMENT", config, ("a",)), …], {"a": path})``: steps are named s0, s1, …; the last is the result."""
    made = 0

    def run(steps: list, sources: dict, *, lossless: bool = False, effects: dict | None = None, **hooks) -> Path:
        nonlocal made
        made += 1
        listed = tuple(
            RenderStep(f"s{i}", kind, config, tuple(inputs)) for i, (kind, config, inputs) in enumerate(steps)
        )
        delivery = None if lossless else Delivery()
        work = RenderPass(listed, {name: str(path) for name, path in sources.items()}, delivery)
        output = tmp_path / f"out{made}.{'mov' if lossless else 'mp4'}"
        progress = hooks.get("progress", lambda fraction: None)
        render_pass(work, output, effects or {}, progress, hooks.get("cancelled", lambda: False))
        return output

    return run
