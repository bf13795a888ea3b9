"""A file as streams: its pictures on an even clock, upright, with square pixels, in a format that steps work in."""

from __future__ import annotations

import os
from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import av
from av import VideoFrame
from av.container.input import InputContainer
from av.video.stream import VideoStream as Track

from artdagd.errors import StepFailed
from artdagd.hooks.types import Filter
from artdagd.render.failures import reporting
from artdagd.render.reading.opening import MAX_PIXELS, open_media
from artdagd.render.reading.scan import scan_packets
from artdagd.render.reading.sound import audio_stream
from artdagd.render.reading.tracks import alpha_track, decoder, picture_track
from artdagd.render.reading.working import described, has_alpha, opacity, tagged, whole_frames, working
from artdagd.render.streams import Colour, Media, VideoStream
from artdagd.render.wanted import still_wanted

DECODER_THREADS = min(4, os.cpu_count() or 1)
"""Has no influence on the pictures: libavcodec's decoders are exact at any count."""

Finder = Callable[[InputContainer], Track | None]


@dataclass(frozen=True)
class Source:
    """What a file gives: the streams that steps see, and the pictures as they are stored, if it has any."""

    media: Media
    pictures: Pictures | None


def open_source(path: Path) -> Media:
    """The pictures and the sound of a file. Raises StepFailed (``bad_media``)."""
    with open_media(path) as container:
        return examine(path, container).media


def examine(path: Path, container: InputContainer) -> Source:
    """As :func:`open_source` of an opened file, with what the pictures are like before they are made fit for steps. If
    it has pictures, their packets have been read then; if it has none, no packet has."""
    with reporting("the file can't be read"):
        track = picture_track(container)
        sound = audio_stream(path, container)
        if track is None and sound is None:
            raise StepFailed("the file has neither a picture nor sound that can be decoded", code="bad_media")
        if track is None:
            return Source(Media(None, sound[0] if sound else None), None)
        pictures = Pictures(path, container, track, picture_track)
        video = pictures.stream()
        alpha = pictures.alpha()
        if alpha is None and alpha_track(container) is not None:
            alpha = _beside(path, video)
        offset = sound[1] - pictures.scan.start if sound else Fraction(0)
        return Source(Media(video, sound[0] if sound else None, offset, alpha), pictures)


def _beside(path: Path, video: VideoStream) -> VideoStream | None:
    with open_media(path) as container:
        track = alpha_track(container)
        return None if track is None else Pictures(path, container, track, alpha_track).kept_alpha(video)


