"""color: brightness, contrast, saturation, gamma and hue."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated

import msgspec
from msgspec import Meta

from artdagd.hooks import Effect, Filter, Moment, Painter, VideoFormat

if TYPE_CHECKING:
    import numpy


class Color(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    brightness: Annotated[float, Meta(ge=-1, le=1, description="added to the luma (0 to 1)")] = 0.0
    contrast: Annotated[float, Meta(ge=0, le=10, description="factor around middle grey; 1 leaves it")] = 1.2
    saturation: Annotated[float, Meta(ge=0, le=10, description="factor of the colours; 0 is grey, 1 leaves it")] = 1.3
    gamma: Annotated[float, Meta(ge=0.1, le=10, description="above 1 brightens the middle tones")] = 1.0
    hue: Annotated[float, Meta(ge=-360, le=360, description="angle by which the colours turn, in degrees")] = 0.0


def build(config: Color, video: VideoFormat) -> list[Filter]:
    """The names and the formula of ffmpeg's ``eq``, which not every build of FFmpeg has, on the range from
    black to white: ``eq`` takes 0 for black and 255 for white, which they are not in video of limited range."""
    luma = f"clip(((val-minval)/(maxval-minval)-0.5)*{config.contrast}+0.5+{config.brightness},0,1)"
    grey = "ceil((minval+maxval)/2)"
    chroma = f"clip(round((val-{grey})*{config.saturation}+{grey}),minval,maxval)"
    options = {"y": f"round(minval+pow({luma},1/{config.gamma})*(maxval-minval))", "u": chroma, "v": chroma}
    turn = [Filter("hue", {"h": config.hue})] if config.hue else []
    return [Filter("lutyuv", options), *turn]


def paint(video: VideoFormat) -> Painter:
    """What the filter does, without its expressions: it evaluates them 65,536 times, and that takes 0.1 s."""

    @lru_cache(maxsize=16)
    def tables(config: Color) -> tuple[numpy.ndarray, ...]:
        import numpy as np

        light, chroma = (np.array([of(config, value) for value in range(256)], np.uint8) for of in (_luma, _chroma))
        return light, chroma, chroma

    def painted(planes: Sequence[numpy.ndarray], moment: Moment) -> tuple[numpy.ndarray, ...]:
        light, *chroma = (table.take(plane) for table, plane in zip(tables(moment.config), planes, strict=True))
        return light, *(_turned(*chroma, moment.config.hue) if moment.config.hue else chroma)

    return painted


def _turned(u: numpy.ndarray, v: numpy.ndarray, degrees: float) -> tuple[numpy.ndarray, numpy.ndarray]:
    """As ffmpeg's hue has it: in whole numbers, with 16 bits after the point."""
    import numpy as np

    angle = float(np.float32(np.float32(degrees) * math.pi / 180))
    sine, cosine = round(math.sin(angle) * 65536), round(math.cos(angle) * 65536)
    u, v = u.astype(np.int32) - 128, v.astype(np.int32) - 128
    half = (1 << 15) + (128 << 16)
    turned = (cosine * u - sine * v + half) >> 16, (sine * u + cosine * v + half) >> 16
    return turned[0].clip(0, 255).astype(np.uint8), turned[1].clip(0, 255).astype(np.uint8)


def _luma(config: Color, value: int) -> int:
    light = min(1.0, max(0.0, ((value - 16) / 219 - 0.5) * config.contrast + 0.5 + config.brightness))
    return math.floor(16 + math.pow(light, 1 / config.gamma) * 219 + 0.5)


def _chroma(config: Color, value: int) -> int:
    return min(240, max(16, math.floor((value - 128) * config.saturation + 128 + 0.5)))


EFFECT = Effect(
    name="color",
    version="1",
    description="Set brightness, contrast, saturation, gamma as ffmpeg's eq does (lutyuv), and hue",
    config=Color,
    build=build,
    paint=paint,
    pixels="yuv",
    cost=1,
    remembers=False,
    timeless=True,
    example={"contrast": 1.4, "saturation": 1.6, "gamma": 0.9},
)
