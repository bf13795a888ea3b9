"""From a decoded picture to what steps work in: whole frames, upright, square pixels, 8-bit YUV of limited range."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from av import VideoFormat, VideoFrame

from artdagd.errors import StepFailed
from artdagd.hooks.types import Filter
from artdagd.render.graphs import MATRICES, evened, scale
from artdagd.render.reading.hdr import HDR, to_sdr
from artdagd.render.reading.opening import MAX_PIXELS, MAX_SIDE
from artdagd.render.reading.orientation import swaps, upright
from artdagd.render.streams import Colour, Picture, VideoStream

FORMATS = ("yuv420p", "yuv422p", "yuv444p")
"""What steps work in, with the chroma of the source."""

BT601, BT709, UNSPECIFIED = 5, 1, 2


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
    bwdif = Filter("bwdif", {"mode": "send_frame", "parity": "auto", "deint": "interlaced"})
    pinned = Filter("format", {"pix_fmts": video.picture.format})
    return video.filtered((scale(), bwdif, scale(), pinned), video.picture)


def working(video: VideoStream, first: VideoFrame, aspect: Fraction) -> VideoStream:
    """Decoded frames, like ``first``, with pixels of ``aspect``, as steps work with them. Raises StepFailed
    (``bad_media``)."""
    raw, size, format = video.picture, _square(video.picture, aspect), _format(video.picture.format)
    if raw.colour.transfer in HDR:
        video = to_sdr(video, first, size, format)
    elif (*size, format, False) != (raw.width, raw.height, raw.format, raw.colour.full_range):
        # RGB has no matrix of its own: BT.601, as FFmpeg assumes for what is unspecified.
        space = raw.colour.space if raw.colour.space in MATRICES else BT601
        filters = (
            scale(w=size[0], h=size[1], out_range="tv", out_color_matrix=MATRICES[space]),
            Filter("format", {"pix_fmts": format}),
            Filter("setsar", {"sar": "1"}),
        )
        colour = replace(raw.colour, space=space, full_range=False)
        video = video.filtered(filters, Picture(*size, format, raw.fps, colour))
    return _turned(video, first)


def opacity(video: VideoStream, first: VideoFrame, aspect: Fraction) -> VideoStream:
    """As :func:`working`, for the alpha of the frames: the format ``gray``, 255 where they are opaque."""
    raw, size = video.picture, _square(video.picture, aspect)
    # Of grey with alpha, alphaextract takes the alpha of the pixel to the right (FFmpeg 8.1); a palette it refuses.
    packed = raw.format == "pal8" or raw.format.startswith("ya")
    planar = (scale(), Filter("format", {"pix_fmts": "yuva444p"})) if packed else ()
    filters = (
        *planar,
        Filter("alphaextract"),  # of full range, whatever the picture's is
        scale(w=size[0], h=size[1]),
        Filter("format", {"pix_fmts": "gray"}),
        Filter("setsar", {"sar": "1"}),
    )
    return _turned(video.filtered(filters, Picture(*size, "gray", raw.fps, Colour(full_range=True))), first)


def _square(raw: Picture, aspect: Fraction) -> tuple[int, int]:
    width, height = raw.width, raw.height
    if aspect > 1:
        width = round(width * aspect)
    elif 0 < aspect < 1:
        height = round(height / aspect)
    if width * height > MAX_PIXELS or max(width, height) > MAX_SIDE:
        raise StepFailed(f"with square pixels the picture is {width}x{height}: too large", code="bad_media")
    return width, height


def _turned(video: VideoStream, first: VideoFrame) -> VideoStream:
    cuts, width, height = evened(video.picture.width, video.picture.height)
    turns, _ = upright(first)
    if swaps(turns):
        width, height = height, width
    return video.filtered((*cuts, *turns), replace(video.picture, width=width, height=height))


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
