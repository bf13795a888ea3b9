"""A stream at another rate, or on the clock of another: when it is seen, and what after it has ended."""

from __future__ import annotations

from fractions import Fraction

from artdagd.render.streams import VideoStream
from artdagd.steps.numbers import nearest


def at_rate(video: VideoStream, fps: Fraction) -> VideoStream:
    """The stream at another rate: each frame shows the one that is nearest in time."""
    rate, last = video.picture.fps, video.count - 1
    if rate == fps:
        return video
    count = max(1, nearest(video.duration * fps))
    return video.mapped(lambda i: min(nearest(i * rate / fps), last), count, fps)


def on_clock(stream: VideoStream, base: VideoStream, first: int, after: str) -> VideoStream:
    """The stream with the rate and length of ``base``: its first frame stands at frame ``first`` of ``base`` and
    before, and each frame shows the one that is nearest in time. ``after`` its end its last frame is held (also for
    ``hide``, when nobody looks), or it begins anew (``loop``)."""
    fps, rate, count = base.picture.fps, stream.picture.fps, stream.count

    def frame_at(number: int) -> int:
        place = nearest(max(0, number - first) * rate / fps)
        return place % count if after == "loop" else min(place, count - 1)

    if (fps, count, first) == (rate, base.count, 0):
        return stream
    return stream.mapped(frame_at, base.count, fps)


def seen(stream: VideoStream, base: VideoStream, start: Fraction, end: Fraction | None, after: str) -> range:
    """The frames of ``base`` during which ``stream`` is seen, from ``start`` to ``end`` seconds."""
    fps = base.picture.fps
    first = nearest(start * fps)
    stop = base.count if end is None else min(base.count, nearest(end * fps))
    if after == "hide":
        stop = min(stop, first + max(1, nearest(stream.duration * fps)))
    return range(first, stop)
