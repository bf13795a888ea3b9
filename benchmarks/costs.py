"""What a pixel costs each effect, as its declaration tells the planner, beside what it takes here.

Processor time of one reading of noisy 720p footage through the effect's example, less that of decoding it alone.
"""

from __future__ import annotations

import time

from artdagd.hooks.manager import Plugins
from artdagd.plans.costs import SOURCE
from artdagd.render.reading.source import open_source
from artdagd.render.steps import effect
from artdagd.render.streams import VideoStream
from artdagd.steps.catalogue import Catalogue
from benchmarks.media import footage
from benchmarks.report import Line
from benchmarks.rounds import Bench


def measure(bench: Bench) -> list[Line]:
    """A line for each effect, and one for decoding. No aim: a declared cost is right if its order is."""
    clip = open_source(footage(bench.folder / "clip.mp4", bench.size(4, 1)))
    effects = Catalogue.of(Plugins.load()).effects
    assert clip.video is not None
    alone = [_spent(clip.video) for _ in range(bench.rounds)]
    lines = [_line("decoding H.264", alone, SOURCE)]
    for name in sorted(effects):
        made = effect.lower({"effect": name, **effects[name].example}, [clip], effects).video
        assert made is not None
        spent = [_spent(made) - min(alone) for _ in range(bench.size(2, 1))]
        lines.append(_line(name, spent, effects[name].cost))
    return lines


def _spent(video: VideoStream) -> float:
    """Nanoseconds of processor time a pixel."""
    start = time.process_time()
    count = sum(1 for _ in video.frames())
    return (time.process_time() - start) * 1e9 / (count * video.picture.width * video.picture.height)


def _line(what: str, spent: list[float], declared: float) -> Line:
    peer = (declared,) if declared else ()
    return Line(what=what, unit="ns/pixel", us=tuple(spent), peer_name="declared", peer=peer)
