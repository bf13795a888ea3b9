"""Every way up that a camera can write: the picture stands upright."""

from __future__ import annotations

import struct
import subprocess
import zlib
from fractions import Fraction
from pathlib import Path

import av
import numpy
import pytest
from pixels import plane

from artdagd.render.reading.probe import probe
from artdagd.render.reading.source import open_source

MATRICES = {1: (1, 0, 0, 1), 2: (-1, 0, 0, 1), 3: (-1, 0, 0, -1), 4: (1, 0, 0, -1)}
MATRICES |= {5: (0, 1, 1, 0), 6: (0, 1, -1, 0), 7: (0, -1, -1, 0), 8: (0, -1, 1, 0)}
"""EXIF's eight orientations as a, b, c, d of a display matrix."""

SHOWN = {
    1: lambda p: p,
    2: numpy.fliplr,
    3: lambda p: numpy.rot90(p, 2),
    4: numpy.flipud,
    5: lambda p: p.T,
    6: lambda p: numpy.rot90(p, -1),
    7: lambda p: numpy.rot90(p, 2).T,
    8: numpy.rot90,
}
"""What a viewer does with the stored picture, by EXIF 2.32's words for the tag."""


def stored() -> numpy.ndarray:
    """Three grey squares in a corner that tells all eight orientations apart."""
    picture = numpy.full((32, 64), 40, numpy.uint8)
    picture[:16, :16], picture[:16, 16:32], picture[16:, :16] = 220, 160, 100
    return picture


def tiff(orientation: int) -> bytes:
    return b"II*\0" + struct.pack("<IHHHIHHI", 8, 1, 0x112, 3, 1, orientation, 0, 0)


def photograph(path: Path, orientation: int) -> Path:
    """``stored()`` as JPEG, PNG or WebP, with an EXIF orientation."""
    frame = av.VideoFrame.from_ndarray(stored(), format="gray").reformat(format="yuv420p")
    codec = {".jpg": "mjpeg", ".png": "png", ".webp": "libwebp"}[path.suffix]
    context = av.CodecContext.create(codec, "w")
    format = {"mjpeg": "yuvj420p", "png": "gray", "libwebp": "yuv420p"}[codec]
    context.width, context.height, context.pix_fmt = 64, 32, format
    context.time_base = Fraction(1, 25)
    packets = [*context.encode(frame.reformat(format=format)), *context.encode(None)]
    plain, exif = b"".join(map(bytes, packets)), tiff(orientation)
    if path.suffix == ".jpg":
        data = b"Exif\0\0" + exif
        path.write_bytes(plain[:2] + b"\xff\xe1" + struct.pack(">H", len(data) + 2) + data + plain[2:])
    elif path.suffix == ".png":
        chunk = struct.pack(">I", len(exif)) + b"eXIf" + exif + struct.pack(">I", zlib.crc32(b"eXIf" + exif))
        path.write_bytes(plain[:33] + chunk + plain[33:])
    else:
        head = b"VP8X" + struct.pack("<I4B", 10, 8, 0, 0, 0) + (63).to_bytes(3, "little") + (31).to_bytes(3, "little")
        body = b"WEBP" + head + plain[12:] + b"EXIF" + struct.pack("<I", len(exif)) + exif
        path.write_bytes(b"RIFF" + struct.pack("<I", len(body)) + body)
    return path


def shown(path: Path) -> numpy.ndarray:
    video = open_source(path).video
    frame = next(video.frames())
    assert (frame.width, frame.height) == (video.picture.width, video.picture.height)
    return plane(frame)


def looks_like(picture: numpy.ndarray, orientation: int) -> bool:
    wanted = SHOWN[orientation](stored()).astype(int)
    return picture.shape == wanted.shape and numpy.abs(picture - (16 + wanted * 219 // 255)).mean() < 6


@pytest.mark.parametrize("orientation", SHOWN)
@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.webp"])
def test_a_photograph_stands_upright(tmp_path, name, orientation):
    path = photograph(tmp_path / name, orientation)
    assert looks_like(shown(path), orientation)
    facts = probe(path)
    assert facts.kind == "image"
    assert (facts.video.width, facts.video.height) == ((64, 32) if orientation < 5 else (32, 64))


@pytest.mark.parametrize("orientation", SHOWN)
def test_phone_footage_stands_upright(tmp_path, orientation):
    still, path = tmp_path / "still.png", tmp_path / "phone.mov"
    photograph(still, 1)
    subprocess.run(
        ["ffmpeg", "-v", "error", "-loop", "1", "-i", still, "-frames:v", "4", "-c:v", "mpeg4", path], check=True
    )
    data = path.read_bytes()
    unit = [struct.pack(">i", value << 16) for value in (1, 0, 0, 1)]
    at = data.index(b"tkhd") + 44
    assert data[at : at + 8] == unit[0] + unit[1]
    a, b, c, d = (struct.pack(">i", value << 16) for value in MATRICES[orientation])
    zero, one = bytes(4), struct.pack(">i", 1 << 30)
    path.write_bytes(data[:at] + a + b + zero + c + d + zero + zero + zero + one + data[at + 36 :])
    assert looks_like(shown(path), orientation)
    assert probe(path).video.rotation == {3: 180, 5: 90, 6: 90, 7: 270, 8: 270}.get(orientation, 0)
