"""Shapes of the steps that change or exchange the sound."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from artdagd.plans.model import ConcreteStep
from artdagd.plans.shapes import Rule, Shape, frames_in, seconds_of


def _mux(step: ConcreteStep, inputs: Sequence[Shape]) -> Shape:
    video, sound = inputs[0], inputs[1].audio or 0.0
    length = {"audio": sound, "video": video.duration}.get(step.config["length"], min(sound, video.duration))
    duration = seconds_of(max(1, frames_in(length, video.fps)), video.fps)
    return msgspec.structs.replace(video, duration=duration, audio=length)


RULES: Mapping[str, Rule] = {"MUX": _mux}
