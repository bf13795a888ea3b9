"""The one encode of a pass: a delivery (H.264 and AAC in MP4) or a lossless intermediate in Matroska."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
from av import AudioFrame, VideoFrame
from av.codec.context import Flags
from av.container.output import OutputContainer

from artdagd.errors import StepFailed
from artdagd.hooks.types import Filter
from artdagd.render.ahead import ahead
from artdagd.render.graphs import scale
from artdagd.render.opening import reading
from artdagd.render.streams import AudioStream, Media, VideoStream
from artdagd.render.tracks import ALPHA_TITLE
from artdagd.work import Delivery

ENCODER_THREADS = 3
"""x264 writes this number into the stream and decides by it where frames wait for each other: it is a constant."""

# mbtree is off because its result depends on the processor (it divides by an approximate reciprocal, rcpps), and
# under load even differs from run to run where AVX-512 is used (x264 core 165: 5 of 64 encodes; 0 of 64 without).
X264 = f"threads={ENCODER_THREADS}:lookahead-threads=1:sliced-threads=0:open-gop=0:scenecut=0:mbtree=0"

# Lossless by choice of measurement, 720p footage (Big Buck Bunny), 2 cores, encode / decode frames a second, bytes a
# frame: x264 qp 0 357 / 330, 346 k; FFV1 132 / 116, 406 k. Ut Video and ffvhuff have no place in Matroska.
LOSSLESS = {"qp": "0", "preset": "ultrafast"}
LOSSLESS_GOP = 12

GOP_SECONDS = 2
AAC_RATES = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000, 64000, 88200, 96000)
BITEXACT = {"fflags": "+bitexact"}


def encode(
    media: Media,
    output: Path,
    delivery: Delivery | None,
    progress: Callable[[Fraction], None],
) -> None:
    """Write ``media`` to ``output``. ``progress`` gets the seconds written so far; what it raises ends the encoding.

    Raises StepFailed: ``disk_full``, or whatever the streams raise.
    """
    video = delivered(media.video) if delivery and media.video else media.video
    audio = media.synced()
    if audio is not None and delivery is not None:
        audio = audio.conformed(audio.rate if audio.rate in AAC_RATES else 48_000, audio.layout)
    options = dict(BITEXACT)
    if delivery is not None:
        # Edit lists count in the movie's time scale: in samples, the sound's length is exact.
        ticks = str(audio.rate) if audio is not None else "1000"
        options |= {"movflags": "+faststart", "movie_timescale": ticks}
    with reading("the result can't be written"):
        container = av.open(f"file:{output.absolute()}", "w", format="mp4" if delivery else "matroska", options=options)
    with container:
        tracks: list[_Track] = []
        if video is not None:
            tracks.append(_video_track(container, video, delivery))
        if audio is not None:
            tracks.append(_audio_track(container, audio, delivery))
        if video is not None and media.alpha is not None and delivery is None:
            tracks.append(_video_track(container, media.alpha, None))
            tracks[-1].stream.metadata["title"] = ALPHA_TITLE
        if not tracks:
            raise StepFailed("the result has neither a picture nor sound", code="refused")
        try:
            _interleave(container, tracks, progress)
        finally:
            for track in tracks:
                track.frames.close()
        with reading("the result can't be written"):
            container.close()


def delivered(video: VideoStream) -> VideoStream:
    """The picture as players want it: 4:2:0. (Its sides are even already: every step keeps them so.)"""
    if video.picture.format == "yuv420p":
        return video
    filters = (scale(), Filter("format", {"pix_fmts": "yuv420p"}))
    return video.filtered(filters, replace(video.picture, format="yuv420p"))


class _Track:
    """An encoder, its frames, and how far it has come: ``time`` in seconds."""

    def __init__(
        self,
        stream: av.VideoStream | av.AudioStream,
        frames: Generator[VideoFrame, None, None] | Generator[AudioFrame, None, None],
        rate: Fraction,
    ) -> None:
        self.stream = stream
        self.frames = frames
        self.rate = rate
        self.position = 0
        self.done = False

    @property
    def time(self) -> Fraction:
        return self.position / self.rate

    def advance(self, container: OutputContainer) -> None:
        """Encode and write one more frame."""
        frame = next(self.frames, None)
        if frame is not None:
            frame.pts, frame.time_base = self.position, 1 / self.rate
            self.position += frame.samples if isinstance(frame, AudioFrame) else 1
            if isinstance(frame, VideoFrame):
                frame.pict_type = 0  # the source's choice of keyframes is not ours
        with reading("encoding failed"):
            container.mux(self.stream.encode(frame))  # type: ignore[arg-type]
        self.done = frame is None


def _interleave(container: OutputContainer, tracks: list[_Track], progress: Callable[[Fraction], None]) -> None:
    while waiting := [track for track in tracks if not track.done]:
        track = min(waiting, key=lambda track: track.time)
        progress(track.time)  # what both tracks have reached: it never goes back
        track.advance(container)


def _video_track(container: OutputContainer, video: VideoStream, delivery: Delivery | None) -> _Track:
    picture = video.picture
    gop = max(1, round(GOP_SECONDS * picture.fps)) if delivery else LOSSLESS_GOP
    options = {"crf": str(delivery.crf), "preset": delivery.preset} if delivery else LOSSLESS
    stream = container.add_stream("libx264", rate=picture.fps, options={**options, "x264-params": X264})
    assert isinstance(stream, av.VideoStream)
    context = stream.codec_context
    stream.width, stream.height, stream.pix_fmt = picture.width, picture.height, picture.format
    context.time_base = 1 / picture.fps
    context.flags |= Flags.bitexact
    context.gop_size = gop
    context.thread_type, context.thread_count = "FRAME", ENCODER_THREADS
    context.color_range = 2 if picture.colour.full_range else 1
    context.colorspace = picture.colour.space
    context.color_primaries = picture.colour.primaries
    context.color_trc = picture.colour.transfer
    return _Track(stream, ahead(video.frames()), picture.fps)


def _audio_track(container: OutputContainer, audio: AudioStream, delivery: Delivery | None) -> _Track:
    stream = container.add_stream("aac" if delivery else "pcm_f32le", rate=audio.rate)
    assert isinstance(stream, av.AudioStream)
    context = stream.codec_context
    context.layout = audio.layout
    context.time_base = Fraction(1, audio.rate)
    context.flags |= Flags.bitexact
    if delivery is not None:
        context.bit_rate = delivery.audio_bitrate
    return _Track(stream, ahead(audio.frames()), Fraction(audio.rate))
