"""THUMBNAILS: a strip of small pictures from the whole of a clip."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

from av import VideoFrame

from artdagd.errors import StepFailed
from artdagd.hooks.types import Effect, Filter
from artdagd.render.compositing.fitting import sized
from artdagd.render.networks import Node, run_network
from artdagd.render.streams import Media, VideoStream


def lower(config: Mapping[str, Any], inputs: Sequence[Media], effects: Mapping[str, Effect]) -> Media:
    """One frame: ``count`` pictures from left to right, number ``i`` from the middle of the clip's ``i``-th part."""
    media = inputs[0]
    if media.video is None:
        raise StepFailed("its input has no picture", code="refused", advice="give it a video")
    return replace(media.moved(lambda video: _strip(video, config["count"], config["width"])), audio=None)


def _strip(video: VideoStream, count: int, width: int) -> VideoStream:
    def place(number: int) -> int:
        return min(video.count - 1, int(Fraction(2 * number + 1, 2 * count) * video.count))

    small = sized(video.mapped(place, count, video.picture.fps), width, None, None)
    picture = replace(small.picture, width=count * small.picture.width)
    network = (Node(Filter("hstack", {"inputs": count}), tuple(range(count))),)

    def source(start: int) -> Iterator[VideoFrame]:
        # One reader for all: as many as there are pictures would hold as many decoders.
        frames = list(small.frames())
        yield from run_network(lambda number: network, [small.picture] * count, [iter([frame]) for frame in frames])

    return VideoStream(picture, 1, picture, source, lambda i: 0)
