"""Lazily evaluated pictures and sound: what the steps of a pass hand to each other.

A stream is a description; reading it does the work. Pictures have a constant rate: frame ``i`` stands at ``i / fps``
seconds, whatever its ``pts`` says (the reader of a frame sets that). Sound is counted in samples, as planar float.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import islice
from pathlib import Path

from av import AudioFrame, VideoFormat, VideoFrame

from artdagd.hooks.types import Filter
from artdagd.render.graphs import reach, run_audio, run_video
from artdagd.render.networks import Network, chain, run_network

MARGIN = 12
"""Frames that are rather decoded and dropped than skipped by seeking: a seek drains the decoder's threads."""


@dataclass(frozen=True)
class Colour:
    """What the numbers of a picture mean, as ITU-T H.273 code points; 2 is "unspecified", range 1 is limited."""

    space: int = 2
    primaries: int = 2
    transfer: int = 2
    full_range: bool = False


@dataclass(frozen=True)
class Picture:
    """The shape of every frame of a stream; ``format`` is FFmpeg's name of the pixel format. Pixels are square."""

    width: int
    height: int
    format: str
    fps: Fraction
    colour: Colour = Colour()

    @property
    def bytes(self) -> int:
        """Of a frame, but for the padding of its rows."""
        return max(1, self.width * self.height * VideoFormat(self.format).padded_bits_per_pixel // 8)


@dataclass(frozen=True)
class VideoStream:
    """``count`` frames of one shape.

    ``source(start)`` yields the frames from number ``start`` on, in the shape ``raw``; ``preroll(i)`` tells how many
    frames are decoded in vain when a reading starts at ``i``. ``filters`` are still to be applied: adjacent steps add
    to them, and they become one libavfilter graph.
    """

    picture: Picture
    count: int
    raw: Picture
    source: Callable[[int], Iterator[VideoFrame]]
    source_preroll: Callable[[int], int]
    filters: tuple[Filter, ...] = ()

    @property
    def duration(self) -> Fraction:
        """Seconds."""
        return self.count / self.picture.fps

    def preroll(self, start: int) -> int:
        first = self._first(start)
        return self.source_preroll(first) + start - first

    def frames(self, start: int = 0) -> Iterator[VideoFrame]:
        """Frames ``start`` … ``count - 1``. Their ``pts`` mean nothing; a frame may be yielded more than once."""
        if not self.filters:
            return self.source(start)
        first = self._first(start)
        filtered = run_video(self.filters, self.raw, self.source(first), first)
        return islice(filtered, start - first, None)

    def _first(self, start: int) -> int:
        """Where to read the source from, so that the filters have seen what they need for frame ``start``."""
        before = reach(self.filters)
        return 0 if before is None else max(0, start - before)

    def filtered(self, filters: Iterable[Filter], picture: Picture) -> VideoStream:
        """The same frames, filtered; ``picture`` is the shape that comes out."""
        return replace(self, picture=picture, filters=(*self.filters, *filters))

    def filtered_by(
        self, filters_at: Callable[[int], Sequence[Filter]], picture: Picture, *, forgets: bool = True
    ) -> VideoStream:
        """The same frames, frame ``i`` through ``filters_at(i)``; ``forgets`` says that these are stateless."""
        return composed((self,), lambda number: chain(filters_at(number)), picture, forgets=forgets)

    def mapped(self, frame_at: Callable[[int], int], count: int, fps: Fraction) -> VideoStream:
        """A stream whose frame ``i`` is frame ``frame_at(i)`` of this one: no pixel is touched, frames may repeat."""
        picture = replace(self.picture, fps=fps)

        def source(start: int) -> Iterator[VideoFrame]:
            return _follow(self, (frame_at(i) for i in range(start, count)))

        return VideoStream(picture, count, picture, source, lambda i: self.preroll(frame_at(i)))

    def part(self, first: int, last: int) -> VideoStream:
        """Frames ``first`` … ``last - 1``, read as they come."""

        def source(start: int) -> Iterator[VideoFrame]:
            reader = self.frames(first + start)
            try:
                yield from islice(reader, last - first - start)
            finally:
                close(reader)

        return VideoStream(self.picture, last - first, self.picture, source, lambda i: self.preroll(first + i))

    def until(self, end: int) -> VideoStream:
        """The same frames, of which none from number ``end`` on can be had."""

        def source(start: int) -> Iterator[VideoFrame]:
            reader = self.frames(start)
            try:
                yield from islice(reader, max(0, end - start))
            finally:
                close(reader)

        return VideoStream(self.picture, self.count, self.picture, source, self.preroll)

    def lasting(self, count: int) -> VideoStream:
        """The first ``count`` frames; the last frame is held if there are not as many."""
        if count == self.count:
            return self
        return self.mapped(lambda i: min(i, self.count - 1), count, self.picture.fps)


def composed(
    streams: Sequence[VideoStream], network_at: Callable[[int], Network], picture: Picture, *, forgets: bool = True
) -> VideoStream:
    """Frame ``i`` of the result, of the shape ``picture``, is what ``network_at(i)`` makes of frame ``i`` of each of
    the ``streams``, which have one rate and count. ``forgets`` says that no filter remembers earlier frames."""

    def source(start: int) -> Iterator[VideoFrame]:
        first = start if forgets else 0
        inputs = [stream.frames(first) for stream in streams]
        made = run_network(network_at, [stream.picture for stream in streams], inputs, first, forgets=forgets)
        try:
            yield from islice(made, start - first, None)
        finally:
            for reader in inputs:
                close(reader)

    def preroll(start: int) -> int:
        return max(stream.preroll(start) for stream in streams) if forgets else start

    return VideoStream(picture, streams[0].count, picture, source, preroll)


def _follow(stream: VideoStream, wanted: Iterable[int]) -> Iterator[VideoFrame]:
    """The wanted frames of ``stream``, decoding forward, and starting anew where that is shorter."""
    reader: Iterator[VideoFrame] | None = None
    frame: VideoFrame | None = None
    position = -1
    try:
        for number in wanted:
            behind = number < position
            if reader is None or behind or stream.preroll(number) + MARGIN < number - position:
                close(reader)
                reader, position = stream.frames(number), number - 1
            while position < number:
                frame = next(reader, frame)
                position += 1
            if frame is None:
                return
            yield frame
    finally:
        close(reader)


def close(reader: Iterator[VideoFrame] | None) -> None:
    """End a reading early: what it holds open is given back at once."""
    end = getattr(reader, "close", None)
    if end is not None:
        end()


@dataclass(frozen=True)
class AudioStream:
    """Planar float samples, mono or stereo. ``measure()`` counts the samples of a channel; ``source()`` yields them
    in frames."""

    rate: int
    layout: str
    measure: Callable[[], int]
    source: Callable[[], Iterator[AudioFrame]]
    filters: tuple[Filter, ...] = ()

    @property
    def channels(self) -> int:
        return 1 if self.layout == "mono" else 2

    @property
    def samples(self) -> int:
        return self.measure()

    @property
    def duration(self) -> Fraction:
        """Seconds."""
        return Fraction(self.samples, self.rate)

    def frames(self) -> Iterator[AudioFrame]:
        """All samples, in frames of any size; their ``pts`` mean nothing."""
        return run_audio(self.filters, self.source()) if self.filters else self.source()

    def filtered(self, filters: Iterable[Filter], measure: Callable[[], int]) -> AudioStream:
        return replace(self, measure=measure, filters=(*self.filters, *filters))

    def cut(self, start: int, stop: int) -> AudioStream:
        """Samples ``start`` … ``stop - 1``; silence where there are none."""
        length = stop - start
        trim = Filter("atrim", {"start_sample": start, "end_sample": stop})
        return self.filtered((trim, *_exactly(length)), lambda: length)

    def delayed(self, samples: int) -> AudioStream:
        """The sound with silence before it, or, if ``samples`` is negative, without its beginning."""
        if samples == 0:
            return self
        if samples > 0:
            delay = Filter("adelay", {"delays": f"{samples}S", "all": 1})
            return self.filtered((delay,), lambda: self.measure() + samples)
        return self.filtered((Filter("atrim", {"start_sample": -samples}),), lambda: max(0, self.measure() + samples))

    def conformed(self, rate: int, layout: str) -> AudioStream:
        """Resampled and mixed to another rate and channel layout; the length in samples is rounded to nearest. Mono is
        as loud on both sides of stereo as it was."""
        if (rate, layout) == (self.rate, self.layout):
            return self

        def measure() -> int:
            return round(Fraction(self.measure() * rate, self.rate))

        form = Filter("aformat", {"sample_fmts": "fltp", "sample_rates": rate, "channel_layouts": layout})
        # libswresample would take 3 dB off, so that a mono clip would be softer beside a stereo one than by itself.
        twice = Filter("pan", {"args": "stereo|c0=c0|c1=c0"})
        widen = (twice,) if (self.layout, layout) == ("mono", "stereo") else ()
        return replace(self.filtered((*widen, form), measure), rate=rate, layout=layout)

    def lasting(self, samples: int) -> AudioStream:
        """Exactly ``samples``: cut, or padded with silence."""
        return self.filtered(_exactly(samples), lambda: samples)


def _exactly(samples: int) -> tuple[Filter, ...]:
    return Filter("apad", {"whole_len": samples}), Filter("atrim", {"end_sample": samples})


@dataclass(frozen=True)
class Media:
    """What flows along an edge. ``offset``: seconds from the first picture to the first sample (files may differ).

    ``alpha`` is how opaque each pixel of ``video`` is: a stream of the same rate, count and size in the format
    ``gray``, full range, 255 being opaque; None is opaque everywhere. Colours are straight, not premultiplied.
    ``data`` is the file of an input that is no media; then there is nothing else.
    """

    video: VideoStream | None
    audio: AudioStream | None
    offset: Fraction = Fraction(0)
    alpha: VideoStream | None = None
    data: Path | None = None

    def moved(self, change: Callable[[VideoStream], VideoStream]) -> Media:
        """The picture and its alpha after ``change``, which moves pixels or frames and is blind to what they mean."""
        video = None if self.video is None else change(self.video)
        return replace(self, video=video, alpha=None if self.alpha is None else change(self.alpha))

    def synced(self) -> AudioStream | None:
        """The sound on the picture's clock: sample 0 stands at the first frame."""
        if self.audio is None or self.video is None:
            return self.audio
        return self.audio.delayed(round(self.offset * self.audio.rate))
