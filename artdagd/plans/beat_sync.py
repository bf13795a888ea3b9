"""BEAT_SYNC becomes concrete: from beats to a time map (RETIME), an optional RESIZE, and a MUX with the sound.

The rule: the boundaries t_0..t_N are 0, every beat strictly inside (0, T), and T, the sound's duration, so that there
are N intervals; D is the video's duration. With ``beats_per_cut`` n and ``offset`` m, of those beats only numbers m,
m + n, m + 2 n, … count (the first is 0). At output time t in interval k,

- ``stretch`` shows source time (k + (t - t_k) / (t_(k+1) - t_k)) * D / N: every interval shows an equal share of the
  source, faster or slower;
- ``cut`` shows (k * D / N + (t - t_k)) mod D: every interval starts at its share and plays at the source's own speed,
  from the start again where the source ends.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from artdagd.errors import InvalidRecipe, StepFailed
from artdagd.plans.faults import at_step
from artdagd.plans.model import ConcreteStep
from artdagd.plans.shapes import Shape, rate

Piece = tuple[float, float, float, float]
"""(t0, t1, s0, s1) in seconds: output time t0..t1 shows source time s0..s1."""

MAX_PIECES = 65_536
"""Pieces of one time map. At 120 beats a minute that is nine hours of music."""


def boundaries(beats: Iterable[Any], duration: float, beats_per_cut: int = 1, offset: int = 0) -> tuple[float, ...]:
    """0, the beats strictly inside (0, ``duration``) in order and without repeats, and ``duration`` (all seconds); of
    the beats, those from number ``offset`` on, in steps of ``beats_per_cut``.

    Raises ValueError if a beat is not a finite number.
    """
    inside = set()
    for beat in beats:
        if isinstance(beat, bool) or not isinstance(beat, int | float) or not math.isfinite(beat):
            raise ValueError(f"{beat!r} is not a time in seconds")
        if 0 < beat < duration:
            inside.add(float(beat))
    return (0.0, *sorted(inside)[offset::beats_per_cut], duration)


def stretch(bounds: Sequence[float], video_duration: float) -> Iterator[Piece]:
    """One piece an interval; the pieces meet in source time too, so the map never goes back."""
    count = len(bounds) - 1
    shares = [min(k * video_duration / count, video_duration) for k in range(count + 1)]
    for k in range(count):
        yield bounds[k], bounds[k + 1], shares[k], shares[k + 1]


def cut(bounds: Sequence[float], video_duration: float) -> Iterator[Piece]:
    """One piece an interval, and one more for each time that the source ends within it."""
    count = len(bounds) - 1
    for k in range(count):
        begin, end = bounds[k], bounds[k + 1]
        first = k * video_duration / count
        time, source, wraps = begin, first, 0
        while True:
            # Counted from the interval's start: adding D again and again would let rounding errors grow.
            wraps += 1
            wrap = begin + (wraps * video_duration - first)
            if wrap >= end:
                break
            yield time, wrap, source, video_duration
            time, source = wrap, 0.0
        yield time, end, source, min(source + (end - time), video_duration)


def resolve(
    step: ConcreteStep, *, video: Shape, audio_input: str, audio_duration: float, features: Mapping[str, Any]
) -> tuple[ConcreteStep, ...]:
    """The concrete steps of a BEAT_SYNC ``step``; the last one has its id and the others lead to it.

    ``video`` is the shape of its first input; ``audio_input``, ``audio_duration`` (seconds) and ``features`` are those
    of the ANALYZE step that is its second. The configs are as a recipe would write them. Raises InvalidRecipe
    (no beats were asked for; too many pieces) and StepFailed (the analyzer's beats are not times).
    """
    pieces = _pieces(step, video.duration, audio_duration, features)
    fps = rate(step, step.config["fps"]) if step.config.get("fps") is not None else video.fps
    steps = [_part(step, "retime", "RETIME", {"pieces": pieces, "fps": list(fps)}, (step.inputs[0],))]
    size = {name: step.config[name] for name in ("width", "height") if step.config.get(name) is not None}
    if size:
        steps.append(_part(step, "resize", "RESIZE", size, (steps[-1].step_id,)))
    steps.append(
        ConcreteStep(
            step_id=step.step_id,
            recipe_step=step.recipe_step,
            type="MUX",
            config={"length": "audio"},
            inputs=(steps[-1].step_id, audio_input),
            keep=step.keep,
        )
    )
    return tuple(steps)


def _part(step: ConcreteStep, suffix: str, kind: str, config: dict[str, Any], inputs: tuple[str, ...]) -> ConcreteStep:
    return ConcreteStep(f"{step.step_id}.{suffix}", step.recipe_step, kind, config, inputs)


def _pieces(
    step: ConcreteStep, video_duration: float, audio_duration: float, features: Mapping[str, Any]
) -> list[list[float]]:
    if not isinstance(features.get("beats"), list | tuple):
        raise InvalidRecipe(
            f"Step {step.step_id!r} needs beats, and {step.inputs[1]!r} does not look for them.",
            advice=f"Add beats to the features of {step.inputs[1]!r}.",
            faults=[at_step(step.inputs[1], "config.features", "beats are needed here")],
        )
    try:
        bounds = boundaries(
            features["beats"], audio_duration, step.config.get("beats_per_cut", 1), step.config.get("offset", 0)
        )
    except ValueError as error:
        raise StepFailed(
            f"The analysis {step.inputs[1]!r} is unusable: among its beats, {error}.",
            code="analyzer_error",
            advice="Report this to the author of the analyzer.",
        ) from None
    made: list[list[float]] = []
    for piece in (cut if step.config["mode"] == "cut" else stretch)(bounds, video_duration):
        if len(made) == MAX_PIECES:
            raise InvalidRecipe(
                f"Step {step.step_id!r} would be cut into more than {MAX_PIECES} pieces.",
                advice=f"Give it a longer video than {video_duration:g} s, or a shorter song.",
                faults=[at_step(step.step_id, "inputs", "too many pieces")],
            )
        made.append(list(piece))
    return made
