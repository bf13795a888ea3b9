"""A run watched while it renders: its finished segments as an HTTP Live Stream (RFC 8216) of fragmented MP4.

The playlist has the segments that are there, from the first on without a gap, and is complete when all are. A fragment
is made by a worker from its segment and the sound that is heard meanwhile, when it is first asked for, and kept.
"""

from __future__ import annotations

import asyncio
import math
import struct
from fractions import Fraction
from pathlib import Path

import msgspec

from artdagd.auth.principal import Principal
from artdagd.cid import cid_of_value
from artdagd.errors import NotFound, Unavailable
from artdagd.plans import cache_ids
from artdagd.plans.model import Pass, Plan
from artdagd.plans.parts import SOUND, Parts
from artdagd.runs.active import Active
from artdagd.runs.binding import Binder
from artdagd.runs.compute import FOR, Ready
from artdagd.runs.machine import RUN_TERMINAL
from artdagd.runs.performance import Stage
from artdagd.runs.service import RunService
from artdagd.work import Delivery, Join, RenderPass

RETRY_AFTER = 1
"""Seconds after which to ask again for what is not there yet."""

CODECS = ("h264", "h265")
SOUNDS = ("aac", None)
"""What a player takes in such a stream."""


class _Film(msgspec.Struct, frozen=True):
    """What is watched: ``there`` are the parts of ``item`` that exist: the name of the computation -> CID."""

    made: Plan
    item: Pass
    fps: Fraction
    there: dict[str, str]

    @property
    def ready(self) -> int:
        """How many segments can be seen: from the first on, and their sound."""
        if self.item.sound and self.item.sound not in self.there:
            return 0
        lacking = (n for n, part in enumerate(self.item.segments) if part.segment_id not in self.there)
        return next(lacking, len(self.item.segments))


