"""TEXT: what its drawing can be told."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from artdagd.steps.primitives.fields import Colour, Config
from artdagd.steps.types import Port, StepType
from artdagd.steps.windows import making

PERCENT = r"^[0-9]{1,3}(\.[0-9]{1,3})?%$"
Measure = (
    Annotated[float, msgspec.Meta(ge=0, le=4096, description="pixels")]
    | Annotated[str, msgspec.Meta(pattern=PERCENT, description="percent of the picture's height, such as 7%")]
)
Moment = Annotated[float, msgspec.Meta(ge=0, le=86_400, description="seconds")]
Share = Annotated[float, msgspec.Meta(ge=0, le=1)]
Words = Annotated[str, msgspec.Meta(max_length=10_000)]


class Caption(Config, frozen=True):
    """Words that are seen from ``start`` to ``end`` seconds."""

    start: Moment
    end: Moment
    text: Words

    def __post_init__(self) -> None:
        if self.end <= self.start:
            raise ValueError("a caption must end after its start")


class Text(Config, frozen=True):
    text: Annotated[Words, msgspec.Meta(description="what is written; a line break begins a new line")] = ""
    captions: Annotated[
        tuple[Caption, ...],
        msgspec.Meta(max_length=5000, description="instead of text: a list of {start, end, text}, by start in seconds"),
    ] = ()
    start: Annotated[Moment, msgspec.Meta(description="when the text appears, in seconds")] = 0.0
    end: Annotated[Moment | None, msgspec.Meta(description="when it goes, in seconds; without it, it stays")] = None
    fade: Annotated[Moment, msgspec.Meta(description="seconds that appearing takes, and going")] = 0.0
    size: Annotated[
        Measure, msgspec.Meta(description="height of the letters: pixels, or 7%, of the picture's height")
    ] = "7%"
    color: Colour = "#ffffff"
    position: Annotated[
        Literal["top_left", "top", "top_right", "left", "center", "right", "bottom_left", "bottom", "bottom_right"],
        msgspec.Meta(description="where in the picture the text stands"),
    ] = "bottom"
    margin: Annotated[Measure, msgspec.Meta(description="how far from the edge: pixels, or percent of the height")] = (
        "6%"
    )
    x: Annotated[
        float, msgspec.Meta(ge=-16_384, le=16_384, description="pixels to the right of its position, also parts of one")
    ] = 0.0
    y: Annotated[float, msgspec.Meta(ge=-16_384, le=16_384, description="pixels below its position")] = 0.0
    align: Annotated[
        Literal["left", "center", "right"], msgspec.Meta(description="how lines stand below each other")
    ] = "center"
    width: Annotated[
        float, msgspec.Meta(gt=0, le=100, description="percent of the picture's width at which lines are broken")
    ] = 90.0
    outline: Annotated[Measure, msgspec.Meta(description="how thick the letters' outline is")] = 0.0
    outline_color: Colour = "#000000"
    shadow: Annotated[Measure, msgspec.Meta(description="how far a soft shadow falls, to the right and down")] = 0.0
    shadow_color: Colour = "#000000"
    box: Annotated[Colour | None, msgspec.Meta(description="the colour of a box behind the text, as #RRGGBB")] = None
    box_opacity: Annotated[Share, msgspec.Meta(description="0 to 1, of the box")] = 0.6
    padding: Annotated[Measure, msgspec.Meta(description="how far the box reaches beyond the text")] = "1.5%"
    opacity: Annotated[Share, msgspec.Meta(description="0 to 1, of all that is drawn")] = 1.0

    def __post_init__(self) -> None:
        if self.text.strip() and self.captions:
            raise ValueError("give either text or captions")
        if self.end is not None and self.end <= self.start:
            raise ValueError("end must be greater than start")
        if any(before.start > after.start for before, after in zip(self.captions, self.captions[1:], strict=False)):
            raise ValueError("captions must be in the order of their start")


STEP_TYPES: tuple[StepType, ...] = (
    StepType(
        name="TEXT",
        version="1",
        description="Write on the picture: a text, captions with times, or a file of subtitles (.srt).",
        ports=(Port("input", "media"), Port("subtitles", "data", many=True, least=0)),
        gives="media",
        config=Text,
        module="artdagd.render.steps.text",
        example={"text": "Somewhere in a wood", "size": "12%", "box": "#102030", "start": 0.2, "end": 3.5, "fade": 0.5},
        moving=("x", "y", "opacity"),
        cost=2.0,
        access="frame",
        window=making.text,
        keeps_sound=True,
    ),
)
