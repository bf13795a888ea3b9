"""Step types that change or exchange the sound."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from artdagd.steps.primitives.fields import Config
from artdagd.steps.types import Port, StepType


class Mux(Config, frozen=True):
    length: Annotated[
        Literal["shortest", "audio", "video"], msgspec.Meta(description="which stream decides how long the result is")
    ] = "shortest"


STEP_TYPES: tuple[StepType, ...] = (
    StepType(
        name="MUX",
        version="1",
        description="The picture of the first input with the sound of the second.",
        ports=(Port("video", "video"), Port("audio", "audio")),
        gives="media",
        config=Mux,
        module="artdagd.render.steps.mux",
        example={"length": "audio"},
    ),
)
