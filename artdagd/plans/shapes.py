"""The shape of media before they exist: how long, how large, at what rate, with or without sound.

What a step will give follows from its config and the shapes of its inputs, back to the probed facts of the recipe's
inputs. So that planning can resolve BEAT_SYNC on a step's result, and refuse what can't be rendered before a worker
is asked.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import Any

import msgspec

from artdagd.errors import InvalidRecipe
from artdagd.plans.faults import wrong_input, wrong_step
from artdagd.plans.model import ConcreteStep
from artdagd.steps.types import Carries, Port
from artdagd.work import MediaFacts

MAX_DURATION = 86_400
"""Seconds that a step's result may last: a day."""

MAX_SIDE = 16_384
"""Pixels that a picture's side may have, as libavcodec's H.264 has it."""

MAX_RATE = 240
"""Frames a second."""


class Shape(msgspec.Struct, frozen=True):
    """``duration`` is seconds of picture (0: there is none), ``audio`` seconds of sound (None: there is none);
    ``width`` and ``height`` are pixels; ``fps`` is (numerator, denominator). ``offset`` is seconds from the first
    picture to the first sample, which differ in a file but not in a step's result."""

    duration: float
    fps: tuple[int, int]
    width: int
    height: int
    audio: float | None
    offset: float = 0.0

    @property
    def length(self) -> float:
        """Seconds of picture, or of sound where there is no picture."""
        return self.duration or self.audio or 0.0

    @property
    def frames(self) -> int:
        return _frames(self.duration, self.fps)

    @property
    def has_picture(self) -> bool:
        return self.duration > 0

    @property
    def has_audio(self) -> bool:
        return self.audio is not None


def source_shape(name: str, facts: MediaFacts) -> Shape:
    """The shape of a recipe input. Raises InvalidRecipe if no reader of ours can open it."""
    video, audio = facts.video, facts.audio
    sound = audio.duration if audio is not None and audio.duration > 0 else None
    if video is not None and video.duration > 0 and min(*video.fps, video.width, video.height) > 0:
        return Shape(video.duration, video.fps, video.width, video.height, sound, facts.offset)
    if sound is None:
        problem = f"the content is of kind {facts.kind!r} ({facts.media_type}) and has neither picture nor sound"
        raise wrong_input(name, problem, "Give a video or a piece of music, in a format that ffmpeg reads.")
    return Shape(0.0, (0, 1), 0, 0, sound)


def expand_ports(step_id: str, ports: Sequence[Port], count: int) -> tuple[Port, ...]:
    """The port of each of a step's ``count`` inputs; a last port with ``many`` takes one or more.

    Raises InvalidRecipe if the step takes another number of inputs.
    """
    many = bool(ports) and ports[-1].many
    if count < len(ports) or (count > len(ports) and not many):
        names = ", ".join(port.name for port in ports)
        problem = f"it has {count} inputs and takes {len(ports)}{' or more' if many else ''} ({names})"
        raise wrong_step(step_id, "inputs", problem, "Name one recipe input or step for each.")
    return (*ports, *(ports[-1] for _ in range(count - len(ports))))


def check_port(step_id: str, source: str, shape: Shape, carries: Carries) -> None:
    """Raise InvalidRecipe unless what ``source`` gives can go into a port that carries ``carries``."""
    if carries == "audio" and not shape.has_audio:
        problem = f"it needs sound, and {source!r} has none"
        raise wrong_step(step_id, "inputs", problem, "Give it music, or a video with sound.")
    if carries == "video" and not shape.has_picture:
        raise _no_picture(step_id, source)


def step_shape(step: ConcreteStep, inputs: Sequence[Shape]) -> Shape:
    """The shape that a concrete ``step`` gives from ``inputs``, which have gone through ``check_port``.

    A step type that is not named here keeps the shape of its first input. Picture lasts a whole number of frames, as
    it does when rendered. Raises InvalidRecipe if the step would have nothing to show, or more than ``MAX_DURATION`` or
    ``MAX_SIDE``.
    """
    if step.type not in _SOUND_TOO and not inputs[0].has_picture:
        raise _no_picture(step.step_id, step.inputs[0])
    rule = _RULES.get(step.type)
    # What is played as a whole keeps its sync; MUX takes sound from its first sample on, whatever it stood beside.
    inputs = [_synced(inputs[0]), *inputs[1:]] if step.type == "MUX" else [_synced(shape) for shape in inputs]
    shape = inputs[0] if rule is None else rule(step, inputs)
    if shape.duration > MAX_DURATION:
        problem = f"it would last {shape.duration:g} s, and the most is {MAX_DURATION} s"
        raise wrong_step(step.step_id, "config", problem, "Make it shorter.")
    if max(shape.width, shape.height) > MAX_SIDE:
        problem = f"its picture would be {shape.width}x{shape.height}, and the most is {MAX_SIDE} a side"
        raise wrong_step(step.step_id, "config", problem, "Make it smaller.")
    return shape


