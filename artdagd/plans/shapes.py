"""The shape of media before they exist: how long, how large, at what rate, with or without sound.

What a step will give follows from its config and the shapes of its inputs (:mod:`artdagd.plans.rules`), back to the
probed facts of the recipe's inputs. So that planning can resolve BEAT_SYNC on a step's result, and refuse what can't be
rendered before a worker is asked.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import lru_cache
from typing import Any

import msgspec

from artdagd.errors import InvalidRecipe
from artdagd.plans.faults import wrong_input, wrong_step
from artdagd.plans.model import ConcreteStep
from artdagd.steps.numbers import exact, nearest
from artdagd.work import MediaFacts

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
        return frames_in(self.duration, self.fps)

    @property
    def has_picture(self) -> bool:
        return self.duration > 0

    @property
    def is_data(self) -> bool:
        return not self.has_picture and not self.has_audio

    @property
    def has_audio(self) -> bool:
        return self.audio is not None


Rule = Callable[[ConcreteStep, Sequence[Shape]], Shape]
"""A step and the shapes of its inputs -> the shape of its result. Raises InvalidRecipe."""


def source_shape(name: str, facts: MediaFacts) -> Shape:
    """The shape of a recipe input; text has neither picture nor sound. Raises InvalidRecipe if no reader of ours can
    open it."""
    video, audio = facts.video, facts.audio
    sound = audio.duration if audio is not None and audio.duration > 0 else None
    if video is not None and video.duration > 0 and min(*video.fps, video.width, video.height) > 0:
        return Shape(video.duration, video.fps, video.width, video.height, sound, facts.offset)
    if sound is None and facts.kind == "data":
        return Shape(0.0, (0, 1), 0, 0, None)
    if sound is None:
        problem = f"the content is of kind {facts.kind!r} ({facts.media_type}) and has neither picture nor sound"
        raise wrong_input(name, problem, "Give a video or a piece of music, in a format that ffmpeg reads.")
    return Shape(0.0, (0, 1), 0, 0, sound)


def synced(shape: Shape) -> Shape:
    """With silence before the sound, or without its beginning, so that it starts with the picture."""
    if shape.audio is None or not shape.has_picture:
        return shape
    return msgspec.structs.replace(shape, audio=max(0.0, shape.audio + shape.offset), offset=0.0)


def heard(shape: Shape) -> Shape:
    """The sound alone, from its first sample on."""
    return Shape(0.0, (0, 1), 0, 0, shape.audio)


def rate(step: ConcreteStep, value: Any) -> tuple[int, int]:
    """The ``fps`` of a step as (numerator, denominator) in lowest terms, from a number, "30000/1001" or a pair.

    A number stands for its shortest decimal: 29.97 is 2997/100. Raises InvalidRecipe outside of 0..``MAX_RATE``.
    """
    try:
        fps = Fraction(value[0], value[1]) if isinstance(value, list | tuple) else exact(value)
    except (ValueError, ZeroDivisionError):
        fps = Fraction(0)
    if not 0 < fps <= MAX_RATE:
        problem = f"{value!r} is no frame rate"
        raise wrong_step(
            step.step_id, "config.fps", problem, f"Give more than 0 and at most {MAX_RATE}: 25, 30000/1001."
        )
    return fps.numerator, fps.denominator


def no_picture(step_id: str, source: str) -> InvalidRecipe:
    """The error for an input that should have a picture."""
    problem = f"it needs a picture, and {source!r} has none"
    return wrong_step(step_id, "inputs", problem, "Give it a video, or a step that makes one.")


def no_sound(step_id: str, source: str) -> InvalidRecipe:
    """The error for an input that should have sound."""
    problem = f"it needs sound, and {source!r} has none"
    return wrong_step(step_id, "inputs", problem, "Give it music, or a video with sound.")


@lru_cache(4096)
def frames_in(seconds: float, fps: tuple[int, int]) -> int:
    """The nearest number of frames. (Kept, since the steps of a plan mostly last equally long.)"""
    return nearest(exact(seconds) * fps[0] / fps[1])


def seconds_of(frames: int, fps: tuple[int, int]) -> float:
    """How long ``frames`` last."""
    return frames * fps[1] / fps[0]
