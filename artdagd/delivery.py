"""How an output is encoded: what a recipe may ask for, what goes together, and the one form of each wish.

A leaf: recipes, planner and workers read these tables, so that what one of them accepts none of the others refuses.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import msgspec


class Delivery(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """How an output is encoded. The only lossy encoding in a plan (law 7).

    A field that doesn't apply to the format and its codecs is None, so that one meaning has one form, and one name in
    the cache; :func:`problems` tells. Fields at their defaults are left out of records: these defaults are part of the
    format of plans and never change (what a recipe gets that says nothing may). ``fps`` is (numerator, denominator) in
    lowest terms, ``audio_bitrate`` bits a second, ``width`` and ``height`` pixels.
    """

    format: str = "mp4"
    video_codec: str | None = "h264"
    crf: int | None = 20
    preset: str | None = "veryfast"
    profile: str | None = None
    quality: int | None = None
    loop: bool | None = None
    width: int | None = None
    height: int | None = None
    fit: str | None = None
    fps: tuple[int, int] | None = None
    audio_codec: str | None = "aac"
    audio_bitrate: int | None = 192_000


class Format(msgspec.Struct, frozen=True):
    """A kind of file, called by the end of its name. Of the codecs the first is the usual one."""

    media_type: str
    video: tuple[str, ...]
    audio: tuple[str, ...]


class Whole(msgspec.Struct, frozen=True):
    """An option that is a whole number."""

    least: int
    most: int
    usual: int


class Choice(msgspec.Struct, frozen=True):
    """An option that is one of a few words; ``usual`` is None where it may be left out."""

    values: tuple[Any, ...]
    usual: Any


Option = Whole | Choice

FORMATS: Mapping[str, Format] = {
    "mp4": Format("video/mp4", ("h264", "h265", "av1"), ("aac", "opus")),
    "mov": Format("video/quicktime", ("h264", "h265", "prores"), ("aac", "pcm_s16le", "pcm_s24le")),
    "mkv": Format("video/matroska", ("h264", "h265", "vp9", "av1", "ffv1", "prores"),
                  ("opus", "flac", "pcm_s16le", "pcm_s24le", "pcm_f32le")),
    "webm": Format("video/webm", ("vp9", "av1"), ("opus",)),
    "gif": Format("image/gif", ("gif",), ()),
    "webp": Format("image/webp", ("webp",), ()),
    "png": Format("image/png", ("png",), ()),
    "jpg": Format("image/jpeg", ("mjpeg",), ()),
    "m4a": Format("audio/mp4", (), ("aac",)),
    "mp3": Format("audio/mpeg", (), ("mp3",)),
    "ogg": Format("audio/ogg", (), ("opus",)),
    "flac": Format("audio/flac", (), ("flac",)),
    "wav": Format("audio/wav", (), ("pcm_s16le", "pcm_s24le", "pcm_f32le")),
}  # fmt: skip

STILLS = ("png", "jpg", "webp")
"""Formats that hold one picture: the output's first."""

INTERMEDIATE = "mov"
"""What a pass without a delivery is stored as."""

X264_PRESETS = ("ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow", "slower", "veryslow")
"""x264's and x265's presets, but ``placebo``, which takes far longer for nothing that is seen."""

_CODECS: Mapping[str, Mapping[str, Option]] = {
    "h264": {"crf": Whole(0, 51, 20), "preset": Choice(X264_PRESETS, "veryfast")},
    "h265": {"crf": Whole(0, 51, 24), "preset": Choice(X264_PRESETS, "fast")},
    # libvpx calls it cpu-used.
    "vp9": {"crf": Whole(0, 63, 31), "preset": Choice(tuple(map(str, range(9))), "4")},
    "av1": {"crf": Whole(1, 63, 32), "preset": Choice(tuple(map(str, range(14))), "8")},
    "prores": {"profile": Choice(("proxy", "lt", "standard", "hq"), "hq")},
    "gif": {"loop": Choice((True, False), True)},
    "webp": {"quality": Whole(1, 100, 80)},
    "mjpeg": {"quality": Whole(1, 100, 90)},
    "aac": {"audio_bitrate": Whole(32_000, 512_000, 192_000)},
    "opus": {"audio_bitrate": Whole(32_000, 510_000, 160_000)},
    "mp3": {"audio_bitrate": Whole(32_000, 320_000, 192_000)},
}

FITS = ("contain", "cover", "stretch", "shrink")
SMALLEST, LARGEST = 16, 16_384
"""Pixels that a side may be asked to have."""

MAX_RATE = 240
"""Frames a second."""

