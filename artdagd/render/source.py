"""A file as streams: its pictures on an even clock, upright, with square pixels, in a format that steps work in."""

from __future__ import annotations

import os
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
from av import VideoFormat, VideoFrame
from av.container.input import InputContainer
from av.stream import Disposition
from av.video.stream import VideoStream as Track

from artdagd.errors import StepFailed
from artdagd.hooks.types import Filter
from artdagd.render.clock import Clock, clock
from artdagd.render.graphs import MATRICES, evened, scale
from artdagd.render.opening import MAX_PIXELS, open_media, reading
from artdagd.render.sound import audio_stream
from artdagd.render.streams import Colour, Media, Picture, VideoStream
from artdagd.render.wanted import still_wanted

MAX_FRAMES = 3_000_000
DECODER_THREADS = min(4, os.cpu_count() or 1)
"""Has no influence on the pictures: libavcodec's decoders are exact at any count."""

FORMATS = ("yuv420p", "yuv422p", "yuv444p")
"""What steps work in: 8-bit planar YUV of limited range, with the chroma of the source."""


@dataclass(frozen=True)
class Scan:
    """What a pass over a video stream's packets tells. ``times`` are sorted; ``keys`` are ordinals of keyframes."""

    times: list[int]
    keys: list[int]
    clock: Clock
    start: Fraction
    seekable: bool


def picture_track(container: InputContainer) -> Track | None:
    """The video stream that we use; cover art is none."""
    for stream in container.streams.video:
        if not stream.disposition & Disposition.attached_pic and stream.codec_context is not None:
            return stream
    return None


def open_source(path: Path) -> Media:
    """The pictures and the sound of a file. Raises StepFailed (``bad_media``)."""
    with reading("the file can't be read"), open_media(path) as container:
        track = picture_track(container)
        sound = audio_stream(path, container)
        if track is None and sound is None:
            raise StepFailed("the file has neither a picture nor sound that can be decoded", code="bad_media")
        if track is None:
            return Media(None, sound[0] if sound else None)
        pictures = Pictures(path, container, track)
        video = pictures.stream()
        if sound is None:
            return Media(video, None)
        return Media(video, sound[0], sound[1] - pictures.scan.start)


def scan_packets(container: InputContainer, track: Track) -> Scan:
    """Read every packet of the video stream, decoding none. Raises StepFailed if there are none, or too many."""
    base = Fraction(track.time_base or Fraction(1, 1000))
    times: list[int] = []
    keys: list[int] = []
    last = 0
    latest = float("-inf")
    complete = True
    for number, packet in enumerate(packet for packet in container.demux(track) if packet.size):
        if number >= MAX_FRAMES:
            raise StepFailed(f"the video has more than {MAX_FRAMES} frames", code="bad_media")
        still_wanted()
        if packet.is_discard:
            continue
        complete = complete and packet.pts is not None
        time = number if packet.pts is None else packet.pts
        times.append(time)
        if packet.is_keyframe:
            keys.append(time)
        if time >= latest and packet.duration:
            latest, last = time, packet.duration
    if not times:
        raise StepFailed("the video holds no frames", code="bad_media")
    guesses = (track.guessed_rate, track.average_rate)
    if not complete or len(set(times)) != len(times):
        rate = next((guess for guess in guesses if guess), Fraction(25))
        return Scan(list(range(len(times))), [0], Clock(rate, range(len(times))), Fraction(0), False)
    times.sort()
    position = {time: ordinal for ordinal, time in enumerate(times)}
    if container.format.name == "mpeg":  # after a seek its packets have other times than in the scan
        keys = times[:1]
    ticking = clock(times, last, base, guesses, track.codec_context.framerate)
    return Scan(times, sorted(position[key] for key in keys), ticking, times[0] * base, True)


