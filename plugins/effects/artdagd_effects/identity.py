"""identity: every frame as it is."""

from __future__ import annotations

import msgspec

from artdagd.hooks import Effect, Filter, VideoFormat


class Identity(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    pass


def build(config: Identity, video: VideoFormat) -> list[Filter]:
    return [Filter("null")]


EFFECT = Effect(
    name="identity",
    version="1",
    description="Change nothing: for tests, and to re-encode",
    config=Identity,
    build=build,
    cost=0,
    remembers=False,
    timeless=True,
)
