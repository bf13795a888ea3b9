"""WAVEFORM: the wave of a sound, as a picture that moves with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from artdagd.errors import StepFailed
from artdagd.hooks.types import Effect, Filter
from artdagd.render.sounds.scopes import BT709, drawn, film, windows
from artdagd.render.streams import Media, Picture
from artdagd.steps.numbers import even, exact, nearest


def lower(config: Mapping[str, Any], inputs: Sequence[Media], effects: Mapping[str, Effect]) -> Media:
    """Frame ``i`` shows ``window`` seconds of sound around ``i / fps``, from left to right. The sound stays."""
    sound = inputs[0].audio
    if sound is None:
        raise StepFailed("its input has no sound", code="refused", advice="give it music, or a video with sound")
    fps = exact(config.get("fps", 25))
    shape = Picture(even(config.get("width", 1280)), even(config.get("height", 720)), "yuv444p", fps, BT709)
    window = 1 / fps if config.get("window") is None else exact(config["window"])
    column = max(1, nearest(window * sound.rate / shape.width))
    colours = [colour.replace("#", "0x") for colour in config.get("colors", ("#FFFFFF",))]
    scope = Filter(
        "showwaves",
        {
            "size": f"{shape.width}x{shape.height}",
            "n": column,
            "mode": str(config.get("mode", "cline")),
            "scale": str(config.get("scale", "lin")),
            "draw": str(config.get("draw", "full")),
            "split_channels": int(bool(config.get("split", False))),
            "colors": "|".join(colours[i % len(colours)] for i in range(2)),
        },
    )
    size = column * shape.width
    source = drawn((scope, Filter("format", {"pix_fmts": "rgba"})), lambda: windows(sound, size, fps), sound, shape)
    # showwaves begins with an empty picture, and shows what it was given with the next.
    return Media(film(source, shape, max(1, nearest(sound.duration * fps)), late=1), sound)
