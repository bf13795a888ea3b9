"""The output of a recipe: which step, and how its result is delivered."""

from __future__ import annotations

import re
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from artdagd.delivery import (
    FITS,
    FORMATS,
    PRESETS,
    STILLS,
    Choice,
    Delivery,
    Option,
    codec_problem,
    option_problem,
    options,
    rate_problem,
    side_problem,
    usual_fit,
)
from artdagd.recipes.document import Items, Scalar
from artdagd.recipes.sections import Section, describe
from artdagd.steps.suggest import quote

_SIZE = ("width", "height", "fit", "fps")
_OPTIONS = ("crf", "preset", "profile", "quality", "loop", "audio_bitrate")
KEYS = ("step", "for", "format", "video_codec", *_OPTIONS[:-1], *_SIZE, "audio_codec", "audio_bitrate")
_KILO = re.compile(r"[1-9][0-9]{0,3}k")
_VIDEO_CODECS = tuple(dict.fromkeys(codec for kind in FORMATS.values() for codec in kind.video))
_AUDIO_CODECS = (*dict.fromkeys(codec for kind in FORMATS.values() for codec in kind.audio), "none")


def read_output(top: Section) -> tuple[Scalar | None, Delivery]:
    """The output's name as it stands in the text, None if it has a fault, and its delivery."""
    node = top.get("output")
    if node is None:
        top.missing("output", "name the step whose result the recipe gives")
        return None, Delivery()
    if isinstance(node, Scalar):
        return _step_name(top, "output"), Delivery()
    if isinstance(node, Items):
        top.wrong("output", node, f"output: expected a step's id or a mapping, got {describe(node)}")
        return None, Delivery()
    section = Section(node, "output", top.faults, KEYS)
    if section.get("step") is None:
        section.missing("step", "name the step whose result the recipe gives")
    return _step_name(section, "step"), _delivery(section)


def _step_name(section: Section, key: str) -> Scalar | None:
    return section.scalar(key, (str, int, float), "the id of a step")


def _delivery(section: Section) -> Delivery:
    preset = PRESETS.get(section.choice("for", tuple(PRESETS)) or "", {})
    format = section.choice("format", tuple(FORMATS)) or preset.get("format", "mp4")
    video = _codec(section, format, "video_codec", _VIDEO_CODECS, preset)
    audio = _codec(section, format, "audio_codec", _AUDIO_CODECS, preset)
    chosen = {key: _option(section, key, option, preset) for key, option in options(format, video, audio).items()}
    for key in _OPTIONS:
        if key not in chosen and (node := section.get(key)) is not None:
            what = " and ".join(dict.fromkeys(name for name in (video, audio) if name))
            inside = "" if what == format else f" of {what}"
            rest = f", only {', '.join(chosen)}" if chosen else ""
            section.wrong(key, node, f"{key}: {format}{inside} has no {key}{rest}")
    return Delivery(
        format=format,
        video_codec=video,
        audio_codec=audio,
        **{key: chosen.get(key) for key in _OPTIONS},
        **_picture(section, format, preset),
    )


def _codec(section: Section, format: str, key: str, known: tuple[str, ...], preset: Mapping[str, Any]) -> str | None:
    takes = FORMATS[format].video if key == "video_codec" else FORMATS[format].audio
    usual = takes[0] if takes else None
    if preset.get(key) in takes:
        usual = preset[key]
    found = section.choice(key, known)
    if found is None or (found == "none" and FORMATS[format].video):
        return usual if found is None else None
    if found not in takes:
        at = section.get(key)
        assert at is not None
        section.wrong(key, at, f"{key}: {codec_problem(format, key, found)}")
        return usual
    return found


def _option(section: Section, key: str, option: Option, preset: Mapping[str, Any]) -> Any:
    usual = preset[key] if key in preset and not option_problem(option, preset[key]) else option.usual
    node = section.get(key)
    if node is None:
        return usual
    if isinstance(option, Choice) and isinstance(option.values[0], str):
        return section.choice(key, option.values) or usual
    if isinstance(option, Choice):
        found = section.scalar(key, bool, "true or false")
        return usual if found is None else found.value
    if isinstance(node, Scalar) and key == "audio_bitrate" and _KILO.fullmatch(str(node.value)):
        value = int(str(node.value)[:-1]) * 1000
        if option_problem(option, value):
            section.wrong(key, node, f"{key}: {node.value} is not in {option.least // 1000}k to {option.most // 1000}k")
        return value
    return section.whole(key, option.least, option.most, usual)


def _picture(section: Section, format: str, preset: Mapping[str, Any]) -> dict[str, Any]:
    """Size and rate. A size of one's own replaces the preset's, but not its fit."""
    kind = FORMATS[format]
    applies = [key for key in _SIZE if kind.video and not (key == "fps" and format in STILLS)]
    for key in _SIZE:
        if key not in applies and (node := section.get(key)) is not None:
            section.wrong(key, node, f"{key}: {format} has no {'picture' if not kind.video else key}")
    found = {"width": _side(section, "width"), "height": _side(section, "height")}
    fit = section.choice("fit", FITS)
    if found == {"width": None, "height": None}:
        found = {key: preset.get(key) for key in found}
        unsized = not any(section.get(key) or preset.get(key) for key in found)
        if kind.video and unsized and (node := section.get("fit")) is not None:
            section.wrong("fit", node, "fit: there is nothing to fit into; give width or height")
    fps = _rate(section) or preset.get("fps")
    chosen = {
        **found, "fit": usual_fit(found["width"], found["height"], fit or preset.get("fit")), "fps": fps
    }  # fmt: skip
    return {key: value for key, value in chosen.items() if key in applies}


def _side(section: Section, key: str) -> int | None:
    node = section.scalar(key, int, "pixels, a whole number")
    if node is None or not isinstance(node.value, int):
        return None
    if problem := side_problem(node.value):
        section.wrong(key, node, f"{key}: {problem}")
        return None
    return node.value


def _rate(section: Section) -> tuple[int, int] | None:
    """A number stands for its decimal as written, ``30000/1001`` for itself."""
    node = section.scalar("fps", (int, float, str), "frames a second, such as 25 or 30000/1001")
    if node is None:
        return None
    try:
        rate = Fraction(node.text) if len(node.text) <= 20 else Fraction(0)
    except (ValueError, ZeroDivisionError):
        rate = Fraction(0)
    if problem := rate_problem(rate.numerator, rate.denominator):
        section.wrong("fps", node, f"fps: {quote(node.text)} is no frame rate; {problem}")
        return None
    return rate.numerator, rate.denominator
