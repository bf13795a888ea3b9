"""LOUDNESS: sound as loud as another, by EBU R 128.

Integrated loudness is that of ITU-R BS.1770-4 as libavfilter's ebur128 finds it, true peak the largest sample at four
times the rate (BS.1770-4, annex 2). Both are known before the first sample goes out, so one gain holds from start to
end: what was soft beside what was loud stays so.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

import numpy
from av import AudioFrame

from artdagd.errors import StepFailed
from artdagd.hooks.types import Effect, Filter
from artdagd.render.graphs import run_audio
from artdagd.render.sounds.blocks import blocks, sound_of
from artdagd.render.streams import AudioStream, Media
from artdagd.steps.numbers import exact

SILENCE = -70.0
"""LUFS of the absolute gate: sound below it, or shorter than 0.4 s, has no loudness and stays as it is."""

BLOCK = 4800


def lower(config: Mapping[str, Any], inputs: Sequence[Media], effects: Mapping[str, Effect]) -> Media:
    """The sound at ``target`` LUFS, or as near to it as ``true_peak`` (dBTP) lets one gain come. The picture stays."""
    media = inputs[0]
    sound = media.synced()
    if sound is None:
        raise StepFailed("its input has no sound", code="refused", advice="give it music, or a video with sound")
    target, highest = float(config.get("target", -23.0)), float(config.get("true_peak", -1.0))

    @cache
    def gain() -> float:
        loudness, peak = measured(sound)
        if loudness <= SILENCE:
            return 0.0
        return min(target - loudness, highest - peak)

    def source() -> Iterator[AudioFrame]:
        # As a value of its own type: the text of a float is exact.
        return run_audio((Filter("volume", {"volume": f"{gain()!r}dB", "precision": "float"}),), sound.frames())

    levelled = AudioStream(sound.rate, sound.layout, sound.measure, source)
    return replace(media, audio=levelled, offset=exact(0))


def measured(sound: AudioStream) -> tuple[float, float]:
    """Integrated loudness in LUFS, not below ``SILENCE``, and true peak in dBTP (-inf for silence)."""
    even = sound_of(sound.rate, sound.layout, sound.measure, lambda: blocks(sound.frames(), BLOCK))
    filters = (
        Filter("ebur128", {"metadata": 1, "framelog": "quiet"}),
        Filter("aresample", {"sample_rate": 4 * sound.rate}),
    )
    loudness, peak = SILENCE, 0.0
    for frame in run_audio(filters, even.frames()):
        loudness = float(frame.metadata.get("lavfi.r128.I", loudness))
        peak = max(peak, float(numpy.abs(frame.to_ndarray()).max(initial=0.0)))
    return loudness, 20 * math.log10(peak) if peak else -math.inf
