"""SEQUENCE: media one after the other, by cut or with transitions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import accumulate, pairwise
from typing import Any

from artdagd.errors import StepFailed
from artdagd.hooks.types import Effect
from artdagd.render.compositing.conform import alpha_of, conformed
from artdagd.render.compositing.joining import joined_pictures, joined_sound
from artdagd.render.compositing.opacity import opaque
from artdagd.render.compositing.transitions import joints, overlap
from artdagd.render.streams import AudioStream, Media, Picture
from artdagd.steps.numbers import even, exact, nearest


def lower(config: Mapping[str, Any], inputs: Sequence[Media], effects: Mapping[str, Effect]) -> Media:
    """Size, rate and format are the first clip's unless the config says otherwise; the others are fitted to it.

    Each clip's sound lasts as long as its picture: cut, or padded with silence. Clips without any picture are joined
    as sound; a mixture is refused. During a transition both clips run: the result is shorter than all clips together
    by what the transitions last.
    """
    turns = joints(config, len(inputs))
    if len(turns) != len(inputs) - 1:
        raise StepFailed(f"it has {len(turns)} transitions for {len(inputs)} clips", code="refused")
    videos = [media.video for media in inputs if media.video is not None]
    if not videos:
        sounds = [media.audio for media in inputs if media.audio is not None]
        rate, layout = _sound_shape(sounds)
        lengths = [sound.samples for sound in sounds]
        overlaps = _checked([overlap(turn, rate) for turn in turns], lengths)
        return Media(None, joined_sound(sounds, lengths, overlaps, rate, layout))
    if len(videos) != len(inputs):
        number = next(i for i, media in enumerate(inputs, 1) if media.video is None)
        raise StepFailed(f"its input {number} has no picture, others have one", code="refused")
    shape = _shape(config, videos[0].picture)
    clips = [conformed(video, shape) for video in videos]
    counts = [clip.count for clip in clips]
    overlaps = _checked([overlap(turn, shape.fps) for turn in turns], counts)
    alphas = None
    if any(media.alpha is not None for media in inputs):
        grey = alpha_of(shape)
        alphas = [opaque(clips[i]) if m.alpha is None else conformed(m.alpha, grey) for i, m in enumerate(inputs)]
    alpha = None if alphas is None else joined_pictures(alphas, turns, overlaps, alpha_of(shape))
    joined = Media(joined_pictures(clips, turns, overlaps, shape, alphas), None, alpha=alpha)
    tracks = [media.synced() for media in inputs]
    sounds = [track for track in tracks if track is not None]
    if not sounds:
        return joined
    rate, layout = _sound_shape(sounds)
    # On the clock of the result, so that roundings don't add up: where each clip ends, and where the next one starts.
    ends = [total - sum(overlaps[:i]) for i, total in enumerate(accumulate(counts))]
    starts = [0, *(end - both for end, both in zip(ends, overlaps, strict=False))]
    spans = [tuple(nearest(frame * rate / shape.fps) for frame in span) for span in zip(starts, ends, strict=True)]
    shared = [one[1] - other[0] for one, other in pairwise(spans)]
    lengths = [stop - start for start, stop in spans]
    return replace(joined, audio=joined_sound(tracks, lengths, shared, rate, layout))


def _shape(config: Mapping[str, Any], first: Picture) -> Picture:
    width = first.width if config.get("width") is None else config["width"]
    height = first.height if config.get("height") is None else config["height"]
    fps = first.fps if config.get("fps") is None else _rate(config["fps"])
    return replace(first, width=even(width), height=even(height), fps=fps)


def _rate(value: Any) -> Fraction:
    return Fraction(*value) if isinstance(value, list | tuple) else exact(value)


def _checked(overlaps: list[int], lengths: Sequence[int]) -> list[int]:
    """``overlaps``, if no clip is shorter than its two transitions together."""
    for number, (length, two) in enumerate(zip(lengths, pairwise([0, *overlaps, 0]), strict=True), 1):
        if length < sum(two):
            raise StepFailed(f"its input {number} is shorter than its transitions", code="refused")
    return overlaps


def _sound_shape(sounds: Sequence[AudioStream]) -> tuple[int, str]:
    if not sounds:
        raise StepFailed("its inputs have neither a picture nor sound", code="refused")
    return sounds[0].rate, "stereo" if any(sound.layout == "stereo" for sound in sounds) else sounds[0].layout
