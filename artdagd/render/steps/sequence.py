"""SEQUENCE: media one after the other, by cut."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import accumulate
from typing import Any

from av import AudioFrame, VideoFrame

from artdagd.errors import StepFailed
from artdagd.hooks.types import Effect, Filter
from artdagd.render.graphs import MATRICES, scale
from artdagd.render.numbers import even, exact, nearest
from artdagd.render.sound import silence
from artdagd.render.steps.resize import fitted
from artdagd.render.streams import AudioStream, Media, Picture, VideoStream


def lower(config: Mapping[str, Any], inputs: Sequence[Media], effects: Mapping[str, Effect]) -> Media:
    """Size, rate and format are the first clip's unless the config says otherwise; the others are fitted to it.

    Each clip's sound lasts as long as its picture: cut, or padded with silence. Clips without any picture are joined
    as sound; a mixture is refused.
    """
    videos = [media.video for media in inputs if media.video is not None]
    if not videos:
        sounds = [media.audio for media in inputs if media.audio is not None]
        return Media(None, _joined_sound(list(sounds), [sound.samples for sound in sounds], *_sound_shape(sounds)))
    if len(videos) != len(inputs):
        number = next(i for i, media in enumerate(inputs, 1) if media.video is None)
        raise StepFailed(f"its input {number} has no picture, others have one", code="refused")
    first = videos[0].picture
    width = first.width if config.get("width") is None else config["width"]
    height = first.height if config.get("height") is None else config["height"]
    fps = first.fps if config.get("fps") is None else _rate(config["fps"])
    shape = replace(first, width=even(width), height=even(height), fps=fps)
    clips = [_conformed(video, shape) for video in videos]
    video = _joined_pictures(clips, shape)
    tracks = [media.synced() for media in inputs]
    sounds = [track for track in tracks if track is not None]
    if not sounds:
        return Media(video, None)
    rate, layout = _sound_shape(sounds)
    ends = [nearest(frames * rate / fps) for frames in accumulate(clip.count for clip in clips)]
    lengths = [end - start for start, end in zip([0, *ends], ends, strict=False)]
    return Media(video, _joined_sound(tracks, lengths, rate, layout))


def _rate(value: Any) -> Fraction:
    return Fraction(*value) if isinstance(value, list | tuple) else exact(value)


def _conformed(video: VideoStream, shape: Picture) -> VideoStream:
    rate = video.picture.fps
    if rate != shape.fps:
        count, last = max(1, nearest(video.duration * shape.fps)), video.count - 1
        video = video.mapped(lambda i: min(nearest(i * rate / shape.fps), last), count, shape.fps)
    video = fitted(video, shape.width, shape.height, "contain")
    if (video.picture.format, video.picture.colour.space) == (shape.format, shape.colour.space):
        return video
    convert = scale(out_range="tv", out_color_matrix=MATRICES.get(shape.colour.space, "bt601"))
    return video.filtered((convert, Filter("format", {"pix_fmts": shape.format})), shape)


def _joined_pictures(clips: list[VideoStream], shape: Picture) -> VideoStream:
    ends = list(accumulate(clip.count for clip in clips))

    def place(frame: int) -> tuple[int, int]:
        number = next(i for i, end in enumerate(ends) if frame < end)
        return number, frame - (ends[number - 1] if number else 0)

    def source(start: int) -> Iterator[VideoFrame]:
        if start >= ends[-1]:
            return
        number, offset = place(start)
        yield from clips[number].frames(offset)
        for clip in clips[number + 1 :]:
            yield from clip.frames()

    def preroll(frame: int) -> int:
        number, offset = place(frame)
        return clips[number].preroll(offset)

    return VideoStream(shape, ends[-1], shape, source, preroll)


def _sound_shape(sounds: Sequence[AudioStream]) -> tuple[int, str]:
    if not sounds:
        raise StepFailed("its inputs have neither a picture nor sound", code="refused")
    return sounds[0].rate, "stereo" if any(sound.layout == "stereo" for sound in sounds) else sounds[0].layout


def _joined_sound(tracks: Sequence[AudioStream | None], lengths: Sequence[int], rate: int, layout: str) -> AudioStream:
    def part(track: AudioStream | None, length: int) -> Callable[[], Iterator[AudioFrame]]:
        if track is None:
            return lambda: silence(length, rate, layout)
        return track.conformed(rate, layout).lasting(length).frames

    parts = [part(track, length) for track, length in zip(tracks, lengths, strict=True) if length > 0]

    def source() -> Iterator[AudioFrame]:
        for read in parts:
            yield from read()

    return AudioStream(rate, layout, lambda: sum(lengths), source)
