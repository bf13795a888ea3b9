"""AUDIO_FADE: sound that comes out of silence and goes back into it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from artdagd.errors import StepFailed
from artdagd.hooks.types import Effect, Filter
from artdagd.render.streams import Media
from artdagd.steps.numbers import exact, nearest


def lower(config: Mapping[str, Any], inputs: Sequence[Media], effects: Mapping[str, Effect]) -> Media:
    """Silence before ``start``, up within ``fade_in`` seconds; down within ``fade_out`` seconds before ``end``, then
    silence. The picture stays as it is."""
    media = inputs[0]
    sound = media.synced()
    if sound is None:
        raise StepFailed("its input has no sound", code="refused", advice="give it music, or a video with sound")
    rate = sound.rate
    start = nearest(exact(config.get("start") or 0) * rate)
    end = sound.samples if config.get("end") is None else nearest(exact(config["end"]) * rate)
    curve = str(config.get("curve", "tri"))
    filters = [Filter("asetpts", {"expr": "N"})]  # what was cut off before still counts for afade
    if start or config.get("fade_in"):
        length = nearest(exact(config.get("fade_in") or 0) * rate)
        filters.append(_fade("in", start, length, curve))
    if config.get("end") is not None or config.get("fade_out"):
        length = min(nearest(exact(config.get("fade_out") or 0) * rate), end)
        filters.append(_fade("out", end - length, length, curve))
    return replace(media, audio=sound.filtered(filters, sound.measure), offset=exact(0))


def _fade(kind: str, start: int, samples: int, curve: str) -> Filter:
    # Of no samples, afade would take its default; one is as good as none.
    return Filter("afade", {"type": kind, "start_sample": start, "nb_samples": max(1, samples), "curve": curve})
