"""A stream at another rate, or on the clock of another: when it is seen, and what after it has ended."""

from __future__ import annotations

from fractions import Fraction

from artdagd.render.streams import VideoStream
from artdagd.steps import maps


def at_rate(video: VideoStream, fps: Fraction) -> VideoStream:
    """The stream at another rate: each frame shows the one that is nearest in time."""
    if video.picture.fps == fps:
        return video
    return video.mapped(*maps.at_rate(video.picture.fps, video.count, fps), fps)


def on_clock(stream: VideoStream, base: VideoStream, first: int, after: str) -> VideoStream:
    """The stream with the rate and length of ``base``: its first frame stands at frame ``first`` of ``base`` and
    before, and each frame shows the one that is nearest in time. ``after`` its end its last frame is held (also for
    ``hide``, when nobody looks), or it begins anew (``loop``)."""
    fps, rate = base.picture.fps, stream.picture.fps
    if (fps, stream.count, first) == (rate, base.count, 0):
        return stream
    return stream.mapped(maps.on_clock(rate, stream.count, fps, first, after), base.count, fps)


def seen(stream: VideoStream, base: VideoStream, start: Fraction, end: Fraction | None, after: str) -> range:
    """The frames of ``base`` during which ``stream`` is seen, from ``start`` to ``end`` seconds."""
    return maps.seen(stream.duration, base.picture.fps, base.count, start, end, after)
