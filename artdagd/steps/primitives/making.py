"""Step types that make pictures and sound where there were none."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from artdagd.steps.primitives.fields import Colour, Config, Pixels, Rate
from artdagd.steps.types import Port, StepType
from artdagd.steps.windows import making

Length = Annotated[float, msgspec.Meta(gt=0, le=86_400, description="seconds that the result lasts")]


class View(Config, frozen=True):
    """What is seen of a still."""

    zoom: Annotated[float, msgspec.Meta(ge=1, le=32, description="1 shows all that fits")] = 1.0
    x: Annotated[float, msgspec.Meta(ge=0, le=1, description="the middle: 0 is at the left edge, 1 at the right")] = 0.5
    y: Annotated[float, msgspec.Meta(ge=0, le=1, description="the middle: 0 is at the top, 1 at the bottom")] = 0.5


class Image(Config, frozen=True):
    duration: Length = 5.0
    fps: Rate = 25.0
    width: Pixels | None = None
    height: Pixels | None = None
    fit: Annotated[
        Literal["cover", "contain", "stretch"],
        msgspec.Meta(
            description="cover: fill the frame, with a crop; contain: whole still, with bars; stretch: distort"
        ),
    ] = "cover"
    background: Annotated[Colour, msgspec.Meta(description="the colour of the bars, as #RRGGBB")] = "#000000"
    start: Annotated[
        View,
        msgspec.Meta(description="what is seen first: {zoom: 1 to 32, x: 0 to 1, y: 0 to 1}, the last two its middle"),
    ] = msgspec.field(name="from", default=View())
    end: Annotated[View | None, msgspec.Meta(description="what is seen last; without it, nothing moves")] = (
        msgspec.field(name="to", default=None)
    )
    ease: Annotated[
        Literal["linear", "in", "out", "in_out"],
        msgspec.Meta(description="how the move from the one to the other goes"),
    ] = "in_out"


class Generate(Config, frozen=True):
    pattern: Annotated[
        Literal["bars", "test", "color", "gradient", "checkerboard", "noise"],
        msgspec.Meta(description="bars: SMPTE RP 219; test: ffmpeg's testsrc2, which moves; noise changes each frame"),
    ] = "bars"
    width: Pixels = 1280
    height: Pixels = 720
    fps: Rate = 25.0
    duration: Length = 5.0
    colors: Annotated[
        tuple[Colour, ...],
        msgspec.Meta(
            max_length=16,
            description="color takes one, checkerboard two, gradient two or more; else black, or black and white",
        ),
    ] = ()
    shape: Annotated[
        Literal["linear", "radial"],
        msgspec.Meta(description="how a gradient goes: across, or from its centre outwards"),
    ] = "linear"
    angle: Annotated[
        float, msgspec.Meta(ge=-360, le=360, description="degrees that a linear gradient is turned; 90 goes down")
    ] = 0.0
    size: Annotated[
        int, msgspec.Meta(ge=1, le=8192, description="pixels of a side of a square of the checkerboard")
    ] = 64
    seed: Annotated[int, msgspec.Meta(ge=0, le=2**53 - 1, description="which noise")] = 0
    monochrome: Annotated[bool, msgspec.Meta(description="false: the noise has colours")] = True
    sound: Annotated[Literal["none", "silence", "tone"], msgspec.Meta(description="tone: a sine at -18 dBFS")] = "none"
    frequency: Annotated[float, msgspec.Meta(ge=20, le=20_000, description="hertz of the tone")] = 1000.0

    def __post_init__(self) -> None:
        wanted = {"color": (1, 1), "checkerboard": (2, 2), "gradient": (2, 16)}.get(self.pattern, (0, 0))
        if self.colors and not wanted[0] <= len(self.colors) <= wanted[1]:
            takes = "no colors" if wanted[1] == 0 else f"{wanted[0]}" + (" or more" if wanted[1] > wanted[0] else "")
            raise ValueError(f"{self.pattern} takes {takes} in colors, and {len(self.colors)} are given")


STEP_TYPES: tuple[StepType, ...] = (
    StepType(
        name="IMAGE",
        version="1",
        description="A still as a clip, with a smooth move over it (Ken Burns) if asked for. It has no sound.",
        ports=(Port("still", "image"),),
        gives="video",
        config=Image,
        module="artdagd.render.steps.image",
        example={"duration": 3.0, "width": 160, "height": 90, "to": {"zoom": 1.5, "x": 0.6, "y": 0.4}},
        cost=15.0,
        access="part",
        window=making.image,
    ),
    StepType(
        name="GENERATE",
        version="1",
        description="Bars, a colour, a gradient, a checkerboard, noise or a test picture, from nothing.",
        ports=(),
        gives="media",
        config=Generate,
        module="artdagd.render.steps.generate",
        example={
            "pattern": "gradient",
            "colors": ["#102040", "#c03060", "#f0c040"],
            "angle": 30,
            "width": 480,
            "height": 270,
            "duration": 3.0,
        },
        cost=2.0,
        access="frame",
        window=making.generate,
    ),
)
