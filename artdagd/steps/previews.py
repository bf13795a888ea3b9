"""Step types of the node's own: small pictures of a medium. No recipe can name them; they are cached like any step."""

from __future__ import annotations

from artdagd.steps.primitives.fields import MEDIA, Config
from artdagd.steps.types import Port, StepType

THUMBNAILS = 20
"""Pictures in a strip of thumbnails."""


class Poster(Config, frozen=True):
    width: int


class Thumbnails(Config, frozen=True):
    width: int
    count: int = THUMBNAILS


class Waveform(Config, frozen=True):
    width: int
    height: int


PREVIEWS: tuple[StepType, ...] = (
    StepType(
        name="POSTER",
        version="1",
        description="The one of a few pictures in which most is to be seen, at most `width` pixels wide.",
        ports=MEDIA,
        gives="video",
        config=Poster,
        module="artdagd.render.steps.poster",
    ),
    StepType(
        name="THUMBNAILS",
        version="1",
        description="`count` pictures at equal distances, side by side, each `width` pixels wide.",
        ports=MEDIA,
        gives="video",
        config=Thumbnails,
        module="artdagd.render.steps.thumbnails",
    ),
    StepType(
        name="PEAKS",
        version="1",
        description="The whole sound as one picture: how loud it gets, from left to right.",
        ports=(Port("input", "audio"),),
        gives="video",
        config=Waveform,
        module="artdagd.render.steps.peaks",
    ),
)
