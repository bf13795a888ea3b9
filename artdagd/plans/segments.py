"""Which passes are made in parts, which parts those are, and what they are called.

A part has a name like a cache id: the CID of a record in canonical dag-json. A segment's is ``{"v": 1, "engine":
number, "cluster": hex or "", "delivery": of the picture alone, "fps": rate, "picture": [name, shows]}``, that of a
pass's sound ``{"v", "engine", "cluster", "delivery": of the sound alone, "sound": name}``; the names within are those
of :mod:`artdagd.plans.windows`, ``fps`` is that of the file.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from itertools import pairwise

import msgspec

from artdagd.cid import cid_of_value
from artdagd.plans import cache_ids
from artdagd.plans.boundaries import boundaries, runs
from artdagd.plans.model import ConcreteStep, Pass, Segment
from artdagd.plans.windows import Names, Uncut
from artdagd.steps import maps
from artdagd.steps.catalogue import Catalogue
from artdagd.steps.windows import rate, seen
from artdagd.work import Delivery, Extent

SHORTEST = 8
"""Seconds of a result that is made in one piece, since its parts would not be worth their beginnings."""

CODECS = frozenset({"h264", "h265", "prores", "ffv1"})
"""Codecs of which parts can be put together: their headers are the same whatever they show."""

VERSION = 1


def picture_of(delivery: Delivery) -> Delivery:
    """How a part of the picture is encoded. What it stands in is of the same kind wherever frames are reordered."""
    inside = "mp4" if delivery.video_codec in ("h264", "h265") else delivery.format
    return msgspec.structs.replace(delivery, format=inside, audio_codec=None, audio_bitrate=None)


def sound_of(delivery: Delivery) -> Delivery:
    """How the sound is encoded."""
    return Delivery(
        format=delivery.format,
        video_codec=None,
        crf=None,
        preset=None,
        audio_codec=delivery.audio_codec,
        audio_bitrate=delivery.audio_bitrate,
    )


def rate_of(item: Pass, extents: Mapping[str, Extent]) -> Fraction:
    """Frames a second of the file that a pass makes; ``extents`` has that of its last step."""
    delivery = item.delivery
    return Fraction(*delivery.fps) if delivery and delivery.fps else rate(extents[item.steps[-1]])


def in_parts(
    passes: Sequence[Pass], steps: Sequence[ConcreteStep], names: Names, catalogue: Catalogue, cluster: str
) -> tuple[Pass, ...]:
    """The passes of a plan, whose computed ``steps`` are in topological order, each with its segments and its sound, or
    with the reason why it has none. ``cluster`` is ``cluster_digest(key)``."""
    by_id = {step.step_id: step for step in steps}
    made = []
    for item in passes:
        try:
            made.append(_cut(item, by_id, names, catalogue, cluster))
        except Uncut as reason:
            made.append(msgspec.structs.replace(item, whole=str(reason)))
        except RecursionError:
            made.append(msgspec.structs.replace(item, whole="it is made of too many steps"))
    return tuple(made)


def _cut(item: Pass, steps: Mapping[str, ConcreteStep], names: Names, catalogue: Catalogue, cluster: str) -> Pass:
    delivery, last = item.delivery, item.steps[-1]
    if delivery is None:
        raise Uncut("its result is kept for other passes")
    if delivery.video_codec is None or last not in names.extents:
        raise Uncut("it has no picture")
    if delivery.video_codec not in CODECS:
        raise Uncut(f"{delivery.video_codec} is encoded in one piece")
    extent = names.extents[last]
    fps = rate_of(item, names.extents)
    _, count = maps.at_rate(rate(extent), extent.frames, fps)
    if count < SHORTEST * fps:
        raise Uncut(f"it is shorter than {SHORTEST} s")
    clips = runs(last, steps, names.extents, catalogue) if fps == rate(extent) else [(0, 0)]
    common = {"v": VERSION, "engine": cache_ids.ENGINE, "cluster": cluster}
    record = {**common, "delivery": msgspec.to_builtins(picture_of(delivery)), "fps": [fps.numerator, fps.denominator]}

    def segment(first: int, stop: int) -> Segment:
        picture = names.picture(last, seen(extent, fps, range(first, stop)))
        return Segment(cid_of_value({**record, "picture": picture}), first, stop - first)

    segments = tuple(segment(*ends) for ends in pairwise(boundaries(clips, count, fps)))
    sound = names.sound(last) if delivery.audio_codec else ""
    if sound:
        sound = cid_of_value({**common, "delivery": msgspec.to_builtins(sound_of(delivery)), "sound": sound})
    return msgspec.structs.replace(item, segments=segments, sound=sound)
