"""SPECTRUM: the frequencies of a sound, as a picture that moves with it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, repeat
from typing import Any

import numpy

from artdagd.errors import StepFailed
from artdagd.hooks.types import Effect, Filter
from artdagd.render.graphs import scale
from artdagd.render.sounds.blocks import blocks
from artdagd.render.sounds.scopes import BLOCK, colours, drawn, film, shape_of, windows
from artdagd.render.streams import AudioStream, Media, Picture, VideoStream
from artdagd.steps.numbers import exact, nearest

BARS = 4096
"""Samples that are transformed for a picture of bars."""

RGB = Filter("format", {"pix_fmts": "rgba|rgb24"})


def lower(config: Mapping[str, Any], inputs: Sequence[Media], effects: Mapping[str, Effect]) -> Media:
    """Frame ``i`` shows the frequencies around ``i / fps`` seconds: in ``scroll`` at its right edge, with what was
    before to the left of it. The sound stays."""
    sound = inputs[0].audio
    if sound is None:
        raise StepFailed("its input has no sound", code="refused", advice="give it music, or a video with sound")
    shape = shape_of(config)
    draw = {"scroll": _scroll, "bars": _bars, "cqt": _cqt}[config.get("mode", "scroll")]
    return Media(draw(config, sound, shape, max(1, nearest(sound.duration * shape.fps))), sound)


def _scroll(config: Mapping[str, Any], sound: AudioStream, shape: Picture, count: int) -> VideoStream:
    columns = max(1, nearest(exact(config.get("speed", 100)) / shape.fps))
    scope = Filter(
        "showspectrum",
        {
            "size": f"{shape.width}x{shape.height}",
            "slide": "scroll",
            "overlap": 0,
            "legend": 0,
            "scale": str(config.get("scale", "log")),
            "fscale": str(config.get("fscale", "lin")),
            "color": str(config.get("color", "intensity")),
        },
    )
    # It writes YUV as JPEG has it, and says nothing of that.
    to_rgb = scale(in_range="pc", in_color_matrix="bt601")
    picked = Filter("framestep", {"step": columns})
    source = drawn(
        (scope, picked, to_rgb, RGB), lambda: windows(sound, 2 * shape.height, columns * shape.fps), sound, shape
    )
    return film(source, shape, count)


def _bars(config: Mapping[str, Any], sound: AudioStream, shape: Picture, count: int) -> VideoStream:
    scope = Filter(
        "showfreqs",
        {
            "size": f"{shape.width}x{shape.height}",
            "rate": f"{sound.rate}/{BARS}",
            "mode": "bar",
            "win_size": BARS,
            "overlap": 0,
            "ascale": str(config.get("scale", "log")),
            "fscale": str(config.get("fscale", "lin")),
            "colors": colours(config),
        },
    )
    return film(drawn((scope, RGB), lambda: windows(sound, BARS, shape.fps), sound, shape), shape, count)


def _cqt(config: Mapping[str, Any], sound: AudioStream, shape: Picture, count: int) -> VideoStream:
    scope = Filter(
        "showcqt",
        {
            "size": f"{shape.width}x{shape.height}",
            "fps": str(shape.fps),
            "bar_h": shape.height,
            "axis_h": 0,
            "sono_h": 0,
            "axis": 0,
        },
    )

    def feed() -> Iterator[numpy.ndarray]:
        rest = numpy.zeros((sound.channels, BLOCK), numpy.float32)
        return chain(blocks(sound.frames(), BLOCK), repeat(rest))

    return film(drawn((scope, RGB), feed, sound, shape), shape, count)
