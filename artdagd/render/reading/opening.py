"""The one door through which media is opened. What a blob contains is a stranger's choice."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
from av.container.input import InputContainer

from artdagd.errors import StepFailed
from artdagd.render.failures import reporting
from artdagd.render.reading.headers import is_animated_webp, picture_size

MAX_STREAMS = 32
MAX_PIXELS = 8192 * 8192
MAX_SIDE = 16_384
"""Pixels; H.264 can't be larger either."""
MAX_SECONDS = 24 * 3600
MAX_CHAPTERS = 10_000

# Demuxers that read one self-contained file. Those that name other files (concat, hls, dash, image2, lavfi …) are
# left out on purpose: a blob could make them read its neighbours.
FORMATS = (
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,mpeg,flv,yuv4mpegpipe,gif,apng,png_pipe,jpeg_pipe,webp_pipe,"
    "mp3,wav,w64,flac,ogg,aac,ac3,eac3,aiff,au,caf"
)
# Decoders of what cameras, editors and the web make. Those of games and of the last century are left out: few look
# after them.
# fmt: off
DECODERS = frozenset({
    # pictures
    "apng", "av1", "cfhd", "cinepak", "dnxhd", "dvvideo", "ffv1", "ffvhuff", "flv", "gif", "h263", "h264", "hevc",
    "huffyuv", "libdav1d", "libvpx", "libvpx-vp9", "magicyuv", "mjpeg", "mpeg1video", "mpeg2video", "mpeg4",
    "msmpeg4", "msmpeg4v2", "png", "prores", "qtrle", "rawvideo", "svq1", "svq3", "theora", "utvideo", "v210", "vc1",
    "vp6", "vp6a", "vp6f", "vp8", "vp9", "webp", "wmv1", "wmv2", "wmv3",
    # sound
    "aac", "aac_latm", "ac3", "adpcm_ima_qt", "adpcm_ima_wav", "adpcm_ms", "adpcm_swf", "alac", "amrnb", "amrwb", "dca",
    "eac3", "flac", "gsm", "gsm_ms", "libopencore_amrnb", "libopencore_amrwb", "libopus", "mlp", "mp1", "mp1float",
    "mp2", "mp2float", "mp3", "mp3float", "nellymoser", "opus", "pcm_alaw", "pcm_bluray", "pcm_dvd", "pcm_f32be",
    "pcm_f32le", "pcm_f64be", "pcm_f64le", "pcm_mulaw", "pcm_s16be", "pcm_s16le", "pcm_s24be", "pcm_s24le", "pcm_s32be",
    "pcm_s32le", "pcm_s64le", "pcm_s8", "pcm_u8", "speex", "truehd", "vorbis", "wavpack", "wmav1", "wmav2",
})
# fmt: on
OPTIONS = {
    "protocol_whitelist": "file",
    "format_whitelist": FORMATS,
    "codec_whitelist": ",".join(sorted(DECODERS)),  # opening a file decodes some of it
    "max_streams": str(2 * MAX_STREAMS),
    "enable_drefs": "0",  # a QuickTime file may name others that hold its tracks
}
IMAGE_FORMATS = frozenset({"png_pipe", "jpeg_pipe", "webp_pipe"})


def open_media(path: Path) -> InputContainer:
    """Open a local file for reading. Raises StepFailed (``bad_media``) for all that is not media within our limits.

    These checks are for a good message: what they can't see (a picture may be larger than its header says) the limits
    that the kernel holds the worker to end.
    """
    with reporting("the file can't be opened as media"):
        if not path.is_file():  # a pipe would be waited for
            raise _refused("there is no such file", "upload it again")
        if is_animated_webp(path):
            raise _refused("it is an animated WebP, which FFmpeg can't read", "convert it to a GIF or a video")
        size = picture_size(path)
        if size is not None:
            _check_size(*size)
        container = av.open(f"file:{path.absolute()}", "r", options=OPTIONS, metadata_errors="replace")
        try:
            _check(container)
        except BaseException:
            container.close()
            raise
    return container


def check_length(seconds: Fraction | float) -> None:
    """Raises StepFailed (``bad_media``) if media lasts longer than we take."""
    if seconds > MAX_SECONDS:
        raise _refused(f"it lasts longer than {MAX_SECONDS} s")


def is_heif(container: InputContainer) -> bool:
    """Whether an MP4 is a photograph: AVIF, HEIC."""
    return container.metadata.get("major_brand") in ("avif", "heic", "heix", "mif1", "msf1")


def _check(container: InputContainer) -> None:
    if is_heif(container) and len(container.streams.video) > 2:
        raise _refused("it is a photograph in tiles (HEIC)", "convert it to JPEG, PNG or WebP")
    if len(container.streams) > MAX_STREAMS:
        raise _refused(f"it has {len(container.streams)} streams; the limit is {MAX_STREAMS}")
    if len(container.chapters()) > MAX_CHAPTERS:
        raise _refused(f"it has more than {MAX_CHAPTERS} chapters")
    for stream in container.streams.video:
        if stream.codec_context is not None:
            _check_size(stream.width, stream.height)
    if container.duration is not None:
        check_length(container.duration / 1_000_000)


def _check_size(width: int, height: int) -> None:
    if width * height > MAX_PIXELS:
        raise _refused(f"its picture is {width}x{height}; the limit is {MAX_PIXELS} pixels")
    if max(width, height) > MAX_SIDE:
        raise _refused(f"its picture is {width}x{height}; the limit is {MAX_SIDE} pixels on each side")


def _refused(why: str, advice: str = "make it smaller") -> StepFailed:
    return StepFailed(f"the media is refused: {why}", code="bad_media", advice=advice)
