"""One reading of a stream for several readers: where ways part and meet again, what lies before is computed once."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from threading import local

from av import VideoFrame

from artdagd.render.streams import Picture, VideoStream, close

WINDOW = 32
"""Frames that are held at most for readers that lag behind."""

WINDOW_BYTES = 64 << 20
"""Bytes that they may take; two frames are held whatever they take."""


def shared(video: VideoStream) -> VideoStream:
    """The same frames. Readers that are less than a window apart share one reading; any other one, such as the second
    of two that read one after the other, has a reading of its own until it comes near.

    A thread shares with none but itself: whoever takes a frame writes its time into it.
    """
    here = local()

    def frames(start: int) -> Iterator[VideoFrame]:
        if not hasattr(here, "reading"):
            here.reading = _Reading(video)
        yield from here.reading.frames(start)

    return VideoStream(video.picture, video.count, video.picture, frames, video.preroll)


def window(picture: Picture) -> int:
    """How many frames of ``picture`` are held."""
    return max(2, min(WINDOW, WINDOW_BYTES // picture.bytes))


class _Reading:
    """The common reading: the frames that it gave last, and who follows it."""

    def __init__(self, stream: VideoStream) -> None:
        self._stream = stream
        self._most = window(stream.picture)
        self._held: deque[VideoFrame] = deque(maxlen=self._most)
        self._next = 0
        self._source: Iterator[VideoFrame] | None = None
        self._followers: set[object] = set()

    def frames(self, start: int) -> Iterator[VideoFrame]:
        me = object()
        own: Iterator[VideoFrame] | None = None
        try:
            for number in range(start, self._stream.count):
                frame = self._common(me, number)
                if frame is not None:
                    close(own)
                    own = None
                else:
                    own = self._stream.frames(number) if own is None else own
                    frame = next(own, None)
                    if frame is None:
                        return
                yield frame
        finally:
            close(own)
            self._leave(me)

    def _common(self, me: object, number: int) -> VideoFrame | None:
        """Frame ``number`` of the common reading, or None if that is elsewhere and others follow it."""
        oldest = self._next - len(self._held)
        if self._source is None or not oldest <= number < self._next + self._most:
            self._leave(me)
            if self._followers:
                return None
            self._source, self._next = self._stream.frames(number), number
        self._followers.add(me)
        while self._next <= number:
            frame = next(self._source, None)
            if frame is None:
                self._leave(me)
                return None
            self._held.append(frame)
            self._next += 1
        return self._held[number - self._next]

    def _leave(self, me: object) -> None:
        """``me`` follows no more. The last one to leave ends the reading."""
        self._followers.discard(me)
        if not self._followers:
            close(self._source)
            self._source = None
            self._held.clear()
