"""Which streams of a file we use, and what decodes them."""

from __future__ import annotations

import av
from av.container.input import InputContainer
from av.stream import Disposition
from av.video.codeccontext import VideoCodecContext
from av.video.stream import VideoStream as Track

from artdagd.render.reading.opening import DECODERS

ALPHA_NAME = "artdagd alpha"
"""The name of the second picture stream of an intermediate: how opaque each pixel of the first is, in grey."""

ALPHA_DECODERS = {"vp8": "libvpx", "vp9": "libvpx-vp9"}
"""FFmpeg's own decoders of these leave out the alpha that WebM keeps beside the colours."""


def picture_track(container: InputContainer) -> Track | None:
    """The video stream that we use; cover art is none."""
    for stream in container.streams.video:
        if not stream.disposition & Disposition.attached_pic and _known(stream) and not _is_alpha(stream):
            return stream
    return None


def alpha_track(container: InputContainer) -> Track | None:
    """The alpha of an intermediate of ours."""
    for stream in container.streams.video:
        if _known(stream) and _is_alpha(stream):
            return stream
    return None


def decoder(track: Track) -> VideoCodecContext:
    """What decodes ``track``: its own context, or a new one if another decoder is needed for its alpha."""
    context = track.codec_context
    name = ALPHA_DECODERS.get(context.name) if track.metadata.get("alpha_mode") == "1" else None
    if name is None:
        return context
    other = av.CodecContext.create(name, "r")
    assert isinstance(other, VideoCodecContext)
    other.extradata = context.extradata
    return other


def _known(stream: Track) -> bool:
    return stream.codec_context is not None and stream.codec_context.name in DECODERS


def _is_alpha(stream: Track) -> bool:
    return stream.metadata.get("handler_name") == ALPHA_NAME
