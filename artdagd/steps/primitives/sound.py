"""Step types that change or exchange the sound."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from artdagd.steps.primitives.fields import ANY, Config, Seconds
from artdagd.steps.types import Port, StepType
from artdagd.steps.windows import shown


class Mux(Config, frozen=True):
    length: Annotated[
        Literal["shortest", "audio", "video"], msgspec.Meta(description="which stream decides how long the result is")
    ] = "shortest"


Gain = Annotated[float, msgspec.Meta(ge=-120, le=40, description="gain in dB; -120 is silence")]
Pan = Annotated[float, msgspec.Meta(ge=-1, le=1, description="-1 left, 0 as it is, 1 right")]
Delay = Annotated[float, msgspec.Meta(ge=0, le=86_400, description="seconds of silence before the sound")]


class Duck(Config, frozen=True):
    """Turn the other inputs down while input ``by`` is loud."""

    by: Annotated[int, msgspec.Meta(ge=0, le=255, description="number of the input that is listened to, from 0")]
    threshold: Annotated[float, msgspec.Meta(ge=-96, le=0, description="peak level, dB of full scale")] = -30.0
    ratio: Annotated[float, msgspec.Meta(ge=1, le=20, description="dB above the threshold that give 1 dB")] = 4.0
    attack: Annotated[float, msgspec.Meta(ge=0, le=2, description="seconds")] = 0.02
    release: Annotated[float, msgspec.Meta(ge=0, le=9, description="seconds")] = 0.3


class AudioMix(Config, frozen=True):
    gain: Annotated[
        Gain | tuple[Gain, ...],
        msgspec.Meta(
            description="gain in dB of all inputs, or of each. One that moves is for all: mix a sound alone to move it"
        ),
    ] = 0.0
    pan: Annotated[
        Pan | tuple[Pan, ...],
        msgspec.Meta(description="-1 left to 1 right, of all inputs, or of each; the far side is turned down"),
    ] = 0.0
    delay: Annotated[
        Delay | tuple[Delay, ...], msgspec.Meta(description="seconds of silence before all inputs, or before each")
    ] = 0.0
    duck: Annotated[
        Duck | None,
        msgspec.Meta(
            description="{by, threshold, ratio, attack, release}: turn the others down while input number `by` (from "
            "0) peaks above the threshold (dB of full scale, -30): of each dB above it, 1/ratio (1/4) is left. attack "
            "(0.02) and release (0.3) are seconds"
        ),
    ] = None
    length: Annotated[
        Literal["first", "longest", "shortest"], msgspec.Meta(description="which input decides how long the result is")
    ] = "first"
    limit: (
        Annotated[
            float,
            msgspec.Meta(
                ge=-24, le=0, description="dB of full scale that a limiter keeps the peaks below; null: no limiter"
            ),
        ]
        | None
    ) = 0.0


class AudioFade(Config, frozen=True):
    fade_in: Annotated[float, msgspec.Meta(ge=0, description="seconds")] = 0.0
    fade_out: Annotated[float, msgspec.Meta(ge=0, description="seconds")] = 0.0
    curve: Annotated[
        Literal[
            "tri", "qsin", "hsin", "esin", "log", "ipar", "qua", "cub", "squ", "cbr", "par", "exp", "iqsin", "ihsin",
            "dese", "desi", "losi", "sinc", "isinc", "quat", "quatr", "qsin2", "hsin2",
        ],
        msgspec.Meta(description="the shape of both fades, as of ffmpeg's afade"),
    ] = "tri"  # fmt: skip
    start: Annotated[Seconds, msgspec.Meta(description="where fade_in begins, in seconds; silence before it")] = 0.0
    end: (
        Annotated[float, msgspec.Meta(gt=0, description="where fade_out ends, in seconds; null: where the sound ends")]
        | None
    ) = None

    def __post_init__(self) -> None:
        if self.end is not None and self.end <= self.start:
            raise ValueError("end must be greater than start")


class Loudness(Config, frozen=True):
    target: Annotated[float, msgspec.Meta(ge=-70, le=-5, description="integrated loudness, LUFS")] = -23.0
    true_peak: Annotated[
        float, msgspec.Meta(ge=-20, le=0, description="dBTP that no peak may pass: for it, the gain is made smaller")
    ] = -1.0


STEP_TYPES: tuple[StepType, ...] = (
    StepType(
        name="MUX",
        version="1",
        description="The picture of the first input with the sound of the second.",
        ports=(Port("video", "video"), Port("audio", "audio")),
        gives="media",
        config=Mux,
        module="artdagd.render.steps.mux",
        cost=0,
        access="frame",
        example={"length": "audio"},
        window=shown,
    ),
    StepType(
        name="AUDIO_MIX",
        version="1",
        description="Several sounds at once. The first input keeps its picture; of the others the sound is taken, from "
        "its first sample on. The result has the sample rate of the first sound, and is stereo if any of them is, or "
        "is panned; a mono sound is then on both sides, as loud as it was.",
        ports=(Port("first", "any"), Port("sounds", "audio", many=True, least=0)),
        gives="any",
        config=AudioMix,
        module="artdagd.render.steps.audio_mix",
        moving=("gain", "pan"),
        cost=0,
        access="frame",
        example={"gain": [0.0, -6.0, -12.0], "duck": {"by": 0, "threshold": -24.0}, "length": "first"},
        window=shown,
    ),
    StepType(
        name="AUDIO_FADE",
        version="1",
        description="Fade the sound in, out, or both.",
        ports=ANY,
        gives="any",
        config=AudioFade,
        module="artdagd.render.steps.audio_fade",
        cost=0,
        access="frame",
        example={"fade_in": 1.0, "fade_out": 2.0, "curve": "qsin"},
        window=shown,
    ),
    StepType(
        name="LOUDNESS",
        version="1",
        description="Bring the sound to a loudness by EBU R 128, with one gain for all of it.",
        ports=ANY,
        gives="any",
        config=Loudness,
        module="artdagd.render.steps.loudness",
        cost=0,
        access="frame",  # of the picture; its sound is read twice, and costs little
        example={"target": -16.0},
        window=shown,
    ),
)
