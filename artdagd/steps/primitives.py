"""The built-in step types: their parameters with units, ranges and defaults."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from artdagd.steps.types import Port, StepType

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


class Config(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Base of the parameters of a step type."""


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


Piece = tuple[float, float, float, float]


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


class Resize(Config, frozen=True):
    width: Pixels | None = None
    height: Pixels | None = None
    fit: Annotated[
        Literal["contain", "cover", "stretch"],
        msgspec.Meta(description="contain: whole picture, with bars; cover: fill, with a crop; stretch: distort"),
    ] = "contain"


class Sequence(Config, frozen=True):
    width: Pixels | None = None
    height: Pixels | None = None
    fps: Rate | None = None


class Mux(Config, frozen=True):
    length: Annotated[
        Literal["shortest", "audio", "video"], msgspec.Meta(description="which stream decides how long the result is")
    ] = "shortest"


class Analyze(Config, frozen=True):
    features: Annotated[
        tuple[str, ...], msgspec.Meta(min_length=1, max_length=64, description="names of features of the analyzers")
    ] = ("beats", "energy")


class BeatSync(Config, frozen=True):
    mode: Annotated[
        Literal["stretch", "cut"],
        msgspec.Meta(
            description="stretch: each beat interval shows an equal share of the video; cut: jump at each beat"
        ),
    ] = "stretch"
    fps: Rate | None = None
    width: Pixels | None = None
    height: Pixels | None = None


class EffectStep(msgspec.Struct, frozen=True):
    """Only the name: the parameters beside it are the effect's own, so other fields are not forbidden here."""

    effect: Annotated[str, msgspec.Meta(description="name of an installed effect; its parameters stand beside it")]


MEDIA = (Port("input", "media"),)
PICTURE_SIZE_EXAMPLE = {"width": 1280, "height": 720, "fit": "contain"}

STEP_TYPES: tuple[StepType, ...] = (
    StepType(
        name="SEGMENT",
        version="1",
        description="A part of a medium, by time. Picture and sound are cut alike.",
        ports=MEDIA,
        gives="media",
        config=Segment,
        module="artdagd.render.steps.segment",
        example={"start": 2.0, "duration": 4.0},
    ),
    StepType(
        name="SPEED",
        version="1",
        description="Play faster or slower.",
        ports=MEDIA,
        gives="media",
        config=Speed,
        module="artdagd.render.steps.speed",
        example={"factor": 2.0},
    ),
    StepType(
        name="RETIME",
        version="1",
        description="Show the video by a time map. The result has no sound.",
        ports=(Port("input", "video"),),
        gives="video",
        config=Retime,
        module="artdagd.render.steps.retime",
        example={"pieces": [[0.0, 2.0, 0.0, 1.0]], "fps": [25, 1]},
    ),
    StepType(
        name="RESIZE",
        version="1",
        description="Change the size of the picture. A missing side follows from the aspect.",
        ports=MEDIA,
        gives="media",
        config=Resize,
        module="artdagd.render.steps.resize",
        example=PICTURE_SIZE_EXAMPLE,
    ),
    StepType(
        name="SEQUENCE",
        version="1",
        description="One clip after the other. Size and rate are the first clip's unless given.",
        ports=(Port("clips", "media", many=True),),
        gives="media",
        config=Sequence,
        module="artdagd.render.steps.sequence",
        example={},
    ),
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
    StepType(
        name="EFFECT",
        version="1",
        description="Apply an installed effect: effect names it, its parameters stand beside it.",
        ports=MEDIA,
        gives="media",
        config=EffectStep,
        module="artdagd.render.steps.effect",
        example={"effect": "hue", "degrees": 90},
    ),
    StepType(
        name="ANALYZE",
        version="1",
        description="Extract features from a recipe input. The result is data for steps such as BEAT_SYNC.",
        ports=MEDIA,
        gives="analysis",
        config=Analyze,
        module="artdagd.render.audio",
        example={"features": ["beats", "energy"]},
    ),
    StepType(
        name="BEAT_SYNC",
        version="1",
        description="Fit a video to the beats of a sound track; the result carries that sound.",
        ports=(Port("video", "video"), Port("analysis", "analysis")),
        gives="media",
        config=BeatSync,
        module="artdagd.plans.beat_sync",
        example={"mode": "stretch"},
    ),
)
