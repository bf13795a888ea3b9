"""From a decoded picture to what steps work in: whole frames, upright, square pixels, 8-bit YUV of limited range."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from itertools import islice
from typing import Literal

from av import VideoFormat, VideoFrame

from artdagd.errors import StepFailed
from artdagd.hooks.types import Filter
from artdagd.render.graphs import MATRICES, evened, run_video, scale
from artdagd.render.opening import MAX_PIXELS
from artdagd.render.orientation import swaps, upright
from artdagd.render.streams import Colour, Picture, VideoStream

FORMATS = ("yuv420p", "yuv422p", "yuv444p")
"""What steps work in, with the chroma of the source."""

HDR: dict[int, Literal["pq", "hlg"]] = {16: "pq", 18: "hlg"}
"""Transfer functions of ITU-T H.273 that are brought to BT.709."""

BT601, BT709, UNSPECIFIED = 5, 1, 2
NO_MATRIX = (0, UNSPECIFIED)

REACH = 2
"""Frames before its own that bwdif looks at, and some: read from there, a frame is what it is when all are read."""


def tagged(frame: VideoFrame) -> VideoFrame:
    """A YUV frame that doesn't name its matrix, with the one that players take it for: BT.709 if it is larger than
    television was, else BT.601. Said aloud, it outlives a change of size."""
    if int(frame.colorspace) == UNSPECIFIED and not _is_rgb(frame.format):
        frame.colorspace = BT709 if frame.width >= 1280 or frame.height > 576 else BT601
    return frame


def described(frame: VideoFrame, fps: Fraction) -> Picture:
    """The shape of decoded frames, from the first of them."""
    full = frame.format.name.startswith("yuvj") or frame.color_range == 2 or _is_rgb(frame.format)
    colour = Colour(int(frame.colorspace), int(frame.color_primaries), int(frame.color_trc), full)
    return Picture(frame.width, frame.height, frame.format.name, fps, colour)


def has_alpha(name: str) -> bool:
    """Whether a pixel format can say that a pixel is transparent."""
    return name == "pal8" or any(part.is_alpha for part in VideoFormat(name).components)


def whole_frames(video: VideoStream) -> VideoStream:
    """An interlaced stream as whole pictures, one for two fields: bwdif, on the frames that say that they need it."""
    filters = (Filter("bwdif", {"mode": "send_frame", "parity": "auto", "deint": "interlaced"}),)

    def source(start: int) -> Iterator[VideoFrame]:
        first = max(0, start - REACH)
        return islice(run_video(filters, video.picture, video.frames(first), first), start - first, None)

    def preroll(start: int) -> int:
        first = max(0, start - REACH)
        return video.preroll(first) + start - first

    return VideoStream(video.picture, video.count, video.picture, source, preroll)


def working(raw: Picture, first: VideoFrame, aspect: Fraction) -> tuple[tuple[Filter, ...], Picture]:
    """Filters that bring frames like ``first``, of shape ``raw`` and with pixels of ``aspect``, to what steps work
    in, and the shape that comes out. Raises StepFailed (``bad_media``)."""
    width, height = _square(raw, aspect)
    format = _format(raw.format)
    filters, colour = list[Filter](), raw.colour
    if colour.transfer in HDR or (width, height, format, False) != (
        raw.width,
        raw.height,
        raw.format,
        colour.full_range,
    ):
        options, colour = _converted(colour)
        filters = [scale(w=width, h=height, **options), Filter("format", {"pix_fmts": format})]
        filters.append(Filter("setsar", {"sar": "1"}))
        if raw.colour.transfer in HDR:
            # The curve of HDR10+ may change with each frame, and to make one takes a second.
            filters.insert(0, Filter("sidedata", {"mode": "delete", "type": "DYNAMIC_HDR_PLUS"}))
    turned, width, height = _turned(first, width, height)
    return (*filters, *turned), replace(raw, width=width, height=height, format=format, colour=colour)


def opacity(raw: Picture, first: VideoFrame, aspect: Fraction) -> tuple[tuple[Filter, ...], Picture]:
    """As :func:`working`, for the alpha of the frames: the format ``gray``, 255 where they are opaque."""
    width, height = _square(raw, aspect)
    # Of grey with alpha, alphaextract takes the alpha of the pixel to the right (FFmpeg 8.1).
    planar = (scale(), Filter("format", {"pix_fmts": "yuva444p"})) if raw.format.startswith("ya") else ()
    filters = (
        *planar,
        Filter("alphaextract"),
        scale(w=width, h=height, in_range="pc", out_range="pc"),
        Filter("format", {"pix_fmts": "gray"}),
        Filter("setsar", {"sar": "1"}),
    )
    turned, width, height = _turned(first, width, height)
    return (*filters, *turned), Picture(width, height, "gray", raw.fps, Colour(full_range=True))


def _square(raw: Picture, aspect: Fraction) -> tuple[int, int]:
    width, height = raw.width, raw.height
    if aspect > 1:
        width = round(width * aspect)
    elif 0 < aspect < 1:
        height = round(height / aspect)
    if width * height > MAX_PIXELS:
        raise StepFailed(f"with square pixels the picture is larger than {MAX_PIXELS} pixels", code="bad_media")
    return width, height


def _turned(first: VideoFrame, width: int, height: int) -> tuple[tuple[Filter, ...], int, int]:
    cuts, width, height = evened(width, height)
    turns, _ = upright(first)
    return (*cuts, *turns), *((height, width) if swaps(turns) else (width, height))


def _converted(colour: Colour) -> tuple[dict[str, str | int], Colour]:
    """Options of the scale filter, and the colour that it makes."""
    if colour.transfer in HDR:
        options: dict[str, str | int] = {
            "out_range": "tv",
            "out_color_matrix": "bt709",
            "out_transfer": "bt709",
            "out_primaries": "bt709",
            "intent": "perceptual",
        }
        if colour.primaries == UNSPECIFIED:
            options["in_primaries"] = "bt2020"
        return options, Colour(BT709, BT709, BT709, False)
    # RGB has no matrix of its own: BT.601, as FFmpeg assumes for what is unspecified.
    space = colour.space if colour.space in MATRICES else BT601
    return {"out_range": "tv", "out_color_matrix": MATRICES[space]}, replace(colour, space=space, full_range=False)


def _format(name: str) -> str:
    """The one of FORMATS that keeps the chroma resolution of a pixel format."""
    if name in FORMATS:
        return name
    format = VideoFormat(name)
    if _is_rgb(format):
        return "yuv444p"
    chroma = next((part for part in format.components if part.is_chroma), None)
    if chroma is None:
        return "yuv420p"
    if chroma.height < format.height:
        return "yuv420p"
    return "yuv422p" if chroma.width < format.width else "yuv444p"


def _is_rgb(format: VideoFormat) -> bool:
    return format.is_rgb or format.has_palette
