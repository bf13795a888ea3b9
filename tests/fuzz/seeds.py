"""A small file of every kind that the media engine opens: what mutants are made from."""

from __future__ import annotations

import struct
from fractions import Fraction
from pathlib import Path

import av
import numpy

WIDTH, HEIGHT, COUNT, RATE = 64, 48, 6, 10

# name -> (format, picture codec, pixel format, sound codec, options of the container)
FILES: dict[str, tuple[str, str, str, str, dict[str, str]]] = {
    "h264.mp4": ("mp4", "libx264", "yuv420p", "aac", {}),
    "fragmented.mp4": ("mp4", "libx264", "yuv420p", "aac", {"movflags": "frag_keyframe+empty_moov"}),
    "hevc.mp4": ("mp4", "libx265", "yuv420p10le", "", {}),
    "prores.mov": ("mov", "prores_ks", "yuva444p10le", "pcm_s16be", {}),
    "animation.mov": ("mov", "qtrle", "argb", "alac", {}),
    "ffv1.mkv": ("matroska", "ffv1", "yuv422p", "flac", {}),
    "vp9.webm": ("webm", "libvpx-vp9", "yuva420p", "libopus", {}),
    "vp8.webm": ("webm", "libvpx", "yuv420p", "libopus", {}),
    "mpeg4.avi": ("avi", "mpeg4", "yuv420p", "libmp3lame", {}),
    "mjpeg.avi": ("avi", "mjpeg", "yuvj420p", "pcm_s16le", {}),
    "mpeg2.ts": ("mpegts", "mpeg2video", "yuv420p", "mp2", {}),
    "mpeg2.mpg": ("mpeg", "mpeg2video", "yuv420p", "ac3", {}),
    "flv.flv": ("flv", "flv", "yuv420p", "aac", {}),
    "a.y4m": ("yuv4mpegpipe", "rawvideo", "yuv420p", "", {}),
    "a.gif": ("gif", "gif", "rgb8", "", {}),
    "moving.webp": ("webp", "libwebp_anim", "yuva420p", "", {}),
    "a.apng": ("apng", "apng", "rgba", "", {"plays": "0"}),
    "a.mp3": ("mp3", "", "", "libmp3lame", {}),
    "a.wav": ("wav", "", "", "pcm_s24le", {}),
    "a.w64": ("w64", "", "", "pcm_s16le", {}),
    "a.flac": ("flac", "", "", "flac", {}),
    "vorbis.ogg": ("ogg", "", "", "vorbis", {}),
    "opus.ogg": ("ogg", "", "", "libopus", {}),
    "a.aac": ("adts", "", "", "aac", {}),
    "a.ac3": ("ac3", "", "", "ac3", {}),
    "a.eac3": ("eac3", "", "", "eac3", {}),
    "a.aiff": ("aiff", "", "", "pcm_s16be", {}),
    "a.au": ("au", "", "", "pcm_s16be", {}),
    "a.caf": ("caf", "", "", "alac", {}),
}
STILLS = {
    "a.png": ("png", "rgba"),
    "palette.png": ("png", "pal8"),
    "a.jpg": ("mjpeg", "yuvj420p"),
    "a.webp": ("libwebp", "yuva420p"),
}


def seeds(folder: Path) -> dict[str, bytes]:
    """The files' bytes by name; ``folder`` is for scratch."""
    made: dict[str, bytes] = {}
    for name, (format, picture, pixels, sound, options) in FILES.items():
        path = folder / name
        _write(path, format, picture, pixels, sound, options)
        made[name] = path.read_bytes()
        path.unlink()
    for name, (codec, pixels) in STILLS.items():
        made[name] = _still(codec, pixels)
    exif = b"Exif\0\0II*\0" + struct.pack("<IHHHIHHI", 8, 1, 0x112, 3, 1, 6, 0, 0)
    made["turned.jpg"] = made["a.jpg"][:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + made["a.jpg"][2:]
    made["concat.txt"] = b"ffconcat version 1.0\nfile a.mp4\n"
    return made


def _picture(number: int, pixels: str) -> av.VideoFrame:
    array = numpy.zeros((HEIGHT, WIDTH, 4), numpy.uint8)
    array[..., 0], array[..., 1] = numpy.arange(WIDTH) * 4, numpy.arange(HEIGHT)[:, None] * 5
    array[8:24, 4 * number : 4 * number + 16, 2] = 255
    array[..., 3] = 255 - 30 * number
    frame = av.VideoFrame.from_ndarray(array, format="rgba")
    return frame if pixels == "rgba" else frame.reformat(format=pixels)


def _write(path: Path, format: str, picture: str, pixels: str, sound: str, options: dict[str, str]) -> None:
    flags = {"fflags": "+bitexact", **options}
    with av.open(str(path), "w", format=format, options=flags) as file:
        video = audio = None
        if picture:
            rate = 25 if picture == "mpeg2video" else RATE
            x265 = {"x265-params": "log-level=none:pools=1"} if picture == "libx265" else {}
            video = file.add_stream(picture, rate=rate, options={"threads": "1", **x265})
            video.width, video.height, video.pix_fmt = WIDTH, HEIGHT, pixels
        if sound:
            options = {"strict": "experimental"} if sound == "vorbis" else {}
            audio = file.add_stream(
                sound, rate=48_000 if "opus" in sound or sound == "alac" else 44_100, options=options
            )
            audio.layout = "stereo"
        if video:
            for number in range(COUNT):
                frame = _picture(number, pixels)
                frame.pts, frame.time_base = number, Fraction(1, rate)
                file.mux(video.encode(frame))
            file.mux(video.encode(None))
        if audio:
            wave = 8000 * numpy.sin(numpy.arange(9216) / 20)
            resampler = av.AudioResampler(
                audio.format.name, "stereo", audio.rate, audio.codec_context.frame_size or 1024
            )
            frame = av.AudioFrame.from_ndarray(
                numpy.repeat(wave.astype(numpy.int16), 2).reshape(1, -1), "s16", "stereo"
            )
            frame.sample_rate, frame.pts, frame.time_base = audio.rate, 0, Fraction(1, audio.rate)
            for part in (*resampler.resample(frame), *resampler.resample(None)):
                file.mux(audio.encode(part))
            file.mux(audio.encode(None))


def _still(codec: str, pixels: str) -> bytes:
    context = av.CodecContext.create(codec, "w")
    context.width, context.height, context.pix_fmt, context.time_base = WIDTH, HEIGHT, pixels, Fraction(1, RATE)
    frame = _picture(2, "rgba" if pixels == "rgba" else "rgb8" if pixels == "pal8" else pixels)
    if pixels == "pal8":
        context.pix_fmt = "gray"
        frame = frame.reformat(format="gray")
    return b"".join(bytes(packet) for packet in (*context.encode(frame), *context.encode(None)))
