"""Whether an upload is already what ``/cache/{cid}/mp4`` would make of it."""

from __future__ import annotations

import struct
from pathlib import Path

from artdagd.work import MediaFacts

_MOST_BOXES = 64


def is_web_mp4(facts: MediaFacts) -> bool:
    """H.264 that every player shows, with AAC or without sound, in MP4. Where its index lies is another question."""
    video, audio = facts.video, facts.audio
    if facts.media_type != "video/mp4" or video is None or video.codec != "h264" or video.pixel_format != "yuv420p":
        return False
    return not video.interlaced and not video.rotation and (audio is None or audio.codec == "aac")


def starts_at_once(path: Path) -> bool:
    """Whether an MP4's index (``moov``) comes before its data (``mdat``; ISO/IEC 14496-12), so that it plays while it
    loads. Only headers of boxes are read."""
    with path.open("rb") as file:
        for _ in range(_MOST_BOXES):
            at, head = file.tell(), file.read(16)
            if len(head) < 8:
                return False
            size, kind = struct.unpack(">I4s", head[:8])
            if kind in (b"moov", b"mdat"):
                return bool(kind == b"moov")
            if size == 1 and len(head) == 16:
                (size,) = struct.unpack(">Q", head[8:])
            if size < 8:
                return False
            file.seek(at + size)
    return False
