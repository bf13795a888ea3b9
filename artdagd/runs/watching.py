"""A run watched while it renders: its finished segments as a stream of fragmented MP4, which our pages play, and as an
HTTP Live Stream (RFC 8216) for other players.

The playlist has the segments that are there, from the first on without a gap, and is complete when all are. Who asks
for it waits for the first one that it lacks; who says which one they wait for may seek beyond.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from fractions import Fraction
from pathlib import Path

import msgspec

from artdagd.auth.principal import Principal
from artdagd.database.runs import RunRow
from artdagd.errors import BlobCorrupt, NotFound, Unavailable
from artdagd.plans.model import Pass, Plan, Segment
from artdagd.plans.segments import SHORTEST, rate_of
from artdagd.runs import fragments
from artdagd.runs.active import Active
from artdagd.runs.afar import Afar
from artdagd.runs.aside import Threads
from artdagd.runs.binding import Binder
from artdagd.runs.fragments import Coding, Cut
from artdagd.runs.machine import RUN_TERMINAL, RunStatus
from artdagd.runs.performance import Stage
from artdagd.runs.service import RunService
from artdagd.runs.shared import Shared
from artdagd.runs.wants import PATIENCE

AT_ONCE = 4
"""Fragments that are built at once."""

_built = Threads(AT_ONCE, "fragment")

RETRY_AFTER = 1
"""Seconds after which to ask again for what is not there yet."""

FILMS = 16
"""Plans of which it is remembered what their runs show, and which of it is there."""

PLAYLIST = "live.m3u8"
"""The viewer that all are together who ask for the playlist: they wait for the same segment."""

CODECS = ("h264", "h265")
SOUNDS = ("aac", None)
"""What a player takes in such a stream."""


GONE = (BlobCorrupt, KeyError, NotFound)
"""Raised where a part was there and is not any more."""


class Scene(msgspec.Struct, frozen=True):
    """What there is to watch of runs of a plan: its size in pixels, or ``why`` there is nothing. ``long``: one would
    want to."""

    width: int
    height: int
    long: bool
    why: str


class LiveView(msgspec.Struct, frozen=True):
    """A run as who watches it sees it. ``duration`` and ``starts``, one for each segment, are in seconds of the result.

    ``there`` are the segments that can be fetched, as runs of them: [first, the one after the last]. ``type`` is the
    media type with the codecs (RFC 6381), or null while none is there; ``late`` is by how many seconds the times in
    fragments are later than those of the result.
    """

    run_id: str
    status: RunStatus
    duration: float
    starts: tuple[float, ...]
    there: list[tuple[int, int]]
    type: str | None = None
    late: float = 0.0


class _Film(msgspec.Struct):
    """What is watched. ``there`` are the parts that were found, by the names of their computations."""

    scene: Scene
    segments: tuple[Segment, ...] = ()
    sound: str = ""
    fps: Fraction = Fraction(1)
    there: dict[str, str] = {}
    coding: Coding | None = None

    @property
    def names(self) -> list[str]:
        return [part.segment_id for part in self.segments] + ([self.sound] if self.sound else [])

    def cut(self, number: int) -> Cut:
        part = self.segments[number]
        return Cut(part.first, part.frames, self.fps, number == len(self.segments) - 1)

    def lacks(self) -> int | None:
        """The first segment that is not there."""
        return next((number for number, part in enumerate(self.segments) if part.segment_id not in self.there), None)

    def runs(self) -> list[tuple[int, int]]:
        """The segments that can be seen, and heard."""
        if self.sound and self.sound not in self.there:
            return []
        found: list[tuple[int, int]] = []
        for number, part in enumerate(self.segments):
            if part.segment_id not in self.there:
                continue
            if found and found[-1][1] == number:
                found[-1] = (found[-1][0], number + 1)
            else:
                found.append((number, number + 1))
        return found


class Watching:
    """Playlists and fragments of runs whose output is made in segments."""

    def __init__(self, stage: Stage, binder: Binder, runs: RunService, active: Active, afar: Afar) -> None:
        self._stage, self._binder, self._runs, self._active, self._afar = stage, binder, runs, active, afar
        self._films: OrderedDict[str, _Film] = OrderedDict()
        self._building: Shared[bytes] = Shared()

    async def scene(self, plan_id: str) -> Scene:
        """What there is to watch of runs of a plan. Raises NotFound or InvalidRequest if there is no such plan."""
        return (await self._planned(plan_id)).scene

    async def view(self, run_id: str, who: Principal, wanted: int | None = None, viewer: str = "") -> LiveView:
        """What is there now; ``wanted`` is the segment that the viewer waits for: it is made before others. ``viewer``
        tells those apart who are the same user.

        Raises NotFound if the run can't be watched, Unavailable if it has no plan yet.
        """
        row, film = await self._film(run_id, who)
        await self._look(film)
        self._want(row, film, f"{who.name} {viewer}", wanted)
        runs = film.runs()
        coding = await self._coding(film, runs[0][0]) if runs else None
        return LiveView(
            run_id,
            row.status,
            float(sum(part.frames for part in film.segments) / film.fps),
            tuple(float(part.first / film.fps) for part in film.segments),
            runs,
            coding.type if coding else None,
            float(coding.late / film.fps) if coding else 0.0,
        )

    async def playlist(self, run_id: str, who: Principal) -> str:
        """The playlist as it is now; the first segment that it lacks is made before others. Raises NotFound if the run
        can't be watched, Unavailable if not yet.

        Players ask again after the target duration, or half of it if nothing was new (RFC 8216, 6.3.4); they have left
        when they did not for twice as long.
        """
        row, film = await self._film(run_id, who)
        await self._look(film)
        target = math.ceil(max(part.frames for part in film.segments) / film.fps)
        self._want(row, film, PLAYLIST, film.lacks(), 2 * target + 1)
        runs = film.runs()
        ready = runs[0][1] if runs and runs[0][0] == 0 else 0
        if ready < len(film.segments) and row.status in RUN_TERMINAL:
            raise _unwatchable(run_id, f"it is {row.status}, and not all of its segments are kept")
        if not ready:
            raise _not_yet("nothing of it is there yet")
        lines = [
            "#EXTM3U",
            "#EXT-X-VERSION:7",
            f"#EXT-X-TARGETDURATION:{target}",
            "#EXT-X-MEDIA-SEQUENCE:0",
            "#EXT-X-PLAYLIST-TYPE:EVENT",
            "#EXT-X-INDEPENDENT-SEGMENTS",
            "#EXT-X-START:TIME-OFFSET=0",
            '#EXT-X-MAP:URI="live/init.mp4"',
        ]
        for number, part in enumerate(film.segments[:ready]):
            lines += [f"#EXTINF:{float(part.frames / film.fps):.6f},", f"live/{number}.m4s"]
        if ready == len(film.segments):
            lines.append("#EXT-X-ENDLIST")
        return "\n".join(lines) + "\n"

    async def beginning(self, run_id: str, who: Principal) -> tuple[bytes, str]:
        """What comes before all fragments, the headers, and its media type with the codecs."""
        row, film = await self._film(run_id, who)
        await self._look(film)
        runs = film.runs()
        if not runs:
            raise _lacking(row, "nothing of it is there")
        first = runs[0][0]
        coding = await self._coding(film, first)
        try:
            return await _built(fragments.headers, *await self._files(film, first), film.fps), coding.type
        except GONE:
            raise _lacking(row, "what was there of it is not there") from None

    async def fragment(self, run_id: str, number: int, who: Principal) -> bytes:
        """The fragment of a segment. Raises NotFound if there is no such segment; Unavailable if it is not there yet:
        then it is made before others."""
        row, film = await self._film(run_id, who)
        await self._look(film, [*film.names[number : number + 1], *([film.sound] if film.sound else [])])
        self._want(row, film, who.name, number)
        try:
            files, cut = await self._files(film, number), film.cut(number)
            return await self._building.get(
                f"{row.plan_id} {number}", lambda: _built(fragments.fragment, number, *files, cut)
            )
        except GONE:
            raise _lacking(row, f"segment {number} is not there") from None

    async def _film(self, run_id: str, who: Principal) -> tuple[RunRow, _Film]:
        row = await self._runs.record(run_id, who)
        if row.plan_id is None:
            over = row.status in RUN_TERMINAL
            raise NotFound(f"run {run_id} has no plan") if over else _not_yet("it has no plan yet")
        film = await self._planned(row.plan_id)
        if film.scene.why:
            raise _unwatchable(run_id, film.scene.why)
        return row, film

    async def _planned(self, plan_id: str) -> _Film:
        film = self._films.pop(plan_id, None) or self._read(await self._binder.read_plan(plan_id))
        self._films[plan_id] = film
        if len(self._films) > FILMS:
            self._films.popitem(last=False)
        return film

    def _read(self, made: Plan) -> _Film:
        item = made.output_pass
        extent = made.extents.get(item.steps[-1]) if item else None
        if item is None or extent is None:
            return _Film(Scene(0, 0, False, item.whole if item and item.whole else "no pass makes its picture"))
        long = extent.frames * extent.fps[1] >= SHORTEST * extent.fps[0]
        scene = Scene(extent.width, extent.height, long, _obstacle(item))
        if scene.why:
            return _Film(scene)
        return _Film(scene, item.segments, item.sound, rate_of(item, made.extents), {})

    async def _look(self, film: _Film, names: list[str] | None = None) -> None:
        """Whether those parts are there that were not."""
        lacking = [name for name in names or film.names if name not in film.there]
        if lacking:
            film.there |= await self._stage.compute.known(lacking)

    def _want(self, row: RunRow, film: _Film, viewer: str, number: int | None, patience: float = PATIENCE) -> None:
        """``viewer`` waits for a segment for ``patience`` seconds, or for nothing. Raises NotFound if there is no such
        segment."""
        if number is not None and number >= len(film.segments):
            raise NotFound(f"run {row.run_id} has {len(film.segments)} segments, numbered from 0")
        live = self._active.get(row.run_id)
        if live is not None:
            wants = live.wants
        elif self._active.elsewhere(row):
            wants = self._afar.of(row.run_id)
        else:
            return
        if number is None or film.segments[number].segment_id in film.there:
            wants.leave(viewer)
        else:
            wants.ask(viewer, number, patience)

    async def _coding(self, film: _Film, number: int) -> Coding:
        if film.coding is None:
            try:
                film.coding = await _built(fragments.coding, *await self._files(film, number), film.fps)
            except GONE:
                raise _not_yet("what was there of it is gone") from None
        return film.coding

    async def _files(self, film: _Film, number: int) -> tuple[Path, Path | None]:
        """Of a segment that is there, and of the sound. Raises KeyError; NotFound or BlobCorrupt if it was there."""
        picture = await self._file(film, film.segments[number].segment_id)
        return picture, await self._file(film, film.sound) if film.sound else None

    async def _file(self, film: _Film, name: str) -> Path:
        try:
            return await self._stage.store.path(film.there[name])
        except (BlobCorrupt, NotFound):
            film.there.pop(name, None)
            raise


def _obstacle(item: Pass) -> str:
    """Why what a pass makes can't be watched before all of it is there; empty if it can."""
    delivery = item.delivery
    if not item.segments or delivery is None:
        return f"it is made in one piece: {item.whole}"
    if delivery.video_codec not in CODECS or (item.sound and delivery.audio_codec not in SOUNDS):
        made = f"{delivery.video_codec} with {delivery.audio_codec}" if item.sound else delivery.video_codec
        return f"what is watched meanwhile is h264 or h265, with aac, and this is {made}"
    return ""


def _lacking(row: RunRow, why: str) -> NotFound | Unavailable:
    if row.status in RUN_TERMINAL:
        return _unwatchable(row.run_id, f"it is {row.status}, and {why} any more")
    return _not_yet(f"{why} yet")


def _not_yet(why: str) -> Unavailable:
    return Unavailable(f"this can't be watched yet: {why}", advice="Ask again.", retry_after=RETRY_AFTER)


def _unwatchable(run_id: str, why: str) -> NotFound:
    return NotFound(f"run {run_id} can't be watched as a stream: {why}", advice="Watch its output when it is there.")
