"""Step types that make a picture of sound."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from artdagd.steps.primitives.fields import Colour, Config, Pixels, Rate
from artdagd.steps.types import Port, StepType

Colours = Annotated[
    tuple[Colour, ...], msgspec.Meta(min_length=1, max_length=2, description="colour of each channel, as #RRGGBB")
]
Scale = Literal["lin", "sqrt", "cbrt", "log"]


class Waveform(Config, frozen=True):
    width: Pixels = 1280
    height: Pixels = 720
    fps: Rate = 25.0
    mode: Annotated[
        Literal["point", "line", "p2p", "cline"],
        msgspec.Meta(description="point: samples; line: from the middle; p2p: joined; cline: centred, both ways"),
    ] = "cline"
    window: (
        Annotated[
            float,
            msgspec.Meta(gt=0, le=60, description="seconds of sound that a picture shows; null: as long as a frame"),
        ]
        | None
    ) = None
    colors: Colours = ("#FFFFFF",)
    scale: Annotated[Scale, msgspec.Meta(description="how height follows level")] = "lin"
    draw: Annotated[
        Literal["scale", "full"], msgspec.Meta(description="scale: bright where many samples lie; full: all bright")
    ] = "full"
    split: Annotated[bool, msgspec.Meta(description="each channel in a band of its own")] = False


class Spectrum(Config, frozen=True):
    width: Pixels = 1280
    height: Pixels = 720
    fps: Rate = 25.0
    mode: Annotated[
        Literal["scroll", "bars", "cqt"],
        msgspec.Meta(
            description="scroll: time runs to the left, and bass is below; bars: level of each frequency; cqt: bars at "
            "the distances of a keyboard, coloured"
        ),
    ] = "scroll"
    color: Annotated[
        Literal["intensity", "channel", "rainbow", "moreland", "nebulae", "fire", "fiery", "fruit", "cool", "magma",
                "green", "viridis", "plasma", "cividis", "terrain"],
        msgspec.Meta(description="scroll: what level looks like"),
    ] = "intensity"  # fmt: skip
    speed: Annotated[float, msgspec.Meta(gt=0, le=2400, description="scroll: pixels a second")] = 100.0
    colors: Annotated[Colours, msgspec.Meta(description="bars: colour of each channel, as #RRGGBB")] = ("#FFFFFF",)
    scale: Annotated[Scale, msgspec.Meta(description="scroll and bars: how brightness or height follows level")] = "log"
    fscale: Annotated[Literal["lin", "log"], msgspec.Meta(description="scroll and bars: frequencies")] = "lin"


SOUND = (Port("sound", "audio"),)

STEP_TYPES: tuple[StepType, ...] = (
    StepType(
        name="WAVEFORM",
        version="1",
        description="A picture of the sound's wave, with the sound. Each frame shows what is heard around its time.",
        ports=SOUND,
        gives="media",
        config=Waveform,
        module="artdagd.render.steps.waveform",
        cost=12.0,
        example={"width": 640, "height": 360, "mode": "cline", "colors": ["#40C0FF"]},
    ),
    StepType(
        name="SPECTRUM",
        version="1",
        description="A picture of the sound's frequencies, with the sound. Each frame shows what is heard around its "
        "time. A scrolling one looks at twice as many samples at a time as it is high.",
        ports=SOUND,
        gives="media",
        config=Spectrum,
        module="artdagd.render.steps.spectrum",
        cost=20.0,
        example={"width": 640, "height": 360, "mode": "scroll", "color": "magma"},
    ),
)
