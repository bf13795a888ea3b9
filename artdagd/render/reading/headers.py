"""The size of a still picture, read from its header alone: opening one with FFmpeg already decodes it.

Layouts: PNG (ISO/IEC 15948, IHDR), GIF (GIF89a, logical screen), JPEG (ITU-T T.81, SOFn), WebP (RFC 9649).
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import BinaryIO


def picture_size(path: Path) -> tuple[int, int] | None:
    """Width and height in pixels that a PNG, GIF, JPEG or WebP declares; None for anything else."""
    with path.open("rb") as file:
        head = file.read(30)
        if head.startswith(b"\x89PNG\r\n\x1a\n") and len(head) >= 24:
            width, height = struct.unpack(">II", head[16:24])
            return width, height
        if head.startswith((b"GIF87a", b"GIF89a")) and len(head) >= 10:
            width, height = struct.unpack("<HH", head[6:10])
            return width, height
        if head.startswith(b"\xff\xd8"):
            return _jpeg(file)
        if head[:4] == b"RIFF" and head[8:12] == b"WEBP" and len(head) == 30:
            return _webp(head)
    return None


def is_animated_webp(path: Path) -> bool:
    """Whether a file is a WebP that says of itself that it moves."""
    with path.open("rb") as file:
        head = file.read(21)
    return head[:4] == b"RIFF" and head[8:16] == b"WEBPVP8X" and bool(head[20:21]) and bool(head[20] & 2)


def _jpeg(file: BinaryIO) -> tuple[int, int] | None:
    file.seek(2)
    while len(marker := file.read(4)) == 4 and marker[0] == 0xFF:
        kind, length = marker[1], int.from_bytes(marker[2:], "big")
        if 0xC0 <= kind <= 0xCF and kind not in (0xC4, 0xC8, 0xCC):
            frame = file.read(5)
            if len(frame) < 5:
                return None
            return int.from_bytes(frame[3:5], "big"), int.from_bytes(frame[1:3], "big")
        if length < 2 or kind == 0xDA:
            return None
        file.seek(length - 2, 1)
    return None


def _webp(head: bytes) -> tuple[int, int] | None:
    if head[12:16] == b"VP8X":
        return 1 + int.from_bytes(head[24:27], "little"), 1 + int.from_bytes(head[27:30], "little")
    if head[12:16] == b"VP8L":
        bits = int.from_bytes(head[21:25], "little")
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    if head[12:16] == b"VP8 ":
        return int.from_bytes(head[26:28], "little") & 0x3FFF, int.from_bytes(head[28:30], "little") & 0x3FFF
    return None
