"""Readings of a track of pictures: decoding from a place on, and going on where one was left."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import av
from av import VideoFrame
from av.container.input import InputContainer
from av.video.stream import VideoStream as Track

from artdagd.render import threads
from artdagd.render.failures import reporting
from artdagd.render.reading.opening import open_media
from artdagd.render.reading.scan import Scan
from artdagd.render.reading.tracks import decoder
from artdagd.render.reading.working import tagged
from artdagd.render.wanted import still_wanted

LEAPING = frozenset({"h264"})
"""Codecs whose pictures that no other one refers to need not be decoded on the way to a later one. (Not H.265, whose
decoder does not tell of all damage.)"""

NEAR = 16
"""Frames before the one that is sought of which all are decoded: one that can't be decoded shows the one before it."""

Finder: TypeAlias = Callable[[InputContainer], Track | None]
Numbered: TypeAlias = tuple[int, VideoFrame]


class Readings:
    """The readings of one track of a file. One that is ended early is left where it is, for whoever reads on there:
    decoding on is cheaper than seeking, and seeking in an open file is far cheaper than opening it."""

    def __init__(self, path: Path, scan: Scan, finder: Finder) -> None:
        self._left: list[_Reading] = []
        self._path, self._scan, self._finder = path, scan, finder
        self._ordinals = {time: ordinal for ordinal, time in enumerate(scan.times)}
        self._late = False

    def key(self, ordinal: int) -> int:
        """The keyframe at or before a frame; 0 where seeking is of no use."""
        keys = self._scan.keys
        place = bisect_right(keys, ordinal) - 1
        return keys[place] if self._scan.seekable and place >= 0 else 0

    def frames(self, start: int) -> Iterator[Numbered]:
        """Decoded frames with their ordinals, from at or before ``start`` on; of those before it not all, but the last
        that can be decoded. Raises StepFailed.

        How damage is concealed depends on all that was decoded before it: where there is some, all is decoded from the
        keyframe of ``start`` on, so that it looks the same whatever was read earlier.
        """
        with reporting("the video can't be decoded"):
            given = -1
            try:
                with closing(self._leaping(start)) as frames:
                    for number, frame in frames:
                        given = number
                        yield number, frame
            except _Damaged:
                reading = self._at(start, leaps=False)
                with closing(reading.container):
                    yield from (item for item in reading.frames(start) if item[0] > given)

    def _leaping(self, start: int) -> Generator[Numbered]:
        reading = self._at(start, leaps=True)
        try:
            yield from reading.frames(start)
        except GeneratorExit:
            if not self._left:
                self._left.append(reading)
                return
            reading.container.close()
            raise
        except BaseException:
            reading.container.close()
            raise
        reading.container.close()

    def renew(self) -> None:
        """Another one begins to read: what was left is gone on with, but no more used to seek in, since a decoder may
        remember damage for longer."""
        for reading in self._left:
            reading.earlier = True

    def close(self) -> None:
        """Close what was left."""
        while self._left:
            self._left.pop().container.close()

    def __del__(self) -> None:
        self.close()  # a container and its streams hold each other: only the garbage collector would end it

    def _at(self, start: int, *, leaps: bool) -> _Reading:
        """One that gives the frame ``start``, or the last before it that can be decoded. With ``leaps`` it leaves out
        what nothing refers to, and raises _Damaged where it meets damage."""
        key = self.key(start)
        left = self._taken() if leaps else None
        places = self._places(key)
        if left is not None and left.leads_to(start, places[0]):
            return left
        if left is not None and (left.earlier or not places[0]):
            left.container.close()
            left = None
        for place in places:
            container = left.container if left is not None else open_media(self._path)
            try:
                way = _Way(self._scan, self._ordinals, place, start, leaps)
                reading = _Reading(container, self._finder(container), way)
                if not place or reading.at <= key:
                    return reading
            except BaseException:
                container.close()
                raise
            self._late = True
            container.close()
            left = None
        raise AssertionError("the last place is the beginning")

    def _taken(self) -> _Reading | None:
        """One that nobody uses. (Two threads may ask at once: for a picture and for its alpha.)"""
        try:
            return self._left.pop()
        except IndexError:
            return None

    def _places(self, key: int) -> list[int]:
        """Keyframes to seek to, one after the other, until ``key`` itself is decoded. Demuxers without an index (MPEG
        transport streams) stop behind the keyframe that they are asked for, and find it when asked for the one before;
        0 reads all."""
        before = self.key(key - 1) if key else 0
        return [place for place in ([before] if self._late else [key, before]) if place] + [0]


class _Reading:
    """Decoding towards a frame. ``at`` is the ordinal of the frame that it has come to, beyond all where there are no
    more."""

    def __init__(self, container: InputContainer, track: Track | None, way: _Way) -> None:
        self.container = container
        self.earlier = False
        self._way = way
        self._decoded = _decoded(container, track, way)
        self._last = next(self._decoded, None)

    @property
    def at(self) -> int:
        return len(self._way.scan.times) if self._last is None else self._last[0]

    def leads_to(self, start: int, place: int) -> bool:
        """Whether decoding on to ``start`` is what decoding from ``place`` comes to, and shorter."""
        return self._way.place == place and self.at <= start

    def frames(self, target: int) -> Iterator[Numbered]:
        """The frame that it has come to, and those that follow."""
        self._way.target, self.earlier = target, False
        while self._last is not None:
            yield self._last
            self._last = next(self._decoded, None)


@dataclass
class _Way:
    """From the keyframe ``place`` towards the frame ``target``. (Of what decodes, so that it holds nobody who holds it,
    and a file is closed when nobody has its reading any more.)"""

    scan: Scan
    ordinals: dict[int, int]
    place: int
    target: int
    leaps: bool

    def number(self, time: int | None) -> int:
        """The ordinal of a packet; one that has none is as good as the target."""
        return self.target if time is None else self.ordinals.get(time, self.target)


def _decoded(container: InputContainer, track: Track | None, way: _Way) -> Iterator[Numbered]:
    if track is None:
        return
    context = decoder(track)
    seekable = way.scan.seekable
    leaps = way.leaps and seekable and context.name in LEAPING
    if not context.is_open:
        context.thread_type, context.thread_count = "AUTO", threads.decoders()
        context.options = {"err_detect": "explode"} if leaps else {}
    if way.place:
        container.seek(way.scan.times[way.place], stream=track)
    counted = 0
    for packet in container.demux(track):
        still_wanted()
        if leaps:
            context.skip_frame = "NONREF" if way.number(packet.pts) < way.target - NEAR else "DEFAULT"
        try:
            frames = context.decode(packet)
        except av.error.InvalidDataError:  # a damaged frame: the one before is held for it
            if leaps:
                raise _Damaged from None
            continue
        for frame in frames:
            if leaps and frame.is_corrupt:
                raise _Damaged
            ordinal = way.ordinals.get(-1 if frame.pts is None else frame.pts, -1) if seekable else counted
            counted += 1
            if ordinal >= 0:
                yield ordinal, tagged(frame)


class _Damaged(Exception):
    """What is decoded is not what was encoded."""
