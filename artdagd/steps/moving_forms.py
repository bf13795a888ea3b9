"""What may stand where a number does that moves with time: the words of a recipe, and their ranges and defaults.

Keyframes, pulses and values are known curves; filled in, they are as in :mod:`artdagd.steps.curves`. The other two are
bound to an ANALYZE step, which a key of its own names beside these words.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

import msgspec

MOST = 262_144
"""Keyframes, pulses or values of one curve: every picture of three hours at 24 a second."""

Time = Annotated[float, msgspec.Meta(ge=-86_400, le=86_400, description="seconds on the clock of the step's result")]
Length = Annotated[float, msgspec.Meta(ge=0, le=3_600, description="seconds")]
Offset = Annotated[float, msgspec.Meta(ge=-86_400, le=86_400, description="seconds by which all comes later")]
Ease = Annotated[
    Literal["linear", "hold", "in", "out", "in_out"],
    msgspec.Meta(description="how the value gets there from the keyframe before; hold is a jump at that time"),
]


class Form(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Base of the forms."""


class Keyframe(msgspec.Struct, frozen=True, forbid_unknown_fields=True, array_like=True):
    """[time, value] or [time, value, ease]."""

    time: Time
    value: float
    ease: Ease = "linear"


class Keyframes(Form, frozen=True):
    """Values at times; held before the first and after the last."""

    keyframes: Annotated[
        tuple[Keyframe, ...],
        msgspec.Meta(min_length=1, max_length=MOST, description="[time, value] or [time, value, ease], in order"),
    ]


class Pulses(Form, frozen=True):
    """A pulse at each of the times."""

    pulses: Annotated[tuple[Time, ...], msgspec.Meta(max_length=MOST, description="times in seconds, in order")]
    rest: Annotated[float, msgspec.Meta(description="the value between pulses")]
    peak: Annotated[float, msgspec.Meta(description="the value at a pulse")]
    attack: Annotated[Length, msgspec.Meta(description="seconds in which it rises before the pulse")] = 0.0
    decay: Annotated[Length, msgspec.Meta(description="seconds until it is back at rest")] = 0.25


class Values(Form, frozen=True):
    """Values at equal distances, joined by straight lines."""

    values: Annotated[tuple[float, ...], msgspec.Meta(min_length=1, max_length=MOST)]
    hop: Annotated[float, msgspec.Meta(gt=0, le=3_600, description="seconds from value to value")]
    start: Annotated[Time, msgspec.Meta(description="time of the first value, in seconds")] = 0.0


class OnEvents(Form, frozen=True):
    """A pulse at each time that an ANALYZE step finds: beats, onsets, downbeats."""

    rest: Annotated[float, msgspec.Meta(description="the value between pulses")]
    peak: Annotated[float, msgspec.Meta(description="the value at a pulse")]
    attack: Annotated[Length, msgspec.Meta(description="seconds in which it rises before the pulse")] = 0.0
    decay: Annotated[Length, msgspec.Meta(description="seconds until it is back at rest")] = 0.25
    every: Annotated[int, msgspec.Meta(ge=1, le=1024, description="4 takes the first of every four")] = 1
    offset: Offset = 0.0


_RANGE = "what of the curve becomes from and to, in its own unit; what goes beyond is cut off"


class Following(Form, frozen=True, rename={"from_": "from"}):
    """As a curve goes that an ANALYZE step finds: energy, bands.low, brightness, motion."""

    from_: Annotated[float, msgspec.Meta(description="the value where the curve is lowest")]
    to: Annotated[float, msgspec.Meta(description="the value where the curve is highest")]
    smooth: Annotated[
        Length, msgspec.Meta(description="seconds over which the curve is averaged, half of them ahead")
    ] = 0.0
    range: (
        Annotated[
            tuple[float, float],
            msgspec.Meta(description="what of the curve becomes from and to, in its own unit; beyond, it is cut off"),
        ]
        | None
    ) = None
    offset: Offset = 0.0


KNOWN: Mapping[str, type[Form]] = {"keyframes": Keyframes, "pulses": Pulses, "values": Values}
"""The forms that need no analysis, by the key that tells them."""
