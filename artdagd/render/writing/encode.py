"""The one encode of a pass: a delivery, or a lossless intermediate in QuickTime's format."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from fractions import Fraction
from pathlib import Path

import av
from av import AudioFifo, AudioFormat, AudioFrame, CodecContext, VideoCodecContext, VideoFrame
from av.codec.context import Flags
from av.container.output import OutputContainer

from artdagd.delivery import STILLS, Delivery, file_format
from artdagd.errors import StepFailed
from artdagd.hooks.types import Filter
from artdagd.render.failures import reporting
from artdagd.render.graphs import run_video
from artdagd.render.reading.tracks import ALPHA_NAME
from artdagd.render.streams import AudioStream, Media, Picture, VideoStream
from artdagd.render.writing.ahead import ahead
from artdagd.render.writing.codecs import LOSSLESS_SOUND, SOUND, PictureCoding, picture_coding
from artdagd.render.writing.delivered import delivered
from artdagd.render.writing.gif import paletted
from artdagd.render.writing.turns import take_turns
from artdagd.work import Part

SAMPLES = 4096
"""Samples of a channel in a frame that an encoder of sound is given."""

NULL = Filter("null")
BITEXACT = {"fflags": "+bitexact"}

CONTAINERS = {"mkv": "matroska", "m4a": "ipod"}
"""FFmpeg's names of the formats that it calls otherwise than their files end."""


def encode(
    media: Media,
    output: Path,
    delivery: Delivery | None,
    progress: Callable[[Fraction], None],
    part: Part | None = None,
) -> None:
    """Write ``media``, or a ``part`` of it, to ``output``. ``progress`` gets the seconds written so far; what it raises
    ends the encoding.

    Raises StepFailed: ``disk_full``, ``refused`` if there is no such part, or whatever the streams raise.
    """
    whole = media if delivery is None else delivered(media, delivery)
    video, audio = whole.video, whole.synced()
    if part is not None:
        video, audio = _narrowed(video, audio, part)
    if video is not None and delivery is not None and delivery.format in STILLS:
        _still(video, output, delivery)
        return
    with reporting("the result can't be written"):
        container = av.open(
            f"file:{output.absolute()}",
            "w",
            format=container_name(delivery),
            options=container_options(delivery, audio.rate if audio is not None else None),
        )
    with container:
        tracks: list[_Track] = []
        if video is not None:
            tracks.append(_video_track(container, video, delivery, part=part is not None))
        if audio is not None:
            tracks.append(_audio_track(container, audio, delivery))
        if video is not None and media.alpha is not None and delivery is None and part is None:
            tracks.append(_video_track(container, media.alpha, None))
            tracks[-1].stream.metadata["handler_name"] = ALPHA_NAME
        if not tracks:
            raise StepFailed("the result has neither a picture nor sound", code="refused")
        try:
            _interleave(container, tracks, progress)
        finally:
            for track in tracks:
                track.frames.close()
        with reporting("the result can't be written"):
            container.close()


def _narrowed(
    video: VideoStream | None, audio: AudioStream | None, part: Part
) -> tuple[VideoStream | None, AudioStream | None]:
    """The picture or the sound that a part is."""
    if part.track == "sound":
        return None, audio
    last = part.last if part.last is not None or video is None else video.count
    if video is None or last is None or not part.first < last <= video.count:
        count = 0 if video is None else video.count
        raise StepFailed(f"its picture has {count} frames, and planning found more", code="refused")
    return video.part(part.first, last), None


def container_name(delivery: Delivery | None) -> str:
    """FFmpeg's name of the format of a result."""
    return CONTAINERS.get(file_format(delivery), file_format(delivery))


def container_options(delivery: Delivery | None, rate: int | None) -> dict[str, str]:
    """How the file is to be written; ``rate`` is that of the sound in samples a second, where there is any."""
    if delivery is None or delivery.format in ("mp4", "mov", "m4a"):
        # Edit lists count in the movie's time scale: in samples, the sound's length is exact.
        ticks = "1000" if rate is None else str(rate)
        # MagicYUV doesn't name its matrix, and the muxer would leave out one that stands without primaries.
        return {**BITEXACT, "movie_timescale": ticks, "movflags": "+write_colr" if delivery is None else "+faststart"}
    if delivery.format == "gif":
        return {**BITEXACT, "loop": "0" if delivery.loop else "-1"}
    if delivery.format == "wav":  # RF64 where the sizes don't fit into WAV's 32 bits
        return {**BITEXACT, "rf64": "auto"}
    return BITEXACT


