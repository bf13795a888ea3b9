"""What the parameters of several step types share: units, ranges, and the base of every config."""

from __future__ import annotations

from typing import Annotated

import msgspec

from artdagd.steps.types import Port

Seconds = Annotated[float, msgspec.Meta(ge=0, description="seconds")]
Pixels = Annotated[int, msgspec.Meta(ge=2, le=8192, description="pixels")]
Rate = (
    Annotated[float, msgspec.Meta(gt=0, le=240, description="frames a second")]
    | Annotated[
        str,
        msgspec.Meta(
            pattern=r"^[1-9][0-9]{0,6}(/[1-9][0-9]{0,6})?$",
            description="frames a second as a fraction, such as 30000/1001",
        ),
    ]
)
Colour = Annotated[str, msgspec.Meta(pattern=r"^#[0-9A-Fa-f]{6}$", description="a colour as #RRGGBB")]


class Config(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Base of the parameters of a step type."""


MEDIA = (Port("input", "media"),)
ANY = (Port("input", "any"),)
