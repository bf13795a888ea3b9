"""Readings of a track of pictures: decoding from a place on, and going on where one was left."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import takewhile
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

SILENT = frozenset({"dnxhd", "ffv1", "hevc", "theora", "vp8"})
"""Codecs whose decoders do not tell of all damage, and show it otherwise with several threads: they get one. (Nor does
that of MagicYUV, which has several all the same: it is the codec of intermediates, which are whole.)"""

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

        How damage is concealed depends on all that was decoded before it, and with several threads on who comes first.
        So a group of pictures where a decoder finds some is decoded anew, from its keyframe on, by a decoder of its own
        with one thread: a frame looks the same whatever was read before it.
        """
        with reporting("the video can't be decoded"):
            given = -1
            for number, frame in self._mended(start):
                if number > given:
                    given = number
                    yield number, frame

    def _mended(self, start: int) -> Iterator[Numbered]:
        """As :meth:`frames`, but some are given twice."""
        place: int | None = start
        while place is not None:
            due, end = place, None
            try:
                for number, frame in self._intact(place):
                    due = max(due, number + 1)
                    yield number, frame
            except _Damaged:
                end = self._after(due)
                yield from self._anew(due, end)
            place = end

    def _after(self, ordinal: int) -> int | None:
        """The first keyframe behind a frame."""
        keys = self._scan.keys
        place = bisect_right(keys, ordinal)
        return keys[place] if self._scan.seekable and place < len(keys) else None

    def _anew(self, start: int, end: int | None) -> Iterator[Numbered]:
        """From ``start`` to before ``end``, whatever is damaged."""
        reading = self._at(start, strict=False)
        with closing(reading.container):
            yield from takewhile(lambda item: end is None or item[0] < end, reading.frames(start))

    def _intact(self, start: int) -> Iterator[Numbered]:
        """From ``start`` on, until _Damaged is raised."""
        with closing(self._leaping(start)) as frames:
            yield from frames

    def _leaping(self, start: int) -> Generator[Numbered]:
        reading = self._at(start, strict=True)
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

    def _at(self, start: int, *, strict: bool) -> _Reading:
        """One that gives the frame ``start``, or the last before it that can be decoded. If ``strict`` it leaves out
        what nothing refers to, and raises _Damaged where it meets damage."""
        key = self.key(start)
        left = self._taken() if strict else None
        places = self._places(key, strict)
        if left is not None and left.leads_to(start, places[0]):
            return left
        if left is not None and (left.earlier or not places[0]):
            left.container.close()
            left = None
        for place in places:
            container = left.container if left is not None else open_media(self._path)
            try:
                way = _Way(self._scan, self._ordinals, place, start, strict)
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

    def _places(self, key: int, strict: bool) -> list[int]:
        """Keyframes to seek to, one after the other, until ``key`` itself is decoded. Demuxers without an index (MPEG
        transport streams) stop behind the keyframe that they are asked for, and find it when asked for the one before;
        0 reads all."""
        before = self.key(key - 1) if key else 0
        return [place for place in ([before] if self._late and strict else [key, before]) if place] + [0]


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
    strict: bool

    def number(self, time: int | None) -> int:
        """The ordinal of a packet; one that has none is as good as the target."""
        return self.target if time is None else self.ordinals.get(time, self.target)


def _decoded(container: InputContainer, track: Track | None, way: _Way) -> Iterator[Numbered]:
    if track is None:
        return
    context = decoder(track)
    seekable, strict = way.scan.seekable, way.strict
    leaps = strict and seekable and context.name in LEAPING
    if not context.is_open:
        several = strict and context.name not in SILENT
        context.thread_type, context.thread_count = "AUTO", threads.decoders() if several else 1
        context.options = {"err_detect": "explode"} if strict else {}
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
            if strict:
                raise _Damaged from None
            continue
        for frame in frames:
            if strict and frame.is_corrupt:
                raise _Damaged
            ordinal = way.ordinals.get(-1 if frame.pts is None else frame.pts, -1) if seekable else counted
            counted += 1
            if ordinal >= 0:
                yield ordinal, tagged(frame)


class _Damaged(Exception):
    """What is decoded is not what was encoded."""
