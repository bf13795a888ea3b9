"""A file as streams: its pictures on an even clock, upright, with square pixels, in a format that steps work in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

from av import VideoFrame
from av.container.input import InputContainer
from av.video.stream import VideoStream as Track

from artdagd.errors import StepFailed
from artdagd.hooks.types import Filter
from artdagd.render.failures import reporting
from artdagd.render.reading.opening import MAX_PIXELS, open_media
from artdagd.render.reading.readings import Finder, Readings
from artdagd.render.reading.scan import scan_packets
from artdagd.render.reading.sound import audio_stream
from artdagd.render.reading.tracks import alpha_track, picture_track
from artdagd.render.reading.working import described, has_alpha, opacity, whole_frames, working
from artdagd.render.streams import Colour, Media, VideoStream


@dataclass(frozen=True)
class Source:
    """What a file gives: the streams that steps see, and the pictures as they are stored, if it has any."""

    media: Media
    pictures: Pictures | None
    beside: Pictures | None = None
    """The track that has the alpha of the pictures, if that is kept in one of its own."""

    def renew(self) -> None:
        """Another one begins to read, as if nobody had before."""
        for track in (self.pictures, self.beside):
            if track is not None:
                track.readings.renew()

    def close(self) -> None:
        """Close the file; it is opened again when it is read."""
        for track in (self.pictures, self.beside):
            if track is not None:
                track.readings.close()


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
        beside = _beside(path) if alpha is None and alpha_track(container) is not None else None
        if beside is not None:
            alpha = beside.kept_alpha(video)
        offset = sound[1] - pictures.scan.start if sound else Fraction(0)
        return Source(Media(video, sound[0] if sound else None, offset, alpha), pictures, beside)


def _beside(path: Path) -> Pictures | None:
    with open_media(path) as container:
        track = alpha_track(container)
        return None if track is None else Pictures(path, container, track, alpha_track)


class Pictures:
    """The video stream of a file."""

    def __init__(self, path: Path, container: InputContainer, track: Track, finder: Finder = picture_track) -> None:
        self.path = path
        self.scan = scan_packets(container, track)
        self.readings = Readings(path, self.scan, finder)
        first = next(iter(self.readings.frames(0)), None)
        if first is None:
            raise StepFailed("no frame of the video can be decoded", code="bad_media")
        if first[1].width * first[1].height > MAX_PIXELS:
            raise StepFailed(f"the picture is larger than {MAX_PIXELS} pixels", code="bad_media")
        self.first = first[1]
        self.raw = described(self.first, self.scan.clock.fps)
        self._aspect = Fraction(track.sample_aspect_ratio or 1)
        self.readings.close()

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
        return ordinal - self.readings.key(ordinal)

    def _frames(self, start: int) -> Iterator[VideoFrame]:
        """Frames from ordinal ``start`` on; one that could not be decoded is replaced by the one before, or after."""
        due, held = start, None
        for ordinal, frame in self.readings.frames(start):
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