def _still(video: VideoStream, output: Path, delivery: Delivery) -> None:
    """The first picture, alone in its file."""
    frame = next(iter(video.frames()))
    coding = picture_coding(delivery, video.picture, alpha=video.picture.format in ("rgba", "bgra"))
    context = CodecContext.create(coding.encoder, "w")
    assert isinstance(context, VideoCodecContext)
    context.width, context.height, context.pix_fmt = frame.width, frame.height, coding.format
    context.options = coding.options
    _set(context, video.picture, coding)
    frame.pts, frame.time_base, frame.pict_type = 0, Fraction(1), 0
    with reporting("encoding failed"):
        packets = [*context.encode(frame), *context.encode(None)]
    with reporting("the result can't be written"):
        output.write_bytes(b"".join(map(bytes, packets)))


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
        frame, opens = next(self.frames, None), self.position == 0
        if frame is not None:
            frame.pts, frame.time_base = self.position, 1 / self.rate
            self.position += frame.samples if isinstance(frame, AudioFrame) else 1
            if isinstance(frame, VideoFrame):
                frame.pict_type = 0  # the source's choice of keyframes is not ours
        with reporting("encoding failed"):
            container.mux(self.stream.encode(frame))  # type: ignore[arg-type]
        if opens:
            take_turns()
        self.done = frame is None


def _interleave(container: OutputContainer, tracks: list[_Track], progress: Callable[[Fraction], None]) -> None:
    while waiting := [track for track in tracks if not track.done]:
        track = min(waiting, key=lambda track: track.time)
        progress(track.time)  # what both tracks have reached: it never goes back
        track.advance(container)


def _video_track(
    container: OutputContainer, video: VideoStream, delivery: Delivery | None, *, part: bool = False
) -> _Track:
    picture = video.picture
    coding = picture_coding(delivery, picture, alpha=picture.format == "yuva420p", part=part)
    stream = container.add_stream(coding.encoder, rate=picture.fps, options=coding.options)
    assert isinstance(stream, av.VideoStream)
    stream.width, stream.height, stream.pix_fmt = picture.width, picture.height, coding.format
    _set(stream.codec_context, picture, coding)
    if coding.tag:
        stream.codec_context.codec_tag = coding.tag
    # Through a filter that does nothing, for frames of our own: a frame may be yielded more than once, and while one
    # thread writes an encoder's time into it, the other may be giving it to a filter.
    frames = paletted(video) if coding.format == "pal8" else run_video((NULL,), picture, video.frames())
    return _Track(stream, ahead(frames), picture.fps)


def _set(context: VideoCodecContext, picture: Picture, coding: PictureCoding) -> None:
    context.time_base = 1 / picture.fps
    context.flags |= Flags.bitexact
    context.gop_size = coding.gop
    context.thread_type, context.thread_count = "FRAME" if coding.frame_threads else "SLICE", coding.threads
    if coding.format.startswith(("yuv", "gray")):
        context.color_range = 2 if picture.colour.full_range else 1
        context.colorspace = picture.colour.space
        context.color_primaries = picture.colour.primaries
        context.color_trc = picture.colour.transfer


def _audio_track(container: OutputContainer, audio: AudioStream, delivery: Delivery | None) -> _Track:
    coding = LOSSLESS_SOUND if delivery is None else SOUND[delivery.audio_codec or "pcm_f32le"]
    stream = container.add_stream(coding.encoder, rate=audio.rate)
    assert isinstance(stream, av.AudioStream)
    context = stream.codec_context
    context.format = AudioFormat(coding.format)
    context.layout = audio.layout
    context.time_base = Fraction(1, audio.rate)
    context.flags |= Flags.bitexact
    if delivery is not None and delivery.audio_bitrate is not None:
        most = coding.bitrate_of_a_channel * context.channels
        context.bit_rate = min(delivery.audio_bitrate, most) if most else delivery.audio_bitrate
    return _Track(stream, ahead(_even(audio.frames())), Fraction(audio.rate))


def _even(frames: Iterator[AudioFrame]) -> Iterator[AudioFrame]:
    """The same samples in frames of one size: how they came in parts must not show in the packets of a file."""
    fifo = AudioFifo()
    for frame in frames:
        frame.pts = None
        fifo.write(frame)
        yield from fifo.read_many(SAMPLES)
    rest = fifo.read(0, partial=True)
    if rest is not None:
        yield rest
