"""GENERATE: pictures and sound from nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from fractions import Fraction
from functools import partial
from itertools import islice
from typing import Any

from av import AudioFrame, VideoFrame

from artdagd.hooks.types import Effect, Filter
from artdagd.render.drawing.patterns import checkerboard, gradient, noise
from artdagd.render.drawing.planes import picture_of
from artdagd.render.graphs import run_source, scale
from artdagd.render.sounds.blocks import silence
from artdagd.render.streams import AudioStream, Colour, Media, Picture, VideoStream
from artdagd.steps.numbers import even, exact, nearest

BT709 = Colour(1, 1, 1)
RATE = 48_000
BLACK_WHITE = ("#000000", "#ffffff")


def lower(config: Mapping[str, Any], inputs: Sequence[Media], effects: Mapping[str, Effect]) -> Media:
    """Pictures in 4:2:0 and BT.709, and mono sound at 48 kHz that lasts as long as they do."""
    fps = Fraction(*config["fps"]) if isinstance(config["fps"], list | tuple) else exact(config["fps"])
    picture = Picture(even(config["width"]), even(config["height"]), "yuv420p", fps, BT709)
    count = max(1, nearest(exact(config["duration"]) * fps))
    return Media(_pictures(config, picture, count), _sound(config, max(1, nearest(count / fps * RATE))))


def _pictures(config: Mapping[str, Any], picture: Picture, count: int) -> VideoStream:
    pattern, colors = config["pattern"], tuple(config.get("colors") or BLACK_WHITE)
    if pattern == "test":
        return _counting(picture, count)
    if pattern == "noise":
        seed, monochrome = int(config.get("seed", 0)), bool(config.get("monochrome", True))
        return drawn(
            lambda number: picture_of(noise(picture, seed, number, monochrome=monochrome), picture), picture, count
        )
    if pattern == "bars":
        return still(lambda: next(_filtered((_source("smptehdbars", picture),), picture)), picture, count)
    if pattern == "gradient":
        angle = None if config.get("shape") == "radial" else float(config.get("angle", 0))
        draw = partial(gradient, picture, colors, angle)
    elif pattern == "checkerboard":
        draw = partial(checkerboard, picture, colors, int(config.get("size", 64)))
    else:
        draw = partial(checkerboard, picture, colors[:1] * 2, 8)
    return still(lambda: picture_of(draw(), picture), picture, count)


def drawn(draw: Callable[[int], VideoFrame], picture: Picture, count: int) -> VideoStream:
    """The frames ``draw(0)`` to ``draw(count - 1)``."""
    return VideoStream(picture, count, picture, lambda start: map(draw, range(start, count)), lambda start: 0)


def still(draw: Callable[[], VideoFrame], picture: Picture, count: int) -> VideoStream:
    """The same frame ``count`` times; it is drawn once for each reading."""

    def source(start: int) -> Iterator[VideoFrame]:
        frame = draw()
        for _ in range(start, count):
            yield frame

    return VideoStream(picture, count, picture, source, lambda start: 0)


def _counting(picture: Picture, count: int) -> VideoStream:
    """The frames of testsrc2, which counts them: those before ``start`` are made in vain."""
    # It draws in BT.601 whatever it is told; in RGB there is no question.
    filters = (_source("testsrc2", picture), Filter("format", {"pix_fmts": "rgb24"}))

    def source(start: int) -> Iterator[VideoFrame]:
        return islice(_filtered(filters, picture), start, count)

    return VideoStream(picture, count, picture, source, lambda start: start)


def _source(name: str, picture: Picture) -> Filter:
    return Filter(name, {"size": f"{picture.width}x{picture.height}", "rate": str(picture.fps)})


def _filtered(filters: Sequence[Filter], picture: Picture) -> Iterator[VideoFrame]:
    whole = (scale(out_color_matrix="bt709", out_range="tv"), Filter("format", {"pix_fmts": picture.format}))
    for frame in run_source((*filters, *whole, Filter("setsar", {"sar": "1"})), "buffersink"):
        assert isinstance(frame, VideoFrame)
        frame.colorspace, frame.color_range = picture.colour.space, 1
        yield frame


def _sound(config: Mapping[str, Any], samples: int) -> AudioStream | None:
    kind = config.get("sound", "none")
    if kind == "none":
        return None
    if kind == "silence":
        return AudioStream(RATE, "mono", lambda: samples, lambda: silence(samples, RATE, "mono"))
    # Its table is made of whole numbers: the same on every machine.
    tone = Filter("sine", {"frequency": float(config.get("frequency", 1000)), "sample_rate": RATE})

    def source() -> Iterator[AudioFrame]:
        left = samples
        for frame in run_source((tone, Filter("aformat", {"sample_fmts": "fltp"})), "abuffersink"):
            assert isinstance(frame, AudioFrame)
            yield frame
            left -= frame.samples
            if left <= 0:
                return

    return AudioStream(RATE, "mono", lambda: samples, source).lasting(samples)
