"""Step types that extract data, or follow it."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from artdagd.steps.primitives.fields import MEDIA, Config, Pixels, Rate
from artdagd.steps.types import Port, StepType


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
    beats_per_cut: Annotated[
        int, msgspec.Meta(ge=1, le=1024, description="how many beats go by from one boundary to the next")
    ] = 1
    offset: Annotated[
        int,
        msgspec.Meta(
            ge=0, le=1_000_000, description="beats that go by before the first boundary: 1 begins on the second"
        ),
    ] = 0
    fps: Rate | None = None
    width: Pixels | None = None
    height: Pixels | None = None


STEP_TYPES: tuple[StepType, ...] = (
    StepType(
        name="ANALYZE",
        version="1",
        description="Extract features from a recipe input. The result is data for steps such as BEAT_SYNC.",
        ports=MEDIA,
        gives="analysis",
        config=Analyze,
        module="artdagd.render.analysis.audio",
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
