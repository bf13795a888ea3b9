"""RESIZE: the picture in another size."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from artdagd.errors import StepFailed
from artdagd.hooks.types import Effect
from artdagd.render.compositing.fitting import sized
from artdagd.render.streams import Media


def lower(config: Mapping[str, Any], inputs: Sequence[Media], effects: Mapping[str, Effect]) -> Media:
    """``contain`` shows the whole picture on black, ``cover`` fills the frame and cuts what stands out, ``stretch``
    ignores the aspect. With one side given, the other follows from the aspect. Sides become even. The bars of
    ``contain`` are transparent if the input has an alpha, opaque if it has none."""
    media = inputs[0]
    if media.video is None:
        raise StepFailed("its input has no picture", code="refused", advice="give it a video")
    width, height, fit = config.get("width"), config.get("height"), config.get("fit")
    return media.moved(lambda video: sized(video, width, height, fit))
