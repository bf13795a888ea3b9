"""TEXT: words on the picture."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from math import floor
from typing import Any

import numpy
from av import VideoFrame

from artdagd.errors import StepFailed
from artdagd.hooks.types import Effect, Filter
from artdagd.render.compositing.conform import OVERLAYS, WITH_ALPHA
from artdagd.render.drawing.colours import yuv
from artdagd.render.drawing.lettering import Block, Style, chroma_sized, drawn, laid_out, reach
from artdagd.render.drawing.planes import Plane, divisors, picture_of, repainted
from artdagd.render.networks import Network, Node
from artdagd.render.reading.subtitles import read_subtitles
from artdagd.render.streams import Media, Picture, VideoStream, composed
from artdagd.steps.curves import Curve, curve
from artdagd.steps.numbers import exact, nearest

STEPS = 16
"""Places within a pixel at which letters are drawn."""

HELD = 64 << 20
"""Bytes of drawn captions that are held, where those of eight are not more."""


@dataclass(frozen=True)
class Written:
    """A block that is seen in frames ``first`` … ``stop - 1``, with its corner at ``left``, ``top`` (pixels)."""

    first: int
    stop: int
    block: Block
    left: float
    top: float


@dataclass(frozen=True)
class Seen:
    """What a frame shows: the picture of ``number`` (an index; -1 is none), drawn ``across`` and ``down`` steps off a
    pixel, at the pixel ``x``, ``y``, covering ``share`` (of 255) of what it could."""

    number: int = -1
    across: int = 0
    down: int = 0
    x: int = 0
    y: int = 0
    share: int = 0


def lower(config: Mapping[str, Any], inputs: Sequence[Media], effects: Mapping[str, Effect]) -> Media:
    """Each caption is drawn once (and again for each part of a pixel that it moves by) and laid over the frames that
    show it. Of captions at one time, the one that began last is shown. What is written is opaque."""
    media = inputs[0]
    if media.video is None:
        raise StepFailed("its input has no picture", code="refused", advice="give it a video")
    picture = media.video.picture
    if picture.format not in OVERLAYS:
        raise StepFailed(f"it can't write on pictures in {picture.format}", code="refused")
    subtitles = [read_subtitles(each.data) for each in inputs[1:] if each.data is not None]
    if subtitles:
        config = {**config, "captions": subtitles[0]}
    style, captions = _style(config, picture), _captions(config, media.video)
    margin = reach(style)
    widest = max((caption.block.width for caption in captions), default=0.0)
    highest = max((caption.block.height for caption in captions), default=0.0)
    size = (2 * floor((widest + 2 * margin + 5) / 2), 2 * floor((highest + 2 * margin + 5) / 2))
    seen_at = _timing(config, captions, picture, margin)
    shape = replace(picture, width=size[0], height=size[1], format=WITH_ALPHA[picture.format])
    letters = _letters(captions, style, shape, seen_at, media.video.count)

    def network(number: int) -> Network:
        seen = seen_at(number)
        return (Node(Filter("overlay", {"x": seen.x, "y": seen.y, "format": OVERLAYS[picture.format]}), (0, 1)),)

    video = composed((media.video, letters.stream), network, picture)
    alpha = None if media.alpha is None else repainted(media.alpha, letters.cover, media.alpha.picture)
    return replace(media, video=video, alpha=alpha)


def _pixels(measure: Any, picture: Picture, most: float = 1.0) -> float:
    """A measure in pixels, at most ``most`` heights of the picture: what is drawn has to be held."""
    pixels = float(measure[:-1]) / 100 * picture.height if isinstance(measure, str) else float(measure)
    return min(pixels, most * picture.height)


def _style(config: Mapping[str, Any], picture: Picture) -> Style:
    box = config.get("box")
    return Style(
        size=max(1.0, _pixels(config["size"], picture)),
        align=config["align"],
        color=yuv(config["color"], picture),
        outline=_pixels(config["outline"], picture, 0.1),
        outline_color=yuv(config["outline_color"], picture),
        shadow=_pixels(config["shadow"], picture, 0.1),
        shadow_color=yuv(config["shadow_color"], picture),
        box=None if box is None else yuv(box, picture),
        box_opacity=float(config["box_opacity"]),
        padding=_pixels(config["padding"], picture, 0.25),
    )


def _captions(config: Mapping[str, Any], video: VideoStream) -> list[Written]:
    picture, style = video.picture, _style(config, video.picture)
    margin = _pixels(config["margin"], picture)
    room = picture.width * float(config["width"]) / 100
    texts = config["captions"] or [{"start": config["start"], "end": config.get("end"), "text": config["text"]}]
    made = []
    for each in texts:
        block = laid_out(each["text"], style, room, picture.height)
        left, top = _place(config["position"], block, picture, margin)
        end = each.get("end")
        stop = video.count if end is None else nearest(exact(end) * picture.fps)
        made.append(Written(nearest(exact(each["start"]) * picture.fps), stop, block, left, top))
    return made


def _place(position: str, block: Block, picture: Picture, margin: float) -> tuple[float, float]:
    """Where the upper left corner of a block is, in pixels."""
    spare = picture.width - block.width, picture.height - block.height
    across = margin if "left" in position else spare[0] - margin if "right" in position else spare[0] / 2
    down = margin if "top" in position else spare[1] - margin if "bottom" in position else spare[1] / 2
    return across, down


def _timing(
    config: Mapping[str, Any], captions: Sequence[Written], picture: Picture, margin: int
) -> Callable[[int], Seen]:
    """Frame number -> what is seen."""
    firsts = [caption.first for caption in captions]
    x, y, opacity = (curve(config[name]) for name in ("x", "y", "opacity"))
    fade = float(exact(config["fade"]) * picture.fps)

    @lru_cache(64)
    def seen(number: int) -> Seen:
        index = bisect_right(firsts, number) - 1
        if index < 0 or number >= captions[index].stop:
            return Seen()
        caption, time = captions[index], float(number / picture.fps)
        share = _share(opacity, time) * (
            min(1.0, (number - caption.first + 1) / fade, (caption.stop - number) / fade) if fade else 1
        )
        left = round((caption.left + x(time) - margin) * STEPS)
        top = round((caption.top + y(time) - margin) * STEPS)
        # Chroma stands for two pixels: the picture is laid on an even one, and drawn off its corner.
        corner = left // (2 * STEPS) * 2, top // (2 * STEPS) * 2
        return Seen(index, left - corner[0] * STEPS, top - corner[1] * STEPS, *corner, round(255 * share))

    return seen


def _share(opacity: Curve, time: float) -> float:
    return min(max(opacity(time), 0.0), 1.0)


@dataclass(frozen=True)
class _Letters:
    """``stream`` are the drawn captions; ``cover`` makes an alpha opaque where they are."""

    stream: VideoStream
    cover: Callable[[int, Sequence[Plane]], Sequence[Plane]]


def _letters(
    captions: Sequence[Written], style: Style, shape: Picture, seen_at: Callable[[int], Seen], count: int
) -> _Letters:
    parts, margin, ground = divisors(shape), reach(style), style.color
    # Words that go along one axis come by the same places within a pixel again.
    kept = max(8, min(2 * STEPS, HELD // (3 * shape.width * shape.height)))

    @lru_cache(kept)
    def planes_of(number: int, across: int, down: int) -> list[Plane]:
        block = captions[number].block
        place = margin + across / STEPS, margin + down / STEPS
        return chroma_sized(drawn(block, style, (shape.width, shape.height), *place), parts, ground)

    @lru_cache(2)
    def frame_of(number: int, across: int, down: int, share: int) -> VideoFrame:
        if number < 0:
            nothing = [numpy.zeros((shape.height // b, shape.width // a), numpy.uint8) for a, b in parts]
            return picture_of(nothing, shape)
        *colours, cover = planes_of(number, across, down)
        return picture_of([*colours, _shared(cover, share)], shape)

    def source(start: int) -> Iterator[VideoFrame]:
        for number in range(start, count):
            seen = seen_at(number)
            yield frame_of(seen.number, seen.across, seen.down, seen.share)

    def covered(number: int, planes: Sequence[Plane]) -> Sequence[Plane]:
        seen, alpha = seen_at(number), planes[0].copy()
        if seen.number >= 0:
            cover = _shared(planes_of(seen.number, seen.across, seen.down)[-1], seen.share)
            top, left = max(0, seen.y), max(0, seen.x)
            inside = alpha[top : max(0, seen.y + shape.height), left : max(0, seen.x + shape.width)]
            part = cover[top - seen.y :, left - seen.x :][: inside.shape[0], : inside.shape[1]].astype(numpy.uint32)
            inside[:] = 255 - (255 - inside.astype(numpy.uint32)) * (255 - part) // 255
        return [alpha]

    return _Letters(VideoStream(shape, count, shape, source, lambda start: 0), covered)


def _shared(cover: Plane, share: int) -> Plane:
    return cover if share == 255 else ((cover.astype(numpy.uint32) * share + 127) // 255).astype(numpy.uint8)
