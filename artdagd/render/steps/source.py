"""SOURCE: a medium as it is, or one of its streams."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from artdagd.errors import StepFailed
from artdagd.hooks.types import Effect
from artdagd.render.streams import Media


def lower(config: Mapping[str, Any], inputs: Sequence[Media], effects: Mapping[str, Effect]) -> Media:
    """The input itself; ``streams`` leaves the picture or the sound out. Nothing is decoded for it."""
    media, streams = inputs[0], config.get("streams", "both")
    if streams == "video":
        if media.video is None:
            raise StepFailed("its input has no picture", code="refused", advice="give it a video")
        return replace(media, audio=None)
    if streams == "audio":
        if media.audio is None:
            raise StepFailed("its input has no sound", code="refused", advice="give it a file with sound")
        return Media(None, media.synced())
    return media
