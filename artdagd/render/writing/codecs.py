"""The encoders of deliveries and of intermediates, set so that the same frames give the same bytes.

Every number of threads is a constant: encoders write it down, or decide by it. What an encoder lets depend on the
processor or on who comes first is off.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field

from artdagd.delivery import Delivery
from artdagd.render.streams import Picture

ENCODER_THREADS = 3
"""x264 writes this number into the stream and decides by it where frames wait for each other: it is a constant."""

# mbtree is off because its result depends on the processor (it divides by an approximate reciprocal, rcpps), and
# under load even differs from run to run where AVX-512 is used (x264 core 165: 5 of 64 encodes; 0 of 64 without).
X264 = "lookahead-threads=1:sliced-threads=0:open-gop=0:scenecut=0:mbtree=0"
X265 = "open-gop=0:scenecut=0:cutree=0:info=0:log-level=error"

# A part of a picture has one thread: others are made at the same time. Its headers must say nothing that another part
# would say otherwise.
WHOLE_X264 = f"threads={ENCODER_THREADS}:{X264}"
PART_X264 = f"threads=1:{X264}:stitchable=1"
WHOLE_X265 = f"pools=3:frame-threads=2:{X265}"
PART_X265 = f"pools=none:frame-threads=1:wpp=0:{X265}"

os.environ.setdefault("SVT_LOG", "1")  # SVT-AV1 has no other way to be told to say nothing but errors

GOP_SECONDS = 2

# Lossless by choice of measurement (python -m benchmarks intermediates): beside x264 qp 0 ultrafast, half the processor
# time to write and less to read, for 1.2 to 1.5 times the bytes; and every frame can be sought. Matroska can't hold it.
LOSSLESS = {"pred": "gradient", "slices": "4"}
LOSSLESS_THREADS = 4

ALPHA = frozenset({"vp9", "png", "webp", "gif"})
"""Codecs whose pictures may be transparent in part; for all others they are laid over black."""

AAC_RATES = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000, 64000, 88200, 96000)
MP3_RATES = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000)


@dataclass(frozen=True)
class PictureCoding:
    """An encoder of FFmpeg's and its settings. ``format`` is the pixel format that it is given, ``gop`` the most frames
    from one keyframe to the next; ``tag`` is the four letters by which MP4 calls the codec, where there is a choice."""

    encoder: str
    format: str
    options: dict[str, str] = field(default_factory=dict)
    gop: int = 1
    threads: int = 1
    frame_threads: bool = False
    tag: str = ""


@dataclass(frozen=True)
class SoundCoding:
    """An encoder of FFmpeg's; ``rates`` are those that it takes (none: all), the last resort is 48 kHz.
    ``bitrate_of_a_channel`` is the most, in bits a second (0: it has no such limit, or keeps to it by itself)."""

    encoder: str
    format: str
    rates: tuple[int, ...] = ()
    bitrate_of_a_channel: int = 0

    def rate(self, wanted: int) -> int:
        return wanted if not self.rates or wanted in self.rates else 48_000


SOUND = {
    "aac": SoundCoding("aac", "fltp", AAC_RATES),
    "opus": SoundCoding("libopus", "flt", (48_000,), 256_000),  # at lower rates its decoders give 48 kHz all the same
    "mp3": SoundCoding("libmp3lame", "fltp", MP3_RATES),
    "flac": SoundCoding("flac", "s32"),
    "pcm_s16le": SoundCoding("pcm_s16le", "s16"),
    "pcm_s24le": SoundCoding("pcm_s24le", "s32"),
    "pcm_f32le": SoundCoding("pcm_f32le", "flt"),
}
LOSSLESS_SOUND = SOUND["pcm_f32le"]


def picture_coding(
    delivery: Delivery | None, picture: Picture, *, alpha: bool = False, part: bool = False
) -> PictureCoding:
    """How ``picture`` is encoded; ``alpha`` says that parts of it are transparent, and the codec is one of ALPHA.
    ``part``: others are put before and after it."""
    if delivery is None:
        return PictureCoding("magicyuv", picture.format, LOSSLESS, threads=LOSSLESS_THREADS)
    gop = max(1, round(GOP_SECONDS * picture.fps))
    constant = {"crf": str(delivery.crf), "preset": str(delivery.preset)}
    match delivery.video_codec:
        case "h264":
            options = {**constant, "x264-params": PART_X264 if part else WHOLE_X264}
            threads = 1 if part else ENCODER_THREADS
            return PictureCoding("libx264", "yuv420p", options, gop, threads, frame_threads=True)
        case "h265":
            # Apple's players take H.265 under no other name.
            tag = "" if delivery.format == "mkv" else "hvc1"
            options = {**constant, "x265-params": PART_X265 if part else WHOLE_X265}
            return PictureCoding("libx265", "yuv420p", options, gop, 1 if part else 2, tag=tag)
        case "vp9":
            options = {"crf": str(delivery.crf), "b": "0", "deadline": "good", "cpu-used": str(delivery.preset)}
            options |= {"row-mt": "0", "tile-columns": "2"}
            if alpha:  # alpha is a stream of its own beside the picture's, and the two have to keep step
                options |= {"auto-alt-ref": "0"}
            return PictureCoding("libvpx-vp9", "yuva420p" if alpha else "yuv420p", options, gop, 1 if part else 4)
        case "av1":
            return PictureCoding("libsvtav1", "yuv420p", {**constant, "svtav1-params": "lp=2"}, gop)
        case "ffv1":
            options = {"level": "3", "slices": "4", "slicecrc": "1"}
            return PictureCoding("ffv1", picture.format, options, threads=1 if part else 4)
        case "prores":
            options = {"profile": str(delivery.profile), "vendor": "apl0"}
            return PictureCoding("prores_ks", "yuv422p10le", options, threads=1 if part else 4)
        case "webp":
            return PictureCoding("libwebp", "bgra", {"quality": str(delivery.quality)})
        case "png":
            return PictureCoding("png", "rgba" if alpha else "rgb24")
        case "mjpeg":
            scale = _quantizer(delivery.quality or 100)
            return PictureCoding("mjpeg", "yuv420p", {"qmin": scale, "qmax": scale})
    return PictureCoding("gif", "pal8")


def _quantizer(quality: int) -> str:
    """MJPEG's quantizer, 2 (best) to 31, for a quality of 100 to 1."""
    return str(2 + round((100 - quality) * 29 / 99))
