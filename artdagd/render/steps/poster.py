"""POSTER: a still that says what a clip is. Not its first picture, which is black all too often."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

from av import VideoFrame

from artdagd.errors import StepFailed
from artdagd.hooks.types import Effect, Filter
from artdagd.render.compositing.fitting import sized
from artdagd.render.graphs import scale
from artdagd.render.streams import Media, VideoStream
from artdagd.steps.numbers import nearest

CANDIDATES = tuple(Fraction(part, 12) for part in (1, 3, 5, 7, 9, 11))
"""Where in the clip to look, as shares of its length."""


def lower(config: Mapping[str, Any], inputs: Sequence[Media], effects: Mapping[str, Effect]) -> Media:
    """One frame: of the candidates the one whose brightness varies most, the first of several."""
    media = inputs[0]
    if media.video is None:
        raise StepFailed("its input has no picture", code="refused", advice="give it a video")
    video = media.video
    last = video.count - 1
    places = sorted({min(last, nearest(share * last)) for share in CANDIDATES})
    # The choice is made once, and holds for the alpha too.
    chosen: list[int] = []

    def best() -> int:
        if not chosen:
            chosen.append(max(places, key=lambda place: (_variance(video, place), -place)) if last else 0)
        return chosen[0]

    def still(stream: VideoStream) -> VideoStream:
        def source(start: int) -> Iterator[VideoFrame]:
            yield from stream.mapped(lambda i: best(), 1, stream.picture.fps).frames()

        one = VideoStream(stream.picture, 1, stream.picture, source, lambda i: 0)
        return sized(one, config["width"], None, "shrink")

    return replace(media.moved(still), audio=None)


def _variance(video: VideoStream, place: int) -> float:
    """The variance of a frame's brightness, seen small: detail says more than noise."""
    small = (scale(w=64, h=36), Filter("format", {"pix_fmts": "gray"}))
    picture = replace(video.picture, width=64, height=36, format="gray")
    frame = next(iter(video.filtered(small, picture).frames(place)))
    return float(frame.to_ndarray().astype(int).var())
