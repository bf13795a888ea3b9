"""RETIME: pictures along a piecewise-linear map from output time to source time."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

from artdagd.errors import StepFailed
from artdagd.hooks.types import Effect
from artdagd.render.streams import Media
from artdagd.steps.numbers import exact, nearest


def lower(config: Mapping[str, Any], inputs: Sequence[Media], effects: Mapping[str, Effect]) -> Media:
    """Frame ``i`` of the result stands at ``i / fps`` and shows the source frame nearest to the mapped time.

    ``pieces`` are (t0, t1, s0, s1) in seconds, contiguous from t0 = 0: output time t in [t0, t1) shows source time
    s0 + (t - t0) / (t1 - t0) * (s1 - s0). The result has no sound.
    """
    media = inputs[0]
    video = media.video
    if video is None:
        raise StepFailed("its input has no picture", code="refused", advice="give it a video")
    pieces = [tuple(exact(number) for number in piece) for piece in config["pieces"]]
    if not pieces:
        raise StepFailed("its time map has no pieces", code="refused")
    fps = Fraction(*config["fps"])
    starts = [piece[0] for piece in pieces]
    rate, last = video.picture.fps, video.count - 1

    def frame_at(i: int) -> int:
        time = i / fps
        t0, t1, s0, s1 = pieces[max(0, bisect_right(starts, time) - 1)]
        part = (time - t0) / (t1 - t0) if t1 > t0 else Fraction(0)
        return min(max(nearest((s0 + part * (s1 - s0)) * rate), 0), last)

    count = max(1, nearest(pieces[-1][1] * fps))
    return replace(media.moved(lambda stream: stream.mapped(frame_at, count, fps)), audio=None, offset=Fraction(0))
