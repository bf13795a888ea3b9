"""A pass that is made in parts: its segments, in any order on any workers, and its sound; then all put together."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import msgspec

from artdagd.errors import ArtdagError, BlobCorrupt, NotFound, StepFailed
from artdagd.plans.estimates import Measure
from artdagd.plans.model import Pass, Plan
from artdagd.plans.parts import SOUND, Parts
from artdagd.runs.again import again
from artdagd.runs.compute import URGENT, Ready, at_once
from artdagd.runs.wants import Wants
from artdagd.store.blobs import BlobStore
from artdagd.workers.broker import OnProgress

SPARE = 1
"""Parts that wait beside those that have a worker while somebody watches: what is urgent then waits for few. As many
wait as there are workers while nobody does: each can be given the one that goes on where its last one ended."""

SHORT = 4
"""Segments a worker up to which it has no row of its own: the rows would end too far apart."""

LOOK = 1.0
"""Seconds between two looks whether somebody waits for another part than those that are being made or are in
line: they may be behind much of the user's."""

TURN = 0.2
"""Seconds that a part waits for its turn to get into line."""

HEARD = 0.02
"""The sound's share of the work of a pass that is made in parts, and that of putting them together."""


class Source(msgspec.Struct, frozen=True):
    """A file that a pass reads: a recipe input, or the result whose cache id is ``made``."""

    path: Path
    cid: str
    made: str | None = None


Tell = Callable[[float, Collection[str]], None]
"""Told how far a pass is, 0 to 1, and the names of the workers that have parts of it."""

Sources = Callable[[str], Awaitable[Source]]
"""Gives a recipe input, or what another pass made, by name."""


class Renders(Protocol):
    """Who makes the parts: Compute, which looks at what was made before, or somebody who does not."""

    @property
    def workers(self) -> int: ...

    async def kept(self, cache_ids: list[str], /) -> dict[str, str]: ...

    async def render(
        self,
        cache_id: str,
        identity: str,
        make: Callable[[], Awaitable[Ready]],
        on_progress: OnProgress,
        begin: Callable[[], Awaitable[None]],
        /,
    ) -> Any:
        """Something with the ``cid`` of the result. ``begin`` comes right before its job."""