class Pictures:
    """The video stream of a file. Readers are reused: seeking within an open file is far cheaper than opening it."""

    def __init__(self, path: Path, container: InputContainer, track: Track, finder: Finder = picture_track) -> None:
        self.path = path
        self.scan = scan_packets(container, track)
        self._finder = finder
        self._ordinals = {time: ordinal for ordinal, time in enumerate(self.scan.times)}
        self._idle: list[InputContainer] = []
        self._late = False
        first = next(iter(self._decode(0)), None)
        if first is None:
            raise StepFailed("no frame of the video can be decoded", code="bad_media")
        if first[1].width * first[1].height > MAX_PIXELS:
            raise StepFailed(f"the picture is larger than {MAX_PIXELS} pixels", code="bad_media")
        self.first = first[1]
        self.raw = described(self.first, self.scan.clock.fps)
        self._aspect = Fraction(track.sample_aspect_ratio or 1)
        while self._idle:
            self._idle.pop().close()

    def stream(self) -> VideoStream:
        """The frames on their clock, upright, square and in one of working.FORMATS."""
        return working(self._ticking(), self.first, self._aspect)

    def alpha(self) -> VideoStream | None:
        """How opaque the pixels of the stream are (see Media); None if the pixel format can't say."""
        if not has_alpha(self.raw.format):
            return None
        return opacity(self._ticking(), self.first, self._aspect)

    def kept_alpha(self, video: VideoStream) -> VideoStream:
        """These pictures as the alpha of ``video``, as an intermediate keeps it. Raises StepFailed."""
        stream, wanted = self._ticking(), video.picture
        picture = replace(stream.picture, format="gray", colour=Colour(full_range=True))
        if (picture.width, picture.height, stream.count) != (wanted.width, wanted.height, video.count):
            raise StepFailed("its alpha does not fit its picture", code="bad_media")
        # The decoder adds chroma to 8-bit grey.
        return stream.filtered((Filter("extractplanes", {"planes": "y"}),), picture)

    def _ticking(self) -> VideoStream:
        ordinals = self.scan.clock.ordinals
        decoded = VideoStream(self.raw, len(self.scan.times), self.raw, self._frames, self._preroll)
        if self.first.interlaced_frame:
            decoded = whole_frames(decoded)
        if isinstance(ordinals, range):
            return decoded
        return decoded.mapped(lambda i: ordinals[i], len(ordinals), self.raw.fps)

    def _preroll(self, ordinal: int) -> int:
        return ordinal - self._key(ordinal)

    def _key(self, ordinal: int) -> int:
        """The keyframe at or before a frame; 0 where seeking is of no use."""
        keys = self.scan.keys
        place = bisect_right(keys, ordinal) - 1
        return keys[place] if self.scan.seekable and place >= 0 else 0

    def _frames(self, start: int) -> Iterator[VideoFrame]:
        """Frames from ordinal ``start`` on; one that could not be decoded is replaced by the one before, or after."""
        due, held = start, None
        for ordinal, frame in self._decode(start):
            while due < ordinal:  # what precedes the first that can be decoded (a recording cut anywhere) shows it
                yield frame if held is None else held
                due += 1
            if ordinal >= start:
                yield self._checked(frame)
                due = ordinal + 1
            held = frame
        while held is not None and due < len(self.scan.times):
            yield held
            due += 1

    def _checked(self, frame: VideoFrame) -> VideoFrame:
        first = self.first
        if (frame.width, frame.height, frame.format.name) != (first.width, first.height, first.format.name):
            raise StepFailed(
                f"the picture changes from {first.width}x{first.height} {first.format.name} to "
                f"{frame.width}x{frame.height} {frame.format.name} within the file",
                code="bad_media",
                advice="convert the file to one size and pixel format first",
            )
        return frame

    def _waiting(self) -> InputContainer | None:
        """An open reader that nobody uses. (Two threads may ask at once: for a picture and for its alpha.)"""
        try:
            return self._idle.pop()
        except IndexError:
            return None

    def _decode(self, start: int) -> Iterator[tuple[int, VideoFrame]]:
        """Decoded frames with their ordinals, from at or before ``start`` on."""
        with reporting("the video can't be decoded"):
            key = self._key(start)
            places = self._places(key)
            container = (self._waiting() if places[0] else None) or open_media(self.path)
            try:
                for place in places:
                    frames = self._numbered(container, place)
                    head = next(frames, None)
                    if not place or (head is not None and head[0] <= key):
                        break
                    self._late = True
                    container.close()
                    container = open_media(self.path)
                if head is not None:
                    yield head
                    yield from frames
            except GeneratorExit:
                if not self._idle:
                    self._idle.append(container)
                    return
                container.close()
                raise
            except BaseException:
                container.close()
                raise
            container.close()

    def _places(self, key: int) -> list[int]:
        """Keyframes to seek to, one after the other, until ``key`` itself is decoded. Demuxers without an index (MPEG
        transport streams) stop behind the keyframe that they are asked for, and find it when asked for the one before;
        0 reads all."""
        before = self._key(key - 1) if key else 0
        return [place for place in ([before] if self._late else [key, before]) if place] + [0]

    def _numbered(self, container: InputContainer, key: int) -> Iterator[tuple[int, VideoFrame]]:
        track = self._finder(container)
        if track is None:
            return
        context = decoder(track)
        if not context.is_open:
            context.thread_type, context.thread_count = "AUTO", DECODER_THREADS
        if key:
            container.seek(self.scan.times[key], stream=track)
        counted = 0
        for packet in container.demux(track):
            still_wanted()
            try:
                frames = context.decode(packet)
            except av.error.InvalidDataError:  # a damaged frame: the one before is held for it
                continue
            for frame in frames:
                ordinal = (
                    self._ordinals.get(-1 if frame.pts is None else frame.pts, -1) if self.scan.seekable else counted
                )
                counted += 1
                if ordinal >= 0:
                    yield ordinal, tagged(frame)
