"""A grey ramp stays that grey ramp, whatever a file's range, matrix, depth and chroma, from source to delivery."""

from __future__ import annotations

import subprocess

import av
import numpy
import pytest
from pixels import plane

from artdagd.render.reading.source import open_source

RAMP = "color=black:s=128x48:r=10:d=0.3,format=gray,geq=lum='floor(X/8)*17'"
"""Sixteen steps of eight columns: 0, 17, 34 … 255 in full range."""


def converted(range_: str, matrix: str, format: str) -> list[str]:
    scale = f"scale=in_range=pc:out_range={range_}:out_color_matrix={matrix}:flags=accurate_rnd+full_chroma_int"
    tags = {"bt709": "bt709", "bt601": "smpte170m", "bt2020": "bt2020nc"}[matrix]
    return ["-vf", f"{scale},format={format}", "-color_range", range_, "-colorspace", tags]


PALETTE = "split[a][b];[b]palettegen[p];[a][p]paletteuse=dither=none"
X264 = ["-c:v", "libx264", "-qp", "0"]
SOURCES = {
    "limited 601": ("a.mp4", [*converted("tv", "bt601", "yuv420p"), *X264]),
    "limited 709": ("a.mp4", [*converted("tv", "bt709", "yuv420p"), *X264]),
    "limited 2020": ("a.mkv", [*converted("tv", "bt2020", "yuv420p"), *X264]),
    "full 601": ("a.mp4", [*converted("pc", "bt601", "yuv420p"), *X264]),
    "full 709 4:2:2": ("a.mkv", [*converted("pc", "bt709", "yuv422p"), *X264]),
    "yuvj 4:4:4": ("a.mp4", [*converted("pc", "bt709", "yuvj444p"), *X264]),
    "untagged": ("a.avi", ["-vf", "scale=in_range=pc:out_range=tv,format=yuv420p", "-c:v", "ffv1"]),
    "10 bit": ("a.mkv", [*converted("tv", "bt709", "yuv420p10le"), *X264]),
    "10 bit full 4:4:4": ("a.mkv", [*converted("pc", "bt709", "yuv444p10le"), *X264]),
    "prores": ("a.mov", ["-vf", "scale=in_range=pc:out_range=tv,format=yuv422p10le", "-c:v", "prores_ks"]),
    "dnxhd": (
        "a.mov",
        [
            "-vf",
            "scale=256:128:in_range=pc:out_range=tv:flags=neighbor,format=yuv422p",
            "-c:v",
            "dnxhd",
            "-profile:v",
            "dnxhr_hq",
        ],
    ),
    "mjpeg": ("a.avi", ["-vf", "format=yuvj420p", "-c:v", "mjpeg", "-q:v", "2"]),
    "rgb in avi": ("a.avi", ["-vf", "format=bgr24", "-c:v", "rawvideo"]),
    "rgb h264": ("a.mkv", ["-vf", "format=rgb24", "-c:v", "libx264rgb", "-qp", "0"]),
    "rgb ffv1": ("a.mkv", ["-vf", "format=gbrp", "-c:v", "ffv1"]),
    "rgb 16 bit": ("a.mkv", ["-vf", "format=gbrp16le", "-c:v", "ffv1"]),
    "grey ffv1": ("a.mkv", ["-c:v", "ffv1", "-color_range", "pc"]),
    "animation": ("a.mov", ["-vf", "format=rgb24", "-c:v", "qtrle"]),
    "y4m": ("a.y4m", ["-vf", "scale=in_range=pc:out_range=tv,format=yuv420p"]),
    "png grey": ("a.png", ["-frames:v", "1"]),
    "png grey 16": ("a.png", ["-vf", "format=gray16be", "-frames:v", "1"]),
    "png rgb": ("a.png", ["-vf", "format=rgb24", "-frames:v", "1"]),
    "png rgb 16": ("a.png", ["-vf", "format=rgb48be", "-frames:v", "1"]),
    "png palette": ("a.png", ["-vf", PALETTE, "-pix_fmt", "pal8", "-frames:v", "1"]),
    "jpeg": ("a.jpg", ["-vf", "format=yuvj420p", "-q:v", "1", "-frames:v", "1"]),
    "webp": ("a.webp", ["-vf", "format=rgb24", "-c:v", "libwebp", "-lossless", "1", "-frames:v", "1"]),
    "lossy webp": ("a.webp", ["-c:v", "libwebp", "-q:v", "95", "-frames:v", "1"]),
    "gif": ("a.gif", ["-vf", PALETTE]),
    "apng": ("a.apng", ["-vf", "format=rgb24", "-plays", "0"]),
    "vp9": ("a.webm", [*converted("tv", "bt709", "yuv420p"), "-c:v", "libvpx-vp9", "-lossless", "1"]),
}
COARSE = {"jpeg", "mjpeg", "lossy webp", "prores", "dnxhd"}


def greys(frame: av.VideoFrame) -> numpy.ndarray:
    """The sixteen levels as limited-range luma; the chroma is looked at too."""
    luma = plane(frame)
    step = luma.shape[1] // 16
    for number in (1, 2):
        assert numpy.abs(plane(frame, number) - 128).max() <= 2
    return numpy.array([numpy.median(luma[:, i * step + 2 : (i + 1) * step - 2]) for i in range(16)])


WANTED = 16 + numpy.arange(16) * 17 * 219 / 255


@pytest.mark.parametrize("kind", SOURCES)
def test_a_grey_ramp_stays_a_grey_ramp(tmp_path, render, kind):
    name, options = SOURCES[kind]
    path = tmp_path / name
    subprocess.run(["ffmpeg", "-v", "error", "-f", "lavfi", "-i", RAMP, *options, path], check=True)
    tolerance = 4 if kind in COARSE else 1.5
    assert numpy.abs(greys(next(open_source(path).video.frames())) - WANTED).max() <= tolerance
    kept = render([("RESIZE", {"width": 256, "fit": "stretch"}, ["a"])], {"a": path}, lossless=True)
    output = render([("RESIZE", {"width": 128}, ["a"])], {"a": kept})
    with av.open(str(output)) as file:
        frame = next(file.decode(video=0))
        assert frame.format.name == "yuv420p"
        assert (frame.color_range, int(frame.colorspace)) == (1, open_source(path).video.picture.colour.space)
    assert numpy.abs(greys(frame) - WANTED).max() <= tolerance + 2


@pytest.mark.parametrize("matrix", [1, 4, 5, 6, 7, 9])
def test_a_matrix_that_is_named_without_primaries_outlives_an_intermediate(tmp_path, render, matrix):
    path = tmp_path / "a.mkv"
    with av.open(str(path), "w") as file:
        stream = file.add_stream("libx264", rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 32, "yuv420p"
        stream.codec_context.colorspace = matrix
        frame = av.VideoFrame(64, 32, "yuv420p")
        for part in frame.planes:
            part.update(bytes([100]) * part.buffer_size)
        file.mux([*stream.encode(frame), *stream.encode(None)])
    kept = render([("RESIZE", {"width": 128}, ["a"])], {"a": path}, lossless=True)
    assert open_source(kept).video.picture.colour == open_source(path).video.picture.colour
    assert open_source(kept).video.picture.colour.space == matrix
