"""Decoding a file's sound track: every sample once, without an encoder's priming and padding."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from itertools import chain, groupby
from pathlib import Path

import av
from av import AudioFrame, AudioResampler, Packet
from av.audio.stream import AudioStream as Track
from av.container.input import InputContainer

from artdagd.errors import StepFailed
from artdagd.hooks.types import Filter
from artdagd.render.failures import reporting
from artdagd.render.graphs import run_audio
from artdagd.render.reading.opening import DECODERS, check_length, open_media
from artdagd.render.streams import AudioStream
from artdagd.render.wanted import still_wanted

MAX_RATE = 384_000
MAX_CHANNELS = 64
"""As many as libswresample mixes."""

ENDLESS = ("aac", "libfdk_aac", "opus", "libopus")
"""Decoders that know of no padding at the end where the container, MP4, tells by the last packet's duration."""


def track(container: InputContainer) -> Track | None:
    """The sound track that we use: the first that a decoder of ours can read."""
    for stream in container.streams.audio:
        context = stream.codec_context
        if (
            context is not None
            and context.name in DECODERS
            and 0 < context.sample_rate <= MAX_RATE
            and 0 < context.channels <= MAX_CHANNELS
        ):
            return stream
    return None


def layout(channels: int) -> str:
    """The layout that a track is mixed to: mono stays mono, everything else becomes stereo."""
    return "mono" if channels == 1 else "stereo"


def decode(path: Path, rate: int | None = None, mix: str | None = None) -> Iterator[AudioFrame]:
    """The samples of a file's sound track, as planar float in frames of any size.

    They are resampled to ``rate`` and mixed to the layout ``mix`` if given. What libavcodec's skip and discard
    side data and, in MP4, the duration of the track exclude is left out. Raises StepFailed (``bad_media``).
    """
    with open_media(path) as container:
        yield from decoded(container, rate, mix)


def decoded(
    container: InputContainer,
    rate: int | None = None,
    mix: str | None = None,
    seen: Callable[[Packet[Track]], None] = lambda packet: None,
) -> Iterator[AudioFrame]:
    """As :func:`decode` of a file that was just opened. ``seen`` is called with each packet before it is decoded."""
    with reporting("the sound can't be decoded"):
        stream = track(container)
        if stream is None:
            raise StepFailed("the file has no sound that can be decoded", code="bad_media")
        context = stream.codec_context
        mix, rate = mix or layout(context.channels), rate or context.sample_rate
        # Broadcasts go from stereo to 5.1 and back within a file.
        samples = 0
        for _, part in groupby(_trimmed(container, stream, seen), _form):
            for frame in _mixed(part, rate, mix):
                samples += frame.samples
                check_length(samples / rate)
                yield frame


def _form(frame: AudioFrame) -> tuple[str, str, int]:
    return frame.layout.name, frame.format.name, frame.sample_rate


def _mixed(frames: Iterator[AudioFrame], rate: int, mix: str) -> Iterator[AudioFrame]:
    """Frames of one form, resampled and mixed. Surround becomes stereo as ITU-R BS.775 has it: centre and surround 3 dB
    down, the low-frequency channel left out, and all brought down together, so that the loudest sound just fits."""
    first = next(frames)
    if len(first.layout.channels) > 2 and first.layout.name != mix:
        wanted: dict[str, str | int] = {
            "sample_rate": rate,
            "out_chlayout": mix,
            "out_sample_fmt": "fltp",
            "rematrix_maxval": "1",
        }
        try:
            yield from run_audio((Filter("aresample", wanted),), chain((first,), frames))
        except StepFailed as error:
            if error.code != "effect_error":
                raise
            why = f"the sound's channels ({first.layout.name}) can't be mixed to {mix}"
            raise StepFailed(why, code="bad_media", advice="mix it to stereo first") from error
        return
    resampler = AudioResampler("fltp", mix, rate)
    for frame in chain((first,), frames):
        frame.pts = None
        yield from resampler.resample(frame)
    yield from resampler.resample(None)


def count(path: Path) -> int:
    """Samples of a channel that :func:`decode` yields at the track's own rate."""
    return sum(frame.samples for frame in decode(path))


def audio_stream(path: Path, container: InputContainer) -> tuple[AudioStream, Fraction] | None:
    """The sound of an opened file, and the time (s, on the file's clock) of its first sample; None if it has none."""
    stream = track(container)
    if stream is None:
        return None
    context = stream.codec_context
    measured: list[int] = []

    def measure() -> int:
        if not measured:
            measured.append(count(path))
        return measured[0]

    start = Fraction(0) if stream.start_time is None else stream.start_time * Fraction(stream.time_base or 1)
    return AudioStream(context.sample_rate, layout(context.channels), measure, lambda: decode(path)), start


def _trimmed(container: InputContainer, stream: Track, seen: Callable[[Packet[Track]], None]) -> Iterator[AudioFrame]:
    """Decoded frames up to the end that the container states, where the codec itself knows none (AAC in MP4)."""
    exact_end = "mp4" in container.format.name.split(",") and stream.codec_context.name in ENDLESS
    base = Fraction(stream.time_base or 1)
    end: Fraction | None = None
    held: AudioFrame | None = None
    for packet in container.demux(stream):
        still_wanted()
        seen(packet)
        if packet.pts is not None and packet.duration:
            end = (packet.pts + packet.duration) * base
        for frame in _frames(packet):
            if held is not None:
                yield held
            held = frame
    if held is None:
        raise StepFailed("the file's sound holds no samples", code="bad_media")
    if exact_end and end is not None and held.pts is not None:
        wanted = round((end - held.pts * Fraction(held.time_base or base)) * held.sample_rate)
        if 0 < wanted < held.samples:
            yield from _head(held, wanted)
            return
    yield held


def _head(frame: AudioFrame, samples: int) -> Iterator[AudioFrame]:
    # Packed: av takes the planes of 8 channels for 9, and reads beyond them.
    for packed in AudioResampler(frame.format.packed.name, frame.layout, frame.sample_rate).resample(frame):
        array = packed.to_ndarray()[:, : samples * packed.layout.nb_channels].copy()
        head = AudioFrame.from_ndarray(array, format=packed.format.name, layout=packed.layout.name)
        head.sample_rate = packed.sample_rate
        # In the form of the others: a change of form is taken for another sound.
        yield from AudioResampler(frame.format.name, frame.layout, frame.sample_rate).resample(head)


def _frames(packet: Packet[Track]) -> list[AudioFrame]:
    """What a packet decodes to; nothing if it is damaged (tags and garbage between MP3 frames are common)."""
    try:
        return packet.decode()
    except (av.error.InvalidDataError, av.error.EOFError):
        return []
