"""Words as pictures: letters laid out in lines and drawn, with all that stands behind them.

Letters are put one after the other, from left to right, in the order of the text; what the font has no letter for shows
as a box. So the same words give the same picture wherever Pillow and its FreeType are the same.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from math import ceil, floor
from pathlib import Path
from typing import Any

import numpy
from PIL import Image, ImageDraw, ImageFilter, ImageFont

FONT = Path(__file__).with_name("fonts") / "Roboto-Medium.ttf"
SPACING = 1.25
"""The distance of lines, in sizes."""

UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})
"""Unicode categories of what has no picture: control and format characters, surrogates, what is private or nothing."""


@dataclass(frozen=True)
class Style:
    """Lengths in pixels. Colours are (Y, U, V). ``box`` is None where there is none."""

    size: float
    align: str
    color: tuple[int, int, int]
    outline: float
    outline_color: tuple[int, int, int]
    shadow: float
    shadow_color: tuple[int, int, int]
    box: tuple[int, int, int] | None
    box_opacity: float
    padding: float


@dataclass(frozen=True)
class Block:
    """Lines, and the size in pixels of the rectangle that they fill."""

    lines: tuple[str, ...]
    widths: tuple[float, ...]
    width: float
    height: float


@cache
def font(size: float) -> Any:
    return ImageFont.truetype(str(FONT), max(1.0, size), layout_engine=ImageFont.Layout.BASIC)


def cleaned(text: str) -> str:
    """Composed (NFC), with tabs as spaces, lines ended by ``\\n`` alone, and without what has no picture."""
    text = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n").replace("\t", "    "))
    return "".join(each for each in text if each == "\n" or unicodedata.category(each) not in UNSEEN)


def laid_out(text: str, style: Style, width: float, height: float) -> Block:
    """``text`` broken into lines of at most ``width`` pixels, between words where that is possible; as many lines as
    have room in ``height``."""
    letters, most = font(style.size), max(1, int(height / (style.size * SPACING)))
    lines: list[str] = []
    for paragraph in cleaned(text).strip("\n").split("\n"):
        if len(lines) >= most:
            break
        lines += _broken(paragraph, letters, width, most - len(lines))
    widths = tuple(letters.getlength(line) for line in lines)
    return Block(tuple(lines), widths, max(widths, default=0.0), style.size * SPACING * len(lines))


def _broken(paragraph: str, letters: Any, width: float, most: int) -> list[str]:
    lines, line = [], ""
    for word in paragraph.split(" "):
        joined = f"{line} {word}" if line else word
        if letters.getlength(joined[:1000]) <= width and len(joined) <= 1000:
            line = joined
            continue
        if line:
            lines.append(line)
        while word and len(lines) < most and letters.getlength(word[:1000]) > width:
            fitting = 1
            while fitting < len(word) and letters.getlength(word[: fitting + 1]) <= width:
                fitting += 1
            lines.append(word[:fitting])
            word = word[fitting:]
        line = word
        if len(lines) >= most:
            return lines[:most]
    return [*lines, line][:most]


def reach(style: Style) -> int:
    """Pixels that may be drawn on beyond the lines of a block."""
    return 2 + ceil(max(style.padding if style.box else 0, style.outline + 2.5 * style.shadow, style.size / 4))


def drawn(block: Block, style: Style, size: tuple[int, int], left: float, top: float) -> list[numpy.ndarray]:
    """Y, U, V and opacity (0 to 255) of a picture of ``size`` with the block's corner at ``left``, ``top``; the chroma
    is not yet made smaller. Colours are straight, and go on where nothing covers the picture."""
    words = _mask(block, style, size, left, top, 0.0)
    layers: list[tuple[numpy.ndarray, tuple[int, int, int], float]] = []
    if style.box is not None:
        layers.append((_rectangle(block, style, size, left, top), style.box, style.box_opacity))
    if style.shadow:
        dark = Image.fromarray(_mask(block, style, size, left + style.shadow, top + style.shadow, style.outline))
        layers.append((numpy.asarray(dark.filter(ImageFilter.GaussianBlur(style.shadow / 2))), style.shadow_color, 0.7))
    if style.outline:
        layers.append((_mask(block, style, size, left, top, style.outline), style.outline_color, 1.0))
    layers.append((words, style.color, 1.0))
    opacity = numpy.zeros(words.shape)
    colours = [numpy.zeros(words.shape) for _ in range(3)]
    for cover, colour, share in layers:
        part = cover / 255 * share
        opacity = part + opacity * (1 - part)
        colours = [value * part + under * (1 - part) for value, under in zip(colour, colours, strict=True)]
    return [*colours, opacity]


def _mask(block: Block, style: Style, size: tuple[int, int], left: float, top: float, outline: float) -> numpy.ndarray:
    image = Image.new("L", size, 0)
    draw = ImageDraw.Draw(image)
    letters = font(style.size)
    ascent, descent = letters.getmetrics()
    for number, (line, width) in enumerate(zip(block.lines, block.widths, strict=True)):
        indent = {"left": 0.0, "center": (block.width - width) / 2, "right": block.width - width}[style.align]
        down = (number + 0.5) * style.size * SPACING - (ascent + descent) / 2 + ascent
        draw.text(
            (floor(left) + round(indent), floor(top) + round(down)), line, 255, letters, "ls", stroke_width=outline
        )
    # Letters are drawn at whole pixels; the rest of the way is a shift.
    shift = (1, 0, floor(left) - left, 0, 1, floor(top) - top)
    if shift[2] or shift[5]:
        image = image.transform(size, Image.Transform.AFFINE, shift, Image.Resampling.BICUBIC)
    return numpy.asarray(image)


def _rectangle(block: Block, style: Style, size: tuple[int, int], left: float, top: float) -> numpy.ndarray:
    """How much of each pixel lies in the box."""
    columns, rows = numpy.arange(size[0]), numpy.arange(size[1])[:, None]
    edge = style.padding
    across = numpy.clip(
        numpy.minimum(columns + 1, left + block.width + edge) - numpy.maximum(columns, left - edge), 0, 1
    )
    down = numpy.clip(numpy.minimum(rows + 1, top + block.height + edge) - numpy.maximum(rows, top - edge), 0, 1)
    return numpy.asarray(numpy.round(255 * across * down))


def chroma_sized(
    drawn: Sequence[numpy.ndarray], divisors: Sequence[tuple[int, int]], ground: Sequence[int]
) -> list[numpy.ndarray]:
    """What ``drawn`` gives as the planes of a picture with an opacity: each sample of a colour is the mean of the
    pixels that it stands for, by how much each covers; ``ground`` is the colour where none does."""
    *colours, opacity = drawn
    made = []
    covers = {parts: _means(opacity, *parts) for parts in set(divisors)}
    for weighted, parts, empty in zip(colours, divisors, ground, strict=False):
        cover, colour = covers[parts], _means(weighted, *parts)
        straight = numpy.where(cover > 1e-6, colour / numpy.maximum(cover, 1e-6), empty)
        made.append(numpy.clip(numpy.round(straight, 6) + 0.5, 0, 255).astype(numpy.uint8))
    return [*made, (numpy.round(opacity * 255, 6) + 0.5).astype(numpy.uint8)]


def _means(values: numpy.ndarray, across: int, down: int) -> numpy.ndarray:
    if across == down == 1:
        return values
    rows, columns = values.shape
    return numpy.asarray(values.reshape(rows // down, down, columns // across, across).mean((1, 3)))