class Watching:
    """Playlists and fragments of runs whose output is made in segments."""

    def __init__(self, stage: Stage, binder: Binder, runs: RunService, active: Active) -> None:
        self._stage, self._binder, self._runs, self._active = stage, binder, runs, active

    async def picture(self, plan_id: str) -> tuple[int, int] | None:
        """Width and height, in pixels, of what runs of a plan show while they render; None if they can't be watched."""
        made = await self._binder.read_plan(plan_id)
        item = made.output_pass
        if item is None or _obstacle(item):
            return None
        extent = made.extents[item.steps[-1]]
        return extent.width, extent.height

    async def playlist(self, run_id: str, who: Principal) -> str:
        """The playlist as it is now. Raises NotFound if the run can't be watched, Unavailable if not yet."""
        film = await self._film(run_id, who)
        if not film.ready:
            raise _not_yet("nothing of it is there yet")
        longest = max(part.frames for part in film.item.segments) / film.fps
        lines = [
            "#EXTM3U",
            "#EXT-X-VERSION:7",
            f"#EXT-X-TARGETDURATION:{math.ceil(longest)}",
            "#EXT-X-MEDIA-SEQUENCE:0",
            "#EXT-X-PLAYLIST-TYPE:EVENT",
            "#EXT-X-INDEPENDENT-SEGMENTS",
            "#EXT-X-START:TIME-OFFSET=0",
            '#EXT-X-MAP:URI="live/init.mp4"',
        ]
        for number, part in enumerate(film.item.segments[: film.ready]):
            lines += [f"#EXTINF:{float(part.frames / film.fps):.6f},", f"live/{number}.m4s"]
        if film.ready == len(film.item.segments):
            lines.append("#EXT-X-ENDLIST")
        return "\n".join(lines) + "\n"

    async def beginning(self, run_id: str, who: Principal) -> bytes:
        """What comes before all fragments: the headers."""
        return (await self._fragment(run_id, 0, who))[0]

    async def fragment(self, run_id: str, number: int, who: Principal) -> bytes:
        """The fragment of a segment. Raises NotFound if there is no such segment; Unavailable if it is not there yet:
        then it is made before others."""
        return (await self._fragment(run_id, number, who))[1]

    async def _film(self, run_id: str, who: Principal) -> _Film:
        run = await self._runs.get(run_id, who)
        over = run.status in RUN_TERMINAL
        if run.plan_id is None:
            raise NotFound(f"run {run_id} has no plan") if over else _not_yet("it has no plan yet")
        made = await self._binder.read_plan(run.plan_id)
        item = made.output_pass
        if item is None or (why := _obstacle(item)):
            raise _unwatchable(run_id, why if item else "no pass makes its output")
        ids = [part.segment_id for part in item.segments] + ([item.sound] if item.sound else [])
        fps = Parts(made, item, self._stage.catalogue).fps
        film = _Film(made, item, fps, await self._stage.compute.known(ids))
        if over and film.ready < len(item.segments):
            raise _unwatchable(run_id, f"it is {run.status}, and not all of its segments are kept")
        return film

    async def _fragment(self, run_id: str, number: int, who: Principal) -> tuple[bytes, bytes]:
        film = await self._film(run_id, who)
        if number >= len(film.item.segments):
            raise NotFound(f"run {run_id} has {len(film.item.segments)} segments, numbered from 0")
        part = film.item.segments[number]
        wanted = [part.segment_id, *([film.item.sound] if film.item.sound else [])]
        if lacking := [name for name in wanted if name not in film.there]:
            live = self._active.get(run_id)
            if live is not None and part.segment_id in lacking:
                live.wanted = number
            raise _not_yet(f"segment {number} is not there yet")
        FOR.set(who.name)
        with self._stage.store.uses.work():
            path = await self._made(film, number)
            return await asyncio.to_thread(_halves, path)

    async def _made(self, film: _Film, number: int) -> Path:
        part, store = film.item.segments[number], self._stage.store
        final, fps = number == len(film.item.segments) - 1, (film.fps.numerator, film.fps.denominator)
        join = Join(
            ("0",), (None if final else part.frames,), fps, SOUND if film.item.sound else "", True, part.first, final
        )
        name = {"v": 1, "engine": cache_ids.ENGINE, "live": [part.segment_id, film.item.sound, part.first, final]}
        identity = next(step.identity for step in film.made.steps if step.step_id == film.item.steps[-1])

        async def work() -> Ready:
            sources = {"0": str(await store.path(film.there[part.segment_id]))}
            if film.item.sound:
                sources[SOUND] = str(await store.path(film.there[film.item.sound]))
            return Ready(RenderPass((), sources, Delivery(), join=join), kind="segment")

        done = await self._stage.compute.render(cid_of_value(name), identity, work, lambda *_: None)
        return await store.path(done.cid)


def _obstacle(item: Pass) -> str:
    """Why what a pass makes can't be watched before all of it is there; empty if it can."""
    delivery = item.delivery
    if not item.segments or delivery is None:
        return f"it is made in one piece: {item.whole}"
    if delivery.video_codec not in CODECS or (item.sound and delivery.audio_codec not in SOUNDS):
        return f"players take no {delivery.video_codec} with {delivery.audio_codec} so"
    return ""


def _halves(path: Path) -> tuple[bytes, bytes]:
    """A fragmented MP4 (ISO/IEC 14496-12) as its headers and its fragments: the boxes before the first ``moof``, and
    those from it on, but the index at the end."""
    data = path.read_bytes()
    place, first, end = 0, len(data), len(data)
    while place + 8 <= len(data):
        size, kind = struct.unpack(">I4s", data[place : place + 8])
        if kind == b"moof":
            first = min(first, place)
        elif kind == b"mfra":
            end = place
        if size < 8:
            break
        place += size
    return data[:first], data[first:end]


def _not_yet(why: str) -> Unavailable:
    return Unavailable(f"this can't be watched yet: {why}", advice="Ask again.", retry_after=RETRY_AFTER)


def _unwatchable(run_id: str, why: str) -> NotFound:
    return NotFound(f"run {run_id} can't be watched as a stream: {why}", advice="Watch its output when it is there.")
