"""Codecs that could keep an intermediate, on noisy footage: processor time, speed, bytes. Ours beside each of them.

Frames lie in memory before and are dropped after; files are written into the benchmark's folder. Processor time is that
of all threads; it says more than the speed on a machine with other work, and is what counts when workers fill it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from fractions import Fraction
from itertools import islice
from pathlib import Path

import av
import msgspec
from av import VideoFrame
from av.codec.context import Flags

from artdagd.render.writing.codecs import LOSSLESS, LOSSLESS_THREADS, X264
from benchmarks.media import footage
from benchmarks.report import Line, at_most
from benchmarks.rounds import Bench, in_turn

FPS = 25


class Codec(msgspec.Struct, frozen=True):
    """An encoder of FFmpeg's, its options, and a container that can hold it."""

    encoder: str
    options: dict[str, str]
    container: str
    threads: int = 4
    type: str = "SLICE"
    gop: int = 1


OURS = "magicyuv gradient"
CODECS = {
    OURS: Codec("magicyuv", LOSSLESS, "mov", LOSSLESS_THREADS),
    "magicyuv left": Codec("magicyuv", {"pred": "left", "slices": "4"}, "mov"),
    "magicyuv median": Codec("magicyuv", {"pred": "median", "slices": "4"}, "mov"),
    "Ut Video left": Codec("utvideo", {"pred": "left"}, "avi", type="FRAME"),
    "Ut Video median": Codec("utvideo", {"pred": "median"}, "avi", type="FRAME"),
    "ffvhuff left": Codec("ffvhuff", {"pred": "left"}, "avi", type="FRAME"),
    "ffvhuff median": Codec("ffvhuff", {"pred": "median"}, "avi", type="FRAME"),
    "x264 qp 0 ultrafast": Codec("libx264", {"qp": "0", "preset": "ultrafast", "x264-params": X264}, "matroska", 3,
                                 "FRAME", 12),
    "FFV1, 4 slices": Codec("ffv1", {"level": "3", "slices": "4"}, "matroska"),
    "FFV1, 16 slices, Golomb-Rice": Codec("ffv1", {"level": "3", "slices": "16", "coder": "0"}, "matroska"),
}  # fmt: skip


def measure(bench: Bench) -> list[Line]:
    """720p with a camera's noise. Lines of each codec: written, read, and bytes a frame."""
    count = bench.size(50, 10)
    with av.open(str(footage(bench.folder / "clip.mp4", count / FPS))) as file:
        frames = list(islice(file.decode(video=0), count))
    spent: dict[str, list[tuple[float, ...]]] = {name: [] for name in CODECS}

    def runner(name: str) -> Callable[[], float]:
        def run() -> float:
            spent[name].append(_both(CODECS[name], frames, bench.folder / "kept"))
            return 0.0

        return run

    in_turn(bench.size(3, 1), {name: runner(name) for name in CODECS})
    lines = []
    pixels = frames[0].width * frames[0].height * count
    for number, (what, unit, scale) in enumerate((
        ("processor time to write", "ns/pixel", 1e9 / pixels),
        ("processor time to read", "ns/pixel", 1e9 / pixels),
        ("time to write a frame", "ms", 1e3 / count),
        ("time to read a frame", "ms", 1e3 / count),
        ("bytes a frame", "kB", 1e-3 / count),
    )):  # fmt: skip
        figures = {name: tuple(one[number] * scale for one in rounds) for name, rounds in spent.items()}
        lines += [
            Line(
                what=f"{what}, {OURS}",
                unit=unit,
                us=figures[OURS],
                peer_name=name,
                peer=figures[name],
                aims=(at_most(1),) if "processor" in what and name.startswith(("x264", "FFV1")) else (),
            )
            for name in CODECS
            if name != OURS
        ]
    return lines


def _both(codec: Codec, frames: list[VideoFrame], path: Path) -> tuple[float, float, float, float, float]:
    """Processor seconds to write and to read, seconds to write and to read, bytes."""
    clock, work = time.perf_counter(), time.process_time()
    _write(codec, frames, path)
    wrote, written = time.perf_counter() - clock, time.process_time() - work
    clock, work = time.perf_counter(), time.process_time()
    with av.open(str(path)) as file:
        file.streams.video[0].codec_context.thread_type = "AUTO"
        file.streams.video[0].codec_context.thread_count = 4
        count = sum(1 for _ in file.decode(video=0))
    if count != len(frames):
        raise ValueError(f"{codec.encoder} kept {count} frames of {len(frames)}")
    return written, time.process_time() - work, wrote, time.perf_counter() - clock, path.stat().st_size


def _write(codec: Codec, frames: list[VideoFrame], path: Path) -> None:
    with av.open(str(path), "w", format=codec.container) as file:
        stream = file.add_stream(codec.encoder, rate=FPS, options=codec.options)
        stream.width, stream.height, stream.pix_fmt = frames[0].width, frames[0].height, frames[0].format.name
        context = stream.codec_context
        context.flags |= Flags.bitexact
        context.gop_size, context.thread_count, context.thread_type = codec.gop, codec.threads, codec.type
        for number, frame in enumerate(frames):
            frame.pts, frame.time_base, frame.pict_type = number, Fraction(1, FPS), 0
            file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