class Pictures:
    """The video stream of a file. Readers are reused: seeking within an open file is far cheaper than opening it."""

    def __init__(self, path: Path, container: InputContainer, track: Track) -> None:
        self.path = path
        self.scan = scan_packets(container, track)
        self._ordinals = {time: ordinal for ordinal, time in enumerate(self.scan.times)}
        self._idle: list[InputContainer] = []
        self._late = False
        first = next(iter(self._decode(0)), None)
        if first is None:
            raise StepFailed("no frame of the video can be decoded", code="bad_media")
        if first[1].width * first[1].height > MAX_PIXELS:
            raise StepFailed(f"the picture is larger than {MAX_PIXELS} pixels", code="bad_media")
        self._first = first[1]
        self._aspect = Fraction(track.sample_aspect_ratio or 1)
        while self._idle:
            self._idle.pop().close()

    def stream(self) -> VideoStream:
        """The frames on their clock, upright, square and in one of FORMATS."""
        fps = self.scan.clock.fps
        ordinals = self.scan.clock.ordinals
        frame = self._first
        full = frame.format.name.startswith("yuvj") or frame.color_range == 2
        colour = Colour(int(frame.colorspace), int(frame.color_primaries), int(frame.color_trc), full)
        raw = Picture(frame.width, frame.height, frame.format.name, fps, colour)
        decoded = VideoStream(raw, len(self.scan.times), raw, self._frames, self._preroll)
        even = isinstance(ordinals, range)
        ticking = decoded if even else decoded.mapped(lambda i: ordinals[i], len(ordinals), fps)
        return ticking.filtered(*self._upright(raw))

    def _upright(self, raw: Picture) -> tuple[tuple[Filter, ...], Picture]:
        width, height, filters = raw.width, raw.height, list[Filter]()
        if self._aspect > 1:
            width = round(width * self._aspect)
        elif 0 < self._aspect < 1:
            height = round(height / self._aspect)
        if width * height > MAX_PIXELS:
            raise StepFailed(f"with square pixels the picture is larger than {MAX_PIXELS} pixels", code="bad_media")
        format = _working_format(raw.format)
        if (width, height, format) != (raw.width, raw.height, raw.format) or raw.colour.full_range:
            # RGB has no matrix of its own: BT.601, as FFmpeg assumes for what is unspecified.
            space = raw.colour.space if raw.colour.space not in (0, 2) else 5
            filters += [
                scale(w=width, h=height, out_range="tv", out_color_matrix=MATRICES.get(space, "bt601")),
                Filter("format", {"pix_fmts": format}),
                Filter("setsar", {"sar": "1"}),
            ]
            raw = Picture(width, height, format, raw.fps, _limited(raw.colour, space))
        cuts, width, height = evened(width, height)
        filters += [*cuts, *_turn(self._first.rotation)]
        if self._first.rotation % 180:
            width, height = height, width
        return tuple(filters), Picture(width, height, format, raw.fps, raw.colour)

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
        first = self._first
        if (frame.width, frame.height, frame.format.name) != (first.width, first.height, first.format.name):
            raise StepFailed(
                f"the picture changes from {first.width}x{first.height} {first.format.name} to "
                f"{frame.width}x{frame.height} {frame.format.name} within the file",
                code="bad_media",
                advice="convert the file to one size and pixel format first",
            )
        return frame

    def _decode(self, start: int) -> Iterator[tuple[int, VideoFrame]]:
        """Decoded frames with their ordinals, from at or before ``start`` on."""
        with reading("the video can't be decoded"):
            key = self._key(start)
            places = self._places(key)
            container = self._idle.pop() if places[0] and self._idle else open_media(self.path)
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
        track = picture_track(container)
        if track is None:
            return
        context = track.codec_context
        if not context.is_open:
            context.thread_type, context.thread_count = "AUTO", DECODER_THREADS
        if key:
            container.seek(self.scan.times[key], stream=track)
        counted = 0
        for packet in container.demux(track):
            still_wanted()
            try:
                frames = packet.decode()
            except av.error.InvalidDataError:  # a damaged frame: the one before is held for it
                continue
            for frame in frames:
                ordinal = (
                    self._ordinals.get(-1 if frame.pts is None else frame.pts, -1) if self.scan.seekable else counted
                )
                counted += 1
                if ordinal >= 0:
                    yield ordinal, _tagged(frame)


def _tagged(frame: VideoFrame) -> VideoFrame:
    """A YUV frame that doesn't name its matrix, with the one that players take it for: BT.709 if it is larger than
    television was, else BT.601. Said aloud, it outlives a change of size."""
    if int(frame.colorspace) == 2 and not frame.format.is_rgb:
        frame.colorspace = 1 if frame.width >= 1280 or frame.height > 576 else 5
    return frame


def _working_format(name: str) -> str:
    """The one of FORMATS that keeps the chroma resolution of a pixel format."""
    if name in FORMATS:
        return name
    format = VideoFormat(name)
    if format.is_rgb:
        return "yuv444p"
    chroma = next((part for part in format.components if part.is_chroma), None)
    if chroma is None:
        return "yuv420p"
    if chroma.height < format.height:
        return "yuv420p"
    return "yuv422p" if chroma.width < format.width else "yuv444p"


def _limited(colour: Colour, space: int) -> Colour:
    return Colour(space, colour.primaries, colour.transfer, False)


def _turn(rotation: int) -> tuple[Filter, ...]:
    """Filters that undo a display matrix; ``rotation`` is what av reports (degrees, counter-clockwise)."""
    turns = {90: "cclock", -270: "cclock", -90: "clock", 270: "clock"}
    if rotation in turns:
        return (Filter("transpose", {"dir": turns[rotation]}),)
    if rotation % 360 == 180:
        return Filter("hflip"), Filter("vflip")
    return ()
