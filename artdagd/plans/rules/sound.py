"""Shapes of the steps that change or exchange the sound."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from artdagd.plans.faults import wrong_step
from artdagd.plans.model import ConcreteStep
from artdagd.plans.shapes import Rule, Shape, frames_in, no_sound, seconds_of


def _mux(step: ConcreteStep, inputs: Sequence[Shape]) -> Shape:
    video, sound = inputs[0], inputs[1].audio or 0.0
    length = {"audio": sound, "video": video.duration}.get(step.config["length"], min(sound, video.duration))
    duration = seconds_of(max(1, frames_in(length, video.fps)), video.fps)
    return msgspec.structs.replace(video, duration=duration, audio=length)


def _mix(step: ConcreteStep, inputs: Sequence[Shape]) -> Shape:
    first, config, count = inputs[0], step.config, len(inputs)
    for field in ("gain", "pan", "delay"):
        if isinstance(config[field], list | tuple) and len(config[field]) > count:
            problem = f"{field} has {len(config[field])} values, and there are {count} inputs"
            raise wrong_step(step.step_id, f"config.{field}", problem, "Give one value for each input, or one for all.")
    if config["duck"] is not None and config["duck"]["by"] >= count:
        problem = f"there is no input {config['duck']['by']}: its inputs are numbered from 0 to {count - 1}"
        raise wrong_step(step.step_id, "config.duck.by", problem, "Give the number of the input to listen to.")
    if not any(shape.has_audio for shape in inputs):
        raise no_sound(step.step_id, step.inputs[0])
    delay = config["delay"]
    delays = [*delay, *([0.0] * (count - len(delay)))] if isinstance(delay, list | tuple) else [delay] * count
    ends = [wait + shape.audio for wait, shape in zip(delays, inputs, strict=True) if shape.audio is not None]
    whole = first.duration if first.has_picture else ends.pop(0)
    others = ends[1:] if first.has_picture and first.has_audio else ends
    if config["length"] != "first":
        whole = max(whole, *others, 0.0) if config["length"] == "longest" else min([whole, *others])
    picture = seconds_of(max(1, frames_in(whole, first.fps)), first.fps) if first.has_picture else 0.0
    return msgspec.structs.replace(first, duration=picture, audio=whole)


def _needs_sound(step: ConcreteStep, inputs: Sequence[Shape]) -> Shape:
    if not inputs[0].has_audio:
        raise no_sound(step.step_id, step.inputs[0])
    return inputs[0]


RULES: Mapping[str, Rule] = {"MUX": _mux, "AUDIO_MIX": _mix, "AUDIO_FADE": _needs_sound, "LOUDNESS": _needs_sound}
