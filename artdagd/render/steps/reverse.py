"""REVERSE: a medium played backwards."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from tempfile import SpooledTemporaryFile
from typing import Any

import numpy
from av import AudioFrame, VideoFrame

from artdagd.hooks.types import Effect
from artdagd.render.drawing.planes import picture_of, planes
from artdagd.render.failures import reporting
from artdagd.render.sounds.blocks import sound_frame
from artdagd.render.streams import AudioStream, Media, VideoStream, close
from artdagd.steps.numbers import nearest

BLOCK_BYTES = 192 << 20
"""Bytes of pictures that are held at a time: the input is read forward block by block, the last block first."""

SPOOL_BYTES = 64 << 20
"""Bytes of sound that are held in memory (3 minutes of stereo at 48 kHz); more goes through a temporary file."""

CHUNK = 4096
"""Samples of a channel in a frame of reversed sound."""


def lower(config: Mapping[str, Any], inputs: Sequence[Media], effects: Mapping[str, Effect]) -> Media:
    """What is seen and heard at the time ``t`` comes at the end minus ``t``: the sound is cut, or padded with silence,
    to the length of the picture, so that they stay together."""
    media = inputs[0]
    turned = media.moved(backwards)
    sound = media.synced()
    if media.video is not None and sound is not None:
        sound = sound.lasting(max(1, nearest(media.video.duration * sound.rate)))
    return replace(turned, audio=None if sound is None else _backwards(sound), offset=Fraction(0))


def backwards(video: VideoStream) -> VideoStream:
    """The frames from the last to the first, with at most ``BLOCK_BYTES`` of them held (but at least one frame)."""
    most = max(1, BLOCK_BYTES // video.picture.bytes)
    last = video.count - 1

    def begin(end: int) -> int:
        """Where the block that ends with frame ``end`` begins: at the earliest place to seek to that it has room for,
        or, if it has room for none, as early as it can."""
        earliest = max(0, end - most + 1)
        key = end - video.preroll(end)
        if key < earliest:
            return earliest
        while key > earliest and (before := key - 1 - video.preroll(key - 1)) >= earliest:
            key = before
        return key

    def source(start: int) -> Iterator[VideoFrame]:
        end = last - start
        while end >= 0:
            first = begin(end)
            reader = video.frames(first)
            # Copies, because a decoder never gives back the memory of frames that somebody held at one time.
            frames = (frame for _, frame in zip(range(first, end + 1), reader, strict=False))
            held = [picture_of(planes(frame), video.picture) for frame in frames]
            close(reader)
            while held:
                yield held.pop()
            end = first - 1

    def preroll(start: int) -> int:
        first = begin(last - start)
        return last - start - first + video.preroll(first)

    return VideoStream(video.picture, video.count, video.picture, source, preroll)


def _backwards(audio: AudioStream) -> AudioStream:
    def source() -> Iterator[AudioFrame]:
        with reporting("the sound can't be reversed"), SpooledTemporaryFile(SPOOL_BYTES) as spool:
            channels = 1
            for frame in audio.frames():
                samples = frame.to_ndarray().T.astype(numpy.float32)
                channels = samples.shape[1]
                spool.write(numpy.ascontiguousarray(samples).tobytes())
            size = 4 * channels
            end = spool.tell() // size
            while end > 0:
                first = max(0, end - CHUNK)
                spool.seek(first * size)
                block = numpy.frombuffer(spool.read((end - first) * size), numpy.float32).reshape(-1, channels)
                yield sound_frame(block[::-1].T, audio.rate, audio.layout)
                end = first

    return AudioStream(audio.rate, audio.layout, audio.measure, source)
