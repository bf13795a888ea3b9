"""Step types that choose which part of a medium is seen when."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from artdagd.steps.primitives.fields import ANY, Colour, Config, Pixels, Rate
from artdagd.steps.types import Port, StepType
from artdagd.steps.windows import shown, time

Piece = tuple[float, float, float, float]


class Source(Config, frozen=True):
    streams: Annotated[Literal["both", "video", "audio"], msgspec.Meta(description="what is kept of it")] = "both"


class Segment(Config, frozen=True):
    start: Annotated[float, msgspec.Meta(ge=0, description="where the part begins, in seconds")] = 0.0
    end: Annotated[float, msgspec.Meta(gt=0, description="where it ends, in seconds; excludes duration")] | None = None
    duration: Annotated[float, msgspec.Meta(gt=0, description="how long it is, in seconds; excludes end")] | None = None

    def __post_init__(self) -> None:
        if self.end is not None and self.duration is not None:
            raise ValueError("give end or duration, not both")
        if self.end is not None and self.end <= self.start:
            raise ValueError("end must be greater than start")


class Speed(Config, frozen=True):
    factor: Annotated[float, msgspec.Meta(ge=0.1, le=10, description="2 is twice as fast")] = 1.0
    keep_pitch: Annotated[bool, msgspec.Meta(description="false: the pitch follows the speed, as on a turntable")] = (
        True
    )


class Reverse(Config, frozen=True):
    pass


class Loop(Config, frozen=True):
    count: (
        Annotated[int, msgspec.Meta(ge=1, le=100_000, description="how often it is played; excludes duration")] | None
    ) = None
    duration: (
        Annotated[
            float, msgspec.Meta(gt=0, le=86_400, description="how long the result is, in seconds; excludes count")
        ]
        | None
    ) = None

    def __post_init__(self) -> None:
        if (self.count is None) == (self.duration is None):
            raise ValueError("give either count or duration")


class Retime(Config, frozen=True):
    pieces: Annotated[
        tuple[Piece, ...],
        msgspec.Meta(
            min_length=1,
            max_length=100_000,
            description="(t0, t1, s0, s1) in seconds: output time t0..t1 shows source time s0..s1",
        ),
    ]
    fps: Annotated[
        tuple[Annotated[int, msgspec.Meta(ge=1)], Annotated[int, msgspec.Meta(ge=1)]],
        msgspec.Meta(description="output rate in frames a second, as (numerator, denominator)"),
    ]


class Transition(Config, frozen=True):
    """How one clip becomes the next. Both run while it lasts."""

    type: Annotated[
        Literal["cut", "crossfade", "wipe", "slide", "fade"],
        msgspec.Meta(
            description="wipe: an edge uncovers the new clip; slide: it pushes the old one; fade: through a colour"
        ),
    ] = "crossfade"
    duration: Annotated[float, msgspec.Meta(gt=0, le=600, description="seconds that both clips run")] = 1.0
    direction: Annotated[
        Literal["left", "right", "up", "down"], msgspec.Meta(description="where the edge of a wipe or slide runs")
    ] = "left"
    color: Annotated[Colour, msgspec.Meta(description="colour that a fade goes through, as #RRGGBB")] = "#000000"


class Sequence(Config, frozen=True):
    width: Pixels | None = None
    height: Pixels | None = None
    fps: Rate | None = None
    transition: Annotated[
        Transition | None, msgspec.Meta(description="from each clip to the next; without one they are cut")
    ] = None
    transitions: Annotated[
        tuple[Transition, ...],
        msgspec.Meta(max_length=10_000, description="one for each joint, in place of the one for all"),
    ] = ()


STEP_TYPES: tuple[StepType, ...] = (
    StepType(
        name="SOURCE",
        version="1",
        description="A medium as it is, or its picture or sound alone.",
        ports=ANY,
        gives="any",
        config=Source,
        module="artdagd.render.steps.source",
        cost=0,
        access="frame",
        example={"streams": "both"},
        window=shown,
    ),
    StepType(
        name="SEGMENT",
        version="1",
        description="A part of a medium, by time. Picture and sound are cut alike.",
        ports=ANY,
        gives="any",
        config=Segment,
        module="artdagd.render.steps.segment",
        cost=0,
        access="part",
        example={"start": 1.0, "duration": 2.0},
        window=time.segment,
    ),
    StepType(
        name="SPEED",
        version="1",
        description="Play faster or slower.",
        ports=ANY,
        gives="any",
        config=Speed,
        module="artdagd.render.steps.speed",
        cost=0,
        example={"factor": 2.0},
        window=time.speed,
    ),
    StepType(
        name="REVERSE",
        version="1",
        description="Play backwards, picture and sound.",
        ports=ANY,
        gives="any",
        config=Reverse,
        module="artdagd.render.steps.reverse",
        cost=0,
        access="random",
        window=time.reverse,
    ),
    StepType(
        name="LOOP",
        version="1",
        description="Play again and again. Each round begins at the frame and the sample nearest to its exact time.",
        ports=ANY,
        gives="any",
        config=Loop,
        module="artdagd.render.steps.loop",
        cost=0,
        access="part",
        example={"count": 3},
        window=time.loop,
    ),
    StepType(
        name="RETIME",
        version="1",
        description="Show the video by a time map. The result has no sound.",
        ports=(Port("input", "video"),),
        gives="video",
        config=Retime,
        module="artdagd.render.steps.retime",
        cost=0,
        example={"pieces": [[0.0, 2.0, 0.0, 1.0]], "fps": [25, 1]},
        window=time.retime,
    ),
    StepType(
        name="SEQUENCE",
        version="1",
        description="One clip after the other, by cut or with transitions, during which both run. Size and rate are "
        "the first clip's unless given.",
        ports=(Port("clips", "any", many=True),),
        gives="any",
        config=Sequence,
        module="artdagd.render.steps.sequence",
        cost=1.0,
        example={"transition": {"type": "crossfade", "duration": 0.5}},
        window=time.sequence,
    ),
)