class InParts:
    """One pass of a run. ``wants`` are the segments that those wait for who watch; ``begin`` is called when a part has
    what it reads."""

    def __init__(
        self,
        plan: Plan,
        item: Pass,
        parts: Parts,
        renders: Renders,
        store: BlobStore,
        source: Sources,
        tell: Tell,
        wants: Wants | None = None,
        begin: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        self._wants, self._begin = wants or Wants(), begin
        self._parts = parts
        self._measure: Measure | None = None
        self._renders, self._store, self._source, self._tell = renders, store, source, tell
        self._identity = next(step.identity for step in plan.steps if step.step_id == item.steps[-1])
        self._ids = {str(number): segment.segment_id for number, segment in enumerate(item.segments)}
        total = sum(segment.frames for segment in item.segments)
        self._segments = dict(zip(self._ids, item.segments, strict=True))
        self._shares = {name: (1 - 2 * HEARD) * part.frames / total for name, part in self._segments.items()}
        if item.sound:
            self._ids[SOUND], self._shares[SOUND] = item.sound, HEARD
        self._before = self._far = 0.0
        self._fractions: dict[str, float] = {}
        self._from(self._ids)
        self._workers: dict[str, str] = {}

    async def made(self, measure: Measure | None, in_one_piece: Callable[[StepFailed], Awaitable[Ready]]) -> Ready:
        """The work that is left when all parts are there: putting them together; where one can't be made (``refused``),
        all of the pass, which ``in_one_piece`` gives. ``measure`` is how much work they are. Raises StepFailed."""
        self._measure = measure
        try:
            cids, paths = await again(self._all, _Gone)
        except StepFailed as error:
            if not refused(error):
                raise
            self._from(())  # what progress() hears of now is the pass in one piece
            return await in_one_piece(error)
        join = self._parts.join(paths)
        return Ready(join, self._parts.content_id(join, cids), tuple(self._ids.values()))

    def progress(self, fraction: float, worker: str) -> None:
        """How far they are put together."""
        self._say(fraction, (worker,))

    async def _all(self) -> tuple[dict[str, str], dict[str, str]]:
        """The CIDs and the paths of all parts. Raises _Gone if one that was there is not there any more."""
        known = await self._renders.kept(list(self._ids.values()))
        found = {name: known[part] for name, part in self._ids.items() if part in known}
        lacking = [name for name in self._ids if name not in found]
        self._from(lacking)
        await self._make(self._in_turn(lacking), found)
        try:
            return found, {name: str(await self._store.path(cid)) for name, cid in found.items()}
        except (BlobCorrupt, NotFound) as error:
            raise _Gone from error

    def _in_turn(self, names: list[str]) -> list[str]:
        """The sound first: whoever watches meanwhile hears it. The segments in their order; many of them so that each
        worker has a row of them, and decodes but once what lies before its own."""
        segments = sorted((name for name in names if name != SOUND), key=int)
        row = -(-len(segments) // max(1, self._renders.workers))
        if row <= SHORT:
            row = len(segments)
        places = sorted(range(len(segments)), key=lambda place: (place % max(1, row), place))
        return [*(name for name in names if name == SOUND), *(segments[place] for place in places)]

    async def _make(self, waiting: list[str], found: dict[str, str]) -> None:
        """Make the parts that are ``waiting``, and note their CIDs in ``found``."""
        running: dict[asyncio.Task[str], str] = {}
        spare, before = SPARE, asyncio.Event()
        before.set()
        try:
            while waiting or running:
                while waiting and (
                    len(running) < self._renders.workers + spare or self._owed(waiting, running.values())
                ):
                    wanted = self._wants.turn()
                    spare = max(SPARE, self._renders.workers) if wanted is None else SPARE
                    name = waiting.pop(0 if wanted is None else _place(waiting, wanted))
                    task, before = self._begun(name, before)
                    running[task] = name
                done, _ = await asyncio.wait(running, timeout=LOOK, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    name = running.pop(task)
                    found[name] = task.result()
                    self._note(name, 1.0)
        finally:
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)

    def _owed(self, waiting: Iterable[str], running: Collection[str]) -> bool:
        """Whether somebody waits for one that is ``waiting``, and nothing that is ``running`` is any use to them."""
        most = 2 * self._renders.workers + SPARE
        return len(running) <= most and any(map(self._urgent, waiting)) and not any(map(self._urgent, running))

    def _urgent(self, name: str) -> bool:
        """Whether somebody waits for a part; all who watch do for the sound."""
        return self._wants.waited(len(self._segments) if name == SOUND else int(name))

    def _begun(self, name: str, before: asyncio.Event) -> tuple[asyncio.Task[str], asyncio.Event]:
        """The making of a part, which gets into line after the one ``before``, and what says that it has."""
        inline = asyncio.Event()

        async def begin() -> None:
            with suppress(TimeoutError):  # it may be another node that makes the one before
                await asyncio.wait_for(before.wait(), TURN)
            inline.set()

        async def make() -> str:
            URGENT.set(partial(self._urgent, name))
            return await self.part(name, begin)

        task = asyncio.create_task(make())
        task.add_done_callback(lambda _: inline.set())
        return task, inline

    async def part(self, name: str, begin: Callable[[], Awaitable[None]] = at_once) -> str:
        """Make one part, the segment of that number or SOUND, and give its CID. ``begin`` comes right before its job.
        Raises StepFailed."""

        async def work() -> Ready:
            piece = self._parts.sound() if name == SOUND else self._parts.segment(self._segments[name])
            sources = {source: await self._source(source) for source in piece.sources}
            piece = msgspec.structs.replace(piece, sources={name: str(one.path) for name, one in sources.items()})
            if self._begin is not None:
                await self._begin()
            content_id = self._parts.content_id(piece, {name: one.cid for name, one in sources.items()})
            made = tuple(one.made for one in sources.values() if one.made)
            measure = self._measure
            if measure is not None:
                measure = msgspec.structs.replace(measure, work=measure.work * self._shares[name])
            return Ready(piece, content_id, made, measure, "segment")

        def on_progress(fraction: float, worker: str) -> None:
            self._workers[name] = worker
            self._note(name, fraction)

        try:
            done = await self._renders.render(self._ids[name], self._identity, work, on_progress, begin)
        finally:
            self._workers.pop(name, None)
        return str(done.cid)

    def _note(self, name: str, fraction: float) -> None:
        self._fractions[name] = fraction
        self._say(0.0, self._workers.values())

    def _from(self, names: Iterable[str]) -> None:
        """What is left of the pass is to make these parts and to put all together. Parts that are there don't count:
        they would look like work that was done at once, and the rest as if it were done as fast."""
        self._before, self._fractions = self._far, dict.fromkeys(names, 0.0)

    def _say(self, joined: float, workers: Collection[str]) -> None:
        """It never goes back: where parts have gone, they take their share of what was left."""
        shares = [(self._shares[name], done) for name, done in self._fractions.items()]
        done = HEARD * joined + sum(share * done for share, done in shares)
        whole = HEARD + sum(share for share, _ in shares)
        self._far = max(self._far, self._before + (1 - self._before) * done / whole)
        self._tell(self._far, workers)


def refused(error: ArtdagError) -> bool:
    """Whether a part can't be made, though the pass may be."""
    return isinstance(error, StepFailed) and error.code == "refused"


def _place(waiting: list[str], wanted: int) -> int:
    """Where the part stands that comes first: the sound, then what somebody waits for, and what comes after it."""
    return min(range(len(waiting)), key=lambda place: _distance(waiting[place], wanted))


def _distance(name: str, wanted: int) -> tuple[bool, int]:
    number = -1 if name == SOUND else int(name)
    return 0 <= number < wanted, number


class _Gone(Exception):
    """The blob of a part was there and is not any more."""