def _synced(shape: Shape) -> Shape:
    """With silence before the sound, or without its beginning, so that it starts with the picture."""
    if shape.audio is None or not shape.has_picture:
        return shape
    return msgspec.structs.replace(shape, audio=max(0.0, shape.audio + shape.offset), offset=0.0)


def _segment(step: ConcreteStep, inputs: Sequence[Shape]) -> Shape:
    source, config, start = inputs[0], step.config, step.config["start"]
    if start >= source.length or (source.has_picture and _frames(start, source.fps) >= source.frames):
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
    frames = min(_frames(end, source.fps), source.frames) - _frames(start, source.fps)
    duration = _seconds(max(1, frames), source.fps) if source.has_picture else 0.0
    sound = None
    if source.audio is not None:  # where the sound ends before the start, there is silence as long as the picture
        sound = min(until, source.audio) - start if source.audio > start else duration
    return msgspec.structs.replace(source, duration=duration, audio=sound)


def _speed(step: ConcreteStep, inputs: Sequence[Shape]) -> Shape:
    source, factor = inputs[0], step.config["factor"]
    sound = None if source.audio is None else source.audio / factor
    frames = max(1, _nearest(source.frames / Fraction(repr(factor))))
    duration = _seconds(frames, source.fps) if source.has_picture else 0.0
    return msgspec.structs.replace(source, duration=duration, audio=sound)


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
        inputs[0], duration=_seconds(max(1, _frames(reached, fps)), fps), fps=fps, audio=None
    )


def _resize(step: ConcreteStep, inputs: Sequence[Shape]) -> Shape:
    source, width, height = inputs[0], step.config.get("width"), step.config.get("height")
    aspect = source.width / source.height
    wide = width or (height * aspect if height else source.width)
    high = height or (width / aspect if width else source.height)
    return msgspec.structs.replace(source, width=_even(wide), height=_even(high))


def _sequence(step: ConcreteStep, inputs: Sequence[Shape]) -> Shape:
    first, config = inputs[0], step.config
    for name, clip in zip(step.inputs, inputs, strict=True):
        if clip.has_picture != first.has_picture:
            raise _no_picture(step.step_id, name if first.has_picture else step.inputs[0])
    if not first.has_picture:
        return msgspec.structs.replace(first, audio=sum(clip.audio or 0.0 for clip in inputs))
    fps = first.fps if config.get("fps") is None else rate(step, config["fps"])
    duration = _seconds(sum(max(1, _frames(clip.duration, fps)) for clip in inputs), fps)
    return Shape(
        duration=duration,
        fps=fps,
        width=_even(config.get("width") or first.width),
        height=_even(config.get("height") or first.height),
        audio=duration if any(clip.has_audio for clip in inputs) else None,
    )


def _mux(step: ConcreteStep, inputs: Sequence[Shape]) -> Shape:
    video, sound = inputs[0], inputs[1].audio or 0.0
    length = {"audio": sound, "video": video.duration}.get(step.config["length"], min(sound, video.duration))
    duration = _seconds(max(1, _frames(length, video.fps)), video.fps)
    return msgspec.structs.replace(video, duration=duration, audio=length)


_SOUND_TOO = frozenset({"SEGMENT", "SPEED", "SEQUENCE"})
"""Steps that also work on sound alone."""

_RULES: Mapping[str, Callable[[ConcreteStep, Sequence[Shape]], Shape]] = {
    "SEGMENT": _segment,
    "SPEED": _speed,
    "RETIME": _retime,
    "RESIZE": _resize,
    "SEQUENCE": _sequence,
    "MUX": _mux,
}


def rate(step: ConcreteStep, value: Any) -> tuple[int, int]:
    """The ``fps`` of a step as (numerator, denominator) in lowest terms, from a number, "30000/1001" or a pair.

    A number stands for its shortest decimal: 29.97 is 2997/100. Raises InvalidRecipe outside of 0..``MAX_RATE``.
    """
    try:
        if isinstance(value, list | tuple):
            exact = Fraction(value[0], value[1])
        else:
            exact = Fraction(value if isinstance(value, str) else repr(value))
    except (ValueError, ZeroDivisionError):
        exact = Fraction(0)
    if not 0 < exact <= MAX_RATE:
        problem = f"{value!r} is no frame rate"
        raise wrong_step(
            step.step_id, "config.fps", problem, f"Give more than 0 and at most {MAX_RATE}: 25, 30000/1001."
        )
    return exact.numerator, exact.denominator


def _no_picture(step_id: str, source: str) -> InvalidRecipe:
    problem = f"it needs a picture, and {source!r} has none"
    return wrong_step(step_id, "inputs", problem, "Give it a video, or a step that makes one.")


def _nearest(value: Fraction) -> int:
    """The nearest whole number, halves up: as the renderer counts frames."""
    return math.floor(value + Fraction(1, 2))


def _frames(seconds: float, fps: tuple[int, int]) -> int:
    return _nearest(Fraction(repr(seconds)) * fps[0] / fps[1])


def _seconds(frames: int, fps: tuple[int, int]) -> float:
    return frames * fps[1] / fps[0]


def _even(pixels: float) -> int:
    return max(2, 2 * _nearest(Fraction(pixels) / 2))
