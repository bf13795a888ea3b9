"""A delivery of each kind, with what a recipe gets that says nothing."""

from __future__ import annotations

from artdagd.delivery import Delivery, options

FAST = {"h264": "ultrafast", "h265": "ultrafast", "vp9": "8", "av1": "12"}
"""The preset of each codec that takes the least time."""


def usual(format: str, video: str | None, audio: str | None, *, fast: bool = False) -> Delivery:
    """These codecs with their usual options, or ``fast`` as they go."""
    chosen = {key: option.usual for key, option in options(format, video, audio).items()}
    if fast and "preset" in chosen:
        chosen["preset"] = FAST[str(video)]
    rest = dict.fromkeys(("crf", "preset", "audio_bitrate"))
    return Delivery(format=format, video_codec=video, audio_codec=audio, **{**rest, **chosen})
