"""WAVEFORM: the wave of a sound, as a picture that moves with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from artdagd.errors import StepFailed
from artdagd.hooks.types import Effect, Filter
from artdagd.render.sounds.scopes import colours, drawn, film, shape_of, windows
from artdagd.render.streams import Media
from artdagd.steps.numbers import exact, nearest


def lower(config: Mapping[str, Any], inputs: Sequence[Media], effects: Mapping[str, Effect]) -> Media:
    """Frame ``i`` shows ``window`` seconds of sound around ``i / fps``, from left to right. The sound stays."""
    sound = inputs[0].audio
    if sound is None:
        raise StepFailed("its input has no sound", code="refused", advice="give it music, or a video with sound")
    shape = shape_of(config)
    fps = shape.fps
    window = 1 / fps if config.get("window") is None else exact(config["window"])
    column = max(1, nearest(window * sound.rate / shape.width))
    scope = Filter(
        "showwaves",
        {
            "size": f"{shape.width}x{shape.height}",
            "n": column,
            "mode": str(config.get("mode", "cline")),
            "scale": str(config.get("scale", "lin")),
            "draw": str(config.get("draw", "full")),
            "split_channels": int(bool(config.get("split", False))),
            "colors": colours(config),
        },
    )
    size = column * shape.width
    source = drawn((scope, Filter("format", {"pix_fmts": "rgba"})), lambda: windows(sound, size, fps), sound, shape)
    # showwaves begins with an empty picture, and shows what it was given with the next.
    return Media(film(source, shape, max(1, nearest(sound.duration * fps)), late=1), sound)
