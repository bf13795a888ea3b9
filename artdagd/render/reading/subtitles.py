"""Subtitles in the format SubRip (.srt), as captions: numbered blocks of a line of times and lines of words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

from artdagd.errors import StepFailed

MAX_BYTES = 4 << 20
MAX_CAPTIONS = 5000

TIME = r"([0-9]{1,3}):([0-9]{2}):([0-9]{2})[,.]([0-9]{1,3})"
TIMES = re.compile(rf"\s*{TIME}\s*-->\s*{TIME}(\s.*)?")
MARKS = re.compile(r"</?[A-Za-z][^<>]{0,100}>|\{\\[^{}]{0,100}\}")
"""Italics, colours and places, which other players act upon."""


def read_subtitles(path: Path) -> list[dict[str, Any]]:
    """Captions as the config of TEXT has them, by start. Raises StepFailed (``refused``), with the number of the line
    that is wrong."""
    with path.open("rb") as file:
        data = file.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise _wrong(f"they are larger than {MAX_BYTES >> 20} MiB")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _wrong(f"byte {error.start} is no text in UTF-8") from None
    captions = [_caption(number, lines) for number, lines in _blocks(text)]
    if not captions:
        raise _wrong("there are none")
    if len(captions) > MAX_CAPTIONS:
        raise _wrong(f"there are {len(captions)}, and the most is {MAX_CAPTIONS}")
    return sorted(captions, key=lambda caption: (caption["start"], caption["end"]))


def _blocks(text: str) -> Iterator[tuple[int, list[str]]]:
    """The lines between empty ones, and the number of the first of them."""
    block: list[str] = []
    for number, line in enumerate([*re.split(r"\r\n|\r|\n", text), ""], 1):
        if line.strip():
            block.append(line)
        elif block:
            yield number - len(block), block
            block = []


def _caption(number: int, lines: list[str]) -> dict[str, Any]:
    if lines[0].strip().isdecimal() and len(lines) > 1:
        number, lines = number + 1, lines[1:]
    times = TIMES.fullmatch(lines[0])
    if times is None:
        raise _wrong(f"{lines[0].strip()[:40]!r} is no line of times, such as 00:00:01,000 --> 00:00:02,500", number)
    start, end = _seconds(times.groups()[:4]), _seconds(times.groups()[4:8])
    if end <= start:
        raise _wrong("it ends before it starts", number)
    return {"start": start, "end": end, "text": MARKS.sub("", "\n".join(lines[1:]))[:10_000]}


def _seconds(parts: tuple[Any, ...]) -> float:
    hours, minutes, seconds, part = parts
    return float((int(hours) * 60 + int(minutes)) * 60 + int(seconds) + Fraction(int(part.ljust(3, "0")), 1000))


def _wrong(what: str, line: int | None = None) -> StepFailed:
    place = "" if line is None else f"line {line}: "
    return StepFailed(
        f"its subtitles can't be read: {place}{what}", code="refused", advice="Save them as .srt, in UTF-8."
    )
