"""Step types that change colours by a table."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from artdagd.steps.primitives.fields import Config
from artdagd.steps.types import Port, StepType
from artdagd.steps.windows import still


class Lut(Config, frozen=True):
    interp: Annotated[
        Literal["tetrahedral", "trilinear", "pyramid", "prism", "nearest"],
        msgspec.Meta(
            description="how colours between the entries of a 3D table are found; a 1D table has lines between"
        ),
    ] = "tetrahedral"
    intensity: Annotated[
        float, msgspec.Meta(ge=0, le=1, description="0 is the picture as it was, 1 the look in full")
    ] = 1.0


STEP_TYPES: tuple[StepType, ...] = (
    StepType(
        name="LUT",
        version="1",
        description="Give the picture a look: a colour look-up table in a .cube file (3D or 1D).",
        ports=(Port("input", "media"), Port("look", "data")),
        gives="media",
        config=Lut,
        module="artdagd.render.steps.lut",
        example={"intensity": 0.8},
        moving=("intensity",),
        cost=50.0,
        access="frame",
        window=still,
        keeps_sound=True,
    ),
)
