"""Step types that move pixels about."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from artdagd.steps.primitives.fields import MEDIA, Config, Pixels
from artdagd.steps.types import StepType
from artdagd.steps.windows import still

Shift = Annotated[float, msgspec.Meta(ge=-16_384, le=16_384)]


class Crop(Config, frozen=True):
    w: Annotated[Pixels, msgspec.Meta(description="pixels that are kept across; an odd number becomes even")]
    h: Annotated[Pixels, msgspec.Meta(description="pixels that are kept down; an odd number becomes even")]
    x: Annotated[
        Annotated[float, msgspec.Meta(ge=0, le=16_384)] | None,
        msgspec.Meta(description="pixels left of them, also parts of a pixel; without it, they are the middle"),
    ] = None
    y: Annotated[
        Annotated[float, msgspec.Meta(ge=0, le=16_384)] | None,
        msgspec.Meta(description="pixels above them; without it, they are the middle"),
    ] = None


class Transform(Config, frozen=True):
    flip: Annotated[
        Literal["none", "horizontal", "vertical", "both"], msgspec.Meta(description="mirrors the picture first")
    ] = "none"
    rotate: Annotated[
        float, msgspec.Meta(ge=-36_000, le=36_000, description="degrees clockwise, about the picture's centre")
    ] = 0.0
    scale: Annotated[float, msgspec.Meta(ge=0.01, le=16, description="2 is twice as large")] = 1.0
    x: Annotated[Shift, msgspec.Meta(description="pixels that the picture's centre is moved to the right")] = 0.0
    y: Annotated[Shift, msgspec.Meta(description="pixels that the picture's centre is moved down")] = 0.0
    background: Annotated[
        str,
        msgspec.Meta(
            pattern=r"^(#[0-9A-Fa-f]{6}|transparent)$",
            description="what is seen beside the picture: #RRGGBB, or transparent for steps such as LAYER",
        ),
    ] = "#000000"
    expand: Annotated[
        bool, msgspec.Meta(description="true: the frame becomes as large as the turned and scaled picture")
    ] = False


STEP_TYPES: tuple[StepType, ...] = (
    StepType(
        name="CROP",
        version="1",
        description="A rectangle of the picture.",
        ports=MEDIA,
        gives="media",
        config=Crop,
        module="artdagd.render.steps.crop",
        cost=14.0,
        access="frame",
        example={"w": 96, "h": 54, "x": 20, "y": 18},
        moving=("x", "y"),
        window=still,
        keeps_sound=True,
    ),
    StepType(
        name="TRANSFORM",
        version="1",
        description="Flip, turn, scale and shift the picture within its frame.",
        ports=MEDIA,
        gives="media",
        config=Transform,
        module="artdagd.render.steps.transform",
        example={"rotate": 12, "scale": 0.8, "background": "#203040"},
        moving=("rotate", "scale", "x", "y"),
        cost=45.0,
        access="frame",
        window=still,
        keeps_sound=True,
    ),
)