PRESETS: Mapping[str, Mapping[str, Any]] = {
    "web": {"format": "mp4", "crf": 23, "preset": "medium", "audio_bitrate": 160_000},
    "archive": {"format": "mkv", "video_codec": "ffv1", "audio_codec": "flac"},
    "master": {"format": "mov", "video_codec": "prores", "profile": "hq", "audio_codec": "pcm_s24le"},
    "gif": {"format": "gif", "width": 480, "fit": "shrink", "fps": (15, 1)},
    "audio": {"format": "m4a", "audio_bitrate": 256_000},
}
"""What ``for`` stands for in a recipe's output; what is written beside it goes before."""


def file_format(delivery: Delivery | None) -> str:
    """The end of a result's name, ``mp4``."""
    return INTERMEDIATE if delivery is None else delivery.format


def options(format: str, video: str | None, audio: str | None) -> dict[str, Option]:
    """What can be chosen for these codecs, but size and rate."""
    return {**_CODECS.get(video or "", {}), **_CODECS.get(audio or "", {})}


def problems(given: Delivery) -> list[tuple[str, str]]:
    """What is wrong with a delivery, or not in its one form: (field, what) of each. Empty for all that recipes give."""
    kind = FORMATS.get(given.format)
    if kind is None:
        return [("format", f"there is no format {given.format!r}; known: {', '.join(FORMATS)}")]
    found = []
    for field, value, known in (
        ("video_codec", given.video_codec, kind.video),
        ("audio_codec", given.audio_codec, kind.audio),
    ):
        if value not in (known or (None,)) and not (value is None and field == "audio_codec" and kind.video):
            found.append((field, codec_problem(given.format, field, value)))
    if found:
        return found
    known_options = options(given.format, given.video_codec, given.audio_codec)
    for field in ("crf", "preset", "profile", "quality", "loop", "audio_bitrate"):
        value = getattr(given, field)
        option = known_options.get(field)
        if option is None and value is not None:
            found.append((field, f"it does not apply to {given.format}"))
        elif option is not None and (problem := option_problem(option, value)):
            found.append((field, problem))
    return found + _picture_problems(given, bool(kind.video))


def option_problem(option: Option, value: Any) -> str | None:
    """What is wrong with a value of an option."""
    if isinstance(option, Whole):
        if type(value) is int and option.least <= value <= option.most:
            return None
        return f"{value!r} is not a whole number in {option.least} to {option.most}"
    if any(type(value) is type(known) and value == known for known in option.values):
        return None
    return f"{value!r} is none of {', '.join(str(known).lower() for known in option.values)}"


def codec_problem(format: str, field: str, codec: str | None) -> str:
    """Why a format does not take a codec, and which take it."""
    part = "video" if field == "video_codec" else "audio"
    takes = getattr(FORMATS[format], part)
    others = [name for name, kind in FORMATS.items() if codec in getattr(kind, part)]
    said = f"{format} takes {_or(takes)}" if takes else f"{format} holds no {'picture' if part == 'video' else 'sound'}"
    return said + (f"; {codec} goes into {_or(others)}" if others else "")


def side_problem(pixels: int) -> str | None:
    """What is wrong with a width or a height that is asked for."""
    if not SMALLEST <= pixels <= LARGEST:
        return f"{pixels} is not in {SMALLEST} to {LARGEST}"
    if pixels % 2:
        return f"{pixels} is odd, and sides are even: {pixels - 1} or {pixels + 1}"
    return None


def rate_problem(numerator: int, denominator: int) -> str | None:
    """What is wrong with a frame rate, in lowest terms."""
    if not 0 < numerator <= MAX_RATE * denominator or max(numerator, denominator) > 1_000_000:
        return f"give more than 0 and at most {MAX_RATE}: 25, 30000/1001"
    return None


def usual_fit(width: int | None, height: int | None, fit: str | None) -> str | None:
    """``fit`` in its one form: with one side given the other follows, and only ``shrink`` makes a difference."""
    if width is None and height is None:
        return None
    if width is None or height is None:
        return "shrink" if fit == "shrink" else None
    return fit or "contain"


def _picture_problems(given: Delivery, picture: bool) -> list[tuple[str, str]]:
    found = []
    for field in ("width", "height"):
        pixels = getattr(given, field)
        if pixels is not None and (problem := side_problem(pixels)):
            found.append((field, problem))
    if given.fit not in (None, *FITS) or given.fit != usual_fit(given.width, given.height, given.fit):
        found.append(("fit", f"{given.fit!r} is not the one form of this fit"))
    if given.fps is not None:
        top, bottom = given.fps
        if bottom < 1 or math.gcd(top, bottom) != 1 or rate_problem(top, bottom):
            found.append(("fps", f"{given.fps} is no frame rate in lowest terms"))
        elif given.format in STILLS:
            found.append(("fps", f"it does not apply to {given.format}"))
    if not picture:
        sized = [field for field in ("width", "height", "fps") if getattr(given, field) is not None]
        found += [(field, f"{given.format} holds no picture") for field in sized]
    return found


def _or(names: tuple[str, ...] | list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"
