"""RETIME: pictures along a piecewise-linear map from output time to source time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

from artdagd.errors import StepFailed
from artdagd.hooks.types import Effect
from artdagd.render.streams import Media
from artdagd.steps import maps


def lower(config: Mapping[str, Any], inputs: Sequence[Media], effects: Mapping[str, Effect]) -> Media:
    """Frame ``i`` of the result stands at ``i / fps`` and shows the source frame nearest to the mapped time.

    ``pieces`` are (t0, t1, s0, s1) in seconds, contiguous from t0 = 0: output time t in [t0, t1) shows source time
    s0 + (t - t0) / (t1 - t0) * (s1 - s0). The result has no sound.
    """
    media = inputs[0]
    video = media.video
    if video is None:
        raise StepFailed("its input has no picture", code="refused", advice="give it a video")
    if not config["pieces"]:
        raise StepFailed("its time map has no pieces", code="refused")
    fps = Fraction(*config["fps"])
    frame_at, count = maps.retimed(config["pieces"], fps, video.picture.fps, video.count)
    return replace(media.moved(lambda stream: stream.mapped(frame_at, count, fps)), audio=None, offset=Fraction(0))
