"""MUX: the picture of one medium with the sound of another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

from artdagd.errors import StepFailed
from artdagd.hooks.types import Effect
from artdagd.render.streams import Media
from artdagd.steps.numbers import nearest


def lower(config: Mapping[str, Any], inputs: Sequence[Media], effects: Mapping[str, Effect]) -> Media:
    """``length`` tells which of the two decides: ``audio`` holds the last picture or cuts, ``video`` pads the sound
    with silence or cuts it, ``shortest`` cuts the longer one. The sound starts with its first sample."""
    video, audio = inputs[0].video, inputs[1].audio
    if video is None:
        raise StepFailed("its first input has no picture", code="refused", advice="give it a video")
    if audio is None:
        raise StepFailed("its second input has no sound", code="refused", advice="give it a file with sound")
    length = config.get("length", "shortest")
    if length == "audio" or (length == "shortest" and audio.duration <= video.duration):
        count = max(1, nearest(audio.duration * video.picture.fps))
        return replace(inputs[0].moved(lambda stream: stream.lasting(count)), audio=audio, offset=Fraction(0))
    audio = audio.lasting(max(1, nearest(video.duration * audio.rate)))
    return replace(inputs[0], audio=audio, offset=Fraction(0))
