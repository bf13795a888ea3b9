"""The brown of old photographs."""

from __future__ import annotations

from msgspec import Struct

from artdagd.hooks import Effect, Filter, VideoFormat


class Sepia(Struct, frozen=True, forbid_unknown_fields=True):
    """Sepia has no parameters."""


def build(config: Sepia, video: VideoFormat) -> list[Filter]:
    return [
        Filter(
            "colorchannelmixer",
            {
                "rr": 0.393, "rg": 0.769, "rb": 0.189,
                "gr": 0.349, "gg": 0.686, "gb": 0.168,
                "br": 0.272, "bg": 0.534, "bb": 0.131,
            },
        )
    ]  # fmt: skip


EFFECT = Effect(
    name="sepia",
    version="1",
    description="The brown of old photographs.",
    config=Sepia,
    build=build,
    example={},
)
