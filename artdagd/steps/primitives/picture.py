"""Step types that change the picture."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from artdagd.steps.primitives.fields import MEDIA, Config, Pixels
from artdagd.steps.types import StepType
from artdagd.steps.windows import still


class Resize(Config, frozen=True):
    width: Pixels | None = None
    height: Pixels | None = None
    fit: Annotated[
        Literal["contain", "cover", "stretch"],
        msgspec.Meta(description="contain: whole picture, with bars; cover: fill, with a crop; stretch: distort"),
    ] = "contain"


class EffectStep(msgspec.Struct, frozen=True):
    """Only the name: the parameters beside it are the effect's own, so other fields are not forbidden here."""

    effect: Annotated[str, msgspec.Meta(description="name of an installed effect; its parameters stand beside it")]


STEP_TYPES: tuple[StepType, ...] = (
    StepType(
        name="RESIZE",
        version="1",
        description="Change the size of the picture. A missing side follows from the aspect.",
        ports=MEDIA,
        gives="media",
        config=Resize,
        module="artdagd.render.steps.resize",
        cost=1.5,
        access="frame",
        example={"width": 1280, "height": 720, "fit": "contain"},
        window=still,
        keeps_sound=True,
    ),
    StepType(
        name="EFFECT",
        version="1",
        description="Apply an installed effect: effect names it, its parameters stand beside it.",
        ports=MEDIA,
        gives="media",
        config=EffectStep,
        module="artdagd.render.steps.effect",
        access="frame",
        example={"effect": "hue", "degrees": 90},
        keeps_sound=True,
    ),
)
