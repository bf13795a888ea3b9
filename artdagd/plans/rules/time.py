"""Shapes of the steps that choose what is seen when."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import msgspec

from artdagd.plans.faults import wrong_step
from artdagd.plans.model import ConcreteStep
from artdagd.plans.shapes import Rule, Shape, frames_in, no_picture, no_sound, rate, seconds_of
from artdagd.steps.numbers import even, exact, nearest


def _segment(step: ConcreteStep, inputs: Sequence[Shape]) -> Shape:
    source, config, start = inputs[0], step.config, step.config["start"]
    if start >= source.length or (source.has_picture and frames_in(start, source.fps) >= source.frames):
        problem = f"it starts at {start:g} s, and {step.inputs[0]!r} ends at {source.length:g} s"
        raise wrong_step(step.step_id, "config.start", problem, f"Start before {source.length:g} s.")
    end, until = source.length, math.inf
    for field, value in (("end", config.get("end")), ("duration", config.get("duration"))):
        if value is None:
            continue
        end = until = value if field == "end" else start + value
        if end <= start:
            raise wrong_step(step.step_id, f"config.{field}", "nothing is left", "End it after its start.")
        # A clip's last frame may stand a little past or before a round number that its author had in mind.
        if end > source.length + (source.fps[1] / source.fps[0] if source.has_picture else 0.04):
            problem = f"it ends at {end:g} s, and {step.inputs[0]!r} at {source.length:g} s"
            raise wrong_step(step.step_id, f"config.{field}", problem, f"End it at {source.length:g} s or before.")
    frames = min(frames_in(end, source.fps), source.frames) - frames_in(start, source.fps)
    duration = seconds_of(max(1, frames), source.fps) if source.has_picture else 0.0
    sound = None
    if source.audio is not None:  # where the sound ends before the start, there is silence as long as the picture
        sound = min(until, source.audio) - start if source.audio > start else duration
    return msgspec.structs.replace(source, duration=duration, audio=sound)


def _speed(step: ConcreteStep, inputs: Sequence[Shape]) -> Shape:
    source, factor = inputs[0], step.config["factor"]
    sound = None if source.audio is None else source.audio / factor
    frames = max(1, nearest(source.frames / exact(factor)))
    duration = seconds_of(frames, source.fps) if source.has_picture else 0.0
    return msgspec.structs.replace(source, duration=duration, audio=sound)


def _source(step: ConcreteStep, inputs: Sequence[Shape]) -> Shape:
    source, streams = inputs[0], step.config["streams"]
    if streams == "audio":
        if not source.has_audio:
            raise no_sound(step.step_id, step.inputs[0])
        return Shape(0.0, (0, 1), 0, 0, source.audio)
    if streams == "video" and not source.has_picture:
        raise no_picture(step.step_id, step.inputs[0])
    return source if streams == "both" else msgspec.structs.replace(source, audio=None)


def _reverse(step: ConcreteStep, inputs: Sequence[Shape]) -> Shape:
    source = inputs[0]
    lasts = source.has_picture and source.has_audio  # sound lasts as long as the picture
    return msgspec.structs.replace(source, audio=source.duration) if lasts else source


def _loop(step: ConcreteStep, inputs: Sequence[Shape]) -> Shape:
    source, count, lasting = inputs[0], step.config.get("count"), step.config.get("duration") or 0.0
    if not source.has_picture:
        return msgspec.structs.replace(source, audio=(source.audio or 0.0) * count if count else lasting)
    frames = source.frames * count if count else max(1, frames_in(lasting, source.fps))
    duration = seconds_of(frames, source.fps)
    return msgspec.structs.replace(source, duration=duration, audio=duration if source.has_audio else None)


def _retime(step: ConcreteStep, inputs: Sequence[Shape]) -> Shape:
    fps = rate(step, step.config["fps"])
    reached = 0.0
    for t0, t1, s0, s1 in step.config["pieces"]:
        if t0 != reached or t1 <= t0 or min(s0, s1) < 0:
            problem = f"piece ({t0:g}, {t1:g}, {s0:g}, {s1:g}) doesn't start at {reached:g} s, or runs out of the video"
            advice = "The first piece starts at 0, each other one where the one before it ends; no time is negative."
            raise wrong_step(step.step_id, "config.pieces", problem, advice)
        reached = t1
    return msgspec.structs.replace(
        inputs[0], duration=seconds_of(max(1, frames_in(reached, fps)), fps), fps=fps, audio=None
    )


def _sequence(step: ConcreteStep, inputs: Sequence[Shape]) -> Shape:
    first, config = inputs[0], step.config
    for name, clip in zip(step.inputs, inputs, strict=True):
        if clip.has_picture != first.has_picture:
            raise no_picture(step.step_id, name if first.has_picture else step.inputs[0])
    joints = _joints(step)
    if not first.has_picture:
        _check_overlaps(step, [clip.audio or 0.0 for clip in inputs], joints)
        return msgspec.structs.replace(first, audio=sum(clip.audio or 0.0 for clip in inputs) - sum(joints))
    fps = first.fps if config.get("fps") is None else rate(step, config["fps"])
    counts, overlaps = [max(1, frames_in(clip.duration, fps)) for clip in inputs], [frames_in(s, fps) for s in joints]
    _check_overlaps(step, [seconds_of(n, fps) for n in counts], [seconds_of(n, fps) for n in overlaps])
    duration = seconds_of(sum(counts) - sum(overlaps), fps)
    return Shape(
        duration=duration,
        fps=fps,
        width=even(config.get("width") or first.width),
        height=even(config.get("height") or first.height),
        audio=duration if any(clip.has_audio for clip in inputs) else None,
    )


def _joints(step: ConcreteStep) -> list[float]:
    """How long the transition between each clip and the next lasts, in seconds."""
    default, own, count = step.config.get("transition"), step.config.get("transitions") or (), len(step.inputs) - 1
    if own and len(own) != count:
        problem = f"there are {len(own)} transitions, and its {count + 1} clips meet {count} times"
        raise wrong_step(step.step_id, "config.transitions", problem, "Give one transition for each joint.")
    turns = own or [default] * count
    return [0.0 if turn is None or turn["type"] == "cut" else turn["duration"] for turn in turns]


def _check_overlaps(step: ConcreteStep, lengths: Sequence[float], overlaps: Sequence[float]) -> None:
    """Raise InvalidRecipe if a clip is shorter than its transitions; all in seconds."""
    for name, length, before, after in zip(step.inputs, lengths, [0.0, *overlaps], [*overlaps, 0.0], strict=True):
        if before + after > length + 1e-9:
            field = "transitions" if step.config.get("transitions") else "transition"
            problem = f"{name!r} lasts {length:g} s, and its transitions {before + after:g} s"
            raise wrong_step(step.step_id, f"config.{field}", problem, "Make them shorter, or the clip longer.")


RULES: Mapping[str, Rule] = {
    "SOURCE": _source,
    "SEGMENT": _segment,
    "SPEED": _speed,
    "REVERSE": _reverse,
    "LOOP": _loop,
    "RETIME": _retime,
    "SEQUENCE": _sequence,
}
