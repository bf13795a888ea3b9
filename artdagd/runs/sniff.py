"""The media type that the first bytes of a file claim. A guess for names and headers; a worker's probe decides."""

from __future__ import annotations

import mimetypes
from pathlib import Path

HEAD = 512
"""Bytes of the beginning that the media type is told from."""

_MAGIC: tuple[tuple[int, bytes, str], ...] = (
    (0, b"\x1a\x45\xdf\xa3", "video/webm"),
    (0, b"OggS", "audio/ogg"),
    (0, b"fLaC", "audio/flac"),
    (0, b"ID3", "audio/mpeg"),
    (0, b"\xff\xfb", "audio/mpeg"),
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"GIF8", "image/gif"),
    (8, b"WEBP", "image/webp"),
    (8, b"WAVE", "audio/wav"),
    (8, b"AVI ", "video/x-msvideo"),
)


def beginning(path: Path) -> tuple[bytes, int]:
    """In a thread: the first bytes of a file, and its size. Raises OSError."""
    with path.open("rb") as file:
        return file.read(HEAD), path.stat().st_size


def media_type_of(head: bytes, filename: str | None = None) -> str:
    """A media type from magic bytes, else ``text/plain`` or ``application/octet-stream``.

    The name only tells Matroska from WebM and M4A from MP4, and the kinds of text apart: it is the user's word.
    """
    named = mimetypes.guess_type(filename or "")[0] or ""
    if head[4:8] == b"ftyp":
        if head[8:12] in (b"M4A ", b"M4B "):
            return "audio/mp4"
        return "video/quicktime" if head[8:12] == b"qt  " else "video/mp4"
    for offset, magic, kind in _MAGIC:
        if head[offset : offset + len(magic)] == magic:
            return "video/x-matroska" if kind == "video/webm" and named == "video/x-matroska" else kind
    try:
        text = head[:-4].decode() if len(head) > 8 else head.decode()
    except UnicodeDecodeError:
        return "application/octet-stream"
    if "\x00" in text:
        return "application/octet-stream"
    return named if named in ("application/json", "application/yaml", "text/csv") else "text/plain"
