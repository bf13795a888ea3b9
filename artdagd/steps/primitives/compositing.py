"""Step types that lay pictures over each other, and that make parts of them transparent."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from artdagd.steps.primitives.fields import MEDIA, Colour, Config, Seconds
from artdagd.steps.types import Port, StepType
from artdagd.steps.windows import compositing, still

Anchor = Literal[
    "top_left", "top", "top_right", "left", "center", "right", "bottom_left", "bottom", "bottom_right"
]  # fmt: skip
Opacity = Annotated[float, msgspec.Meta(ge=0, le=1, description="0 can't be seen, 1 is as opaque as it is itself")]
After = Annotated[
    Literal["hold", "loop", "hide"],
    msgspec.Meta(description="once it has ended: hold its last frame, loop it, or hide it"),
]
Offset = Annotated[float, msgspec.Meta(ge=-16384, le=16384)]
Side = Annotated[float, msgspec.Meta(gt=0, le=16384, description="in units; a missing side follows from the aspect")]


class Layer(Config, frozen=True):
    anchor: Annotated[
        Anchor, msgspec.Meta(description="the point of the overlay that stands at the same point of the base")
    ] = "center"
    x: Annotated[Offset, msgspec.Meta(description="units to the right of the anchor")] = 0.0
    y: Annotated[Offset, msgspec.Meta(description="units down from the anchor")] = 0.0
    width: Side | None = None
    height: Side | None = None
    unit: Annotated[
        Literal["pixels", "percent"],
        msgspec.Meta(description="of x, y, width and height: pixels, or percent of the base's width and height"),
    ] = "pixels"
    fit: Annotated[
        Literal["contain", "cover", "stretch"],
        msgspec.Meta(
            description="with both sides given. contain: within them; cover: fill, with a crop; stretch: distort"
        ),
    ] = "contain"
    scale: Annotated[float, msgspec.Meta(ge=0.001, le=64, description="factor on top of width and height")] = 1.0
    opacity: Opacity = 1.0
    start: Annotated[Seconds, msgspec.Meta(description="when it is first seen, on the base's clock, in seconds")] = 0.0
    end: Annotated[float, msgspec.Meta(gt=0, description="until when it is seen, in seconds")] | None = None
    after: After = "hold"

    def __post_init__(self) -> None:
        if self.end is not None and self.end <= self.start:
            raise ValueError("end must be greater than start")


class Blend(Config, frozen=True):
    mode: Annotated[
        Literal[
            "normal", "addition", "and", "average", "burn", "darken", "difference", "divide", "dodge", "exclusion",
            "extremity", "freeze", "glow", "grainextract", "grainmerge", "hardlight", "hardmix", "heat", "lighten",
            "linearlight", "multiply", "negation", "or", "overlay", "phoenix", "pinlight", "reflect", "screen",
            "softlight", "subtract", "vividlight", "xor",
        ],
        msgspec.Meta(description="as ffmpeg's blend names them, with the second input as the layer above"),
    ] = "normal"  # fmt: skip
    opacity: Opacity = 1.0
    fit: Annotated[
        Literal["contain", "cover", "stretch"],
        msgspec.Meta(description="how the second picture fills the first: with bars, with a crop, or distorted"),
    ] = "cover"
    after: After = "hold"


class Mask(Config, frozen=True):
    source: Annotated[
        Literal["luma", "alpha"],
        msgspec.Meta(description="what of the mask tells how opaque the picture is: white, or its own alpha"),
    ] = "luma"
    invert: Annotated[bool, msgspec.Meta(description="opaque where it would be transparent")] = False
    feather: Annotated[float, msgspec.Meta(ge=0, le=200, description="blur of the mask, sigma in pixels")] = 0.0
    fit: Annotated[
        Literal["contain", "cover", "stretch"],
        msgspec.Meta(description="how the mask fills the picture: with transparent bars, with a crop, or distorted"),
    ] = "stretch"
    after: Annotated[
        Literal["hold", "loop"], msgspec.Meta(description="once the mask has ended: hold its last frame, or loop it")
    ] = "hold"


class ChromaKey(Config, frozen=True):
    color: Annotated[Colour, msgspec.Meta(description="the colour that becomes transparent, as #RRGGBB")] = "#00ff00"
    method: Annotated[
        Literal["chroma", "rgb"],
        msgspec.Meta(description="compare the hue alone (ffmpeg's chromakey), or all of the colour (colorkey)"),
    ] = "chroma"
    similarity: Annotated[
        float, msgspec.Meta(ge=0.00001, le=1, description="how far from the colour it is transparent; 1 is everything")
    ] = 0.15
    blend: Annotated[
        float, msgspec.Meta(ge=0, le=1, description="how far beyond that it is partly so; 0 is a hard edge")
    ] = 0.05
    despill: Annotated[
        float, msgspec.Meta(ge=0, le=1, description="how much of a green or blue cast is taken away; 0 is nothing")
    ] = 0.0


STEP_TYPES: tuple[StepType, ...] = (
    StepType(
        name="LAYER",
        version="1",
        description="Lay pictures over the first one, each in turn; size, rate, length and sound are the first one's.",
        ports=(*MEDIA, Port("overlays", "video", many=True)),
        gives="media",
        config=Layer,
        module="artdagd.render.steps.layer",
        cost=3.0,
        access="frame",
        moving=("x", "y", "scale", "opacity"),
        example={"anchor": "bottom_right", "x": -4, "y": -4, "width": 40, "unit": "percent", "opacity": 0.8},
        window=compositing.layer,
        keeps_sound=True,
    ),
    StepType(
        name="BLEND",
        version="1",
        description="Blend a second picture into the first, in RGB; size, rate, length and sound are the first one's.",
        ports=(*MEDIA, Port("layer", "video")),
        gives="media",
        config=Blend,
        module="artdagd.render.steps.blend",
        cost=17.0,
        access="frame",
        moving=("opacity",),
        example={"mode": "screen", "opacity": 0.8},
        window=compositing.blend,
        keeps_sound=True,
    ),
    StepType(
        name="MASK",
        version="1",
        description="Make the first picture transparent where the second is black. LAYER shows what is behind.",
        ports=(*MEDIA, Port("mask", "video")),
        gives="media",
        config=Mask,
        module="artdagd.render.steps.mask",
        cost=18.0,
        access="frame",
        moving=("feather",),
        example={"feather": 4.0},
        window=compositing.mask,
        keeps_sound=True,
    ),
    StepType(
        name="CHROMA_KEY",
        version="1",
        description="Make a colour transparent, as of a green screen. LAYER shows what is behind.",
        ports=MEDIA,
        gives="media",
        config=ChromaKey,
        module="artdagd.render.steps.chroma_key",
        cost=90.0,
        access="frame",
        moving=("similarity", "blend", "despill"),
        example={"color": "#8a9a38", "similarity": 0.09, "blend": 0.05},
        window=still,
        keeps_sound=True,
    ),
)
