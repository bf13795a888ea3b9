"""One plan rendered anew, and what comes out compared with what was recorded."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from functools import partial

import msgspec

from artdagd.errors import ArtdagError, BlobCorrupt, NotFound, StepFailed
from artdagd.plans.identities import features_by_analyzer
from artdagd.plans.model import Pass, Plan, PlannedStep
from artdagd.plans.parts import SOUND, Parts, outside, whole
from artdagd.runs.compute import Anew, Begin, Compute, Ready
from artdagd.runs.parts import SPARE, InParts, Source, refused
from artdagd.runs.performance import Stage
from artdagd.runs.provenance import RecordedParts
from artdagd.runs.sampling import Sample
from artdagd.runs.shared import Shared
from artdagd.runs.verdicts import Advance, Compared, Covered, PartCompared
from artdagd.store.blobs import BlobStore
from artdagd.workers.broker import OnProgress

log = logging.getLogger(__name__)

WAITING = 100
"""Words that nobody has taken up yet, beyond which it is no longer told how far it is."""


Tell = Callable[[Compared | PartCompared | Advance], None]


class Comparison:
    """Every pass is rendered and every input analyzed; of passes that are cut, the segments of the ``sample`` and the
    sound, and the whole where those are all. ``recorded`` is step id -> CID, ``parts`` what is recorded of a step's.
    """

    def __init__(
        self,
        stage: Stage,
        made: Plan,
        recorded: Mapping[str, str],
        parts: Mapping[str, RecordedParts],
        sample: Sample | None,
        tell: Tell,
        waiting: Callable[[], int],
    ) -> None:
        self.made = made
        self.libraries: dict[str, str] = {}
        self.seconds = 0.0
        self.found: list[Compared | PartCompared] = []
        self._stage = stage
        self._recorded = recorded
        self._parts = parts
        self._tell, self._waiting = tell, waiting
        self._steps = {step.step_id: step for step in made.steps}
        self._passes = {item.steps[-1]: item for item in made.passes}
        self._results: dict[str, asyncio.Task[str]] = {}
        self._renders: dict[str, _Anew] = {}
        self._fractions: dict[str, float] = {}
        self._spent: dict[str, float] = {}
        self._whole = {item.steps[-1]: item.whole for item in made.passes if item.whole}
        self._numbers = {}
        for name, item in self._passes.items():
            if name in parts and parts[name].whole:
                self._whole[name] = parts[name].whole
            elif item.segments:
                total = len(item.segments)
                self._numbers[name] = sample.of(name, total) if sample else list(range(total))

    @property
    def covered(self) -> list[Covered]:
        """How much of each result was rendered."""
        return [
            Covered(name, 0, [], self._whole.get(name, ""))
            if name in self._whole
            else Covered(name, len(self._passes[name].segments), self._numbers[name])
            for name in self._passes
        ]

    async def run(self) -> None:
        """Compare all that was recorded; each is told of, and in ``found``, when it has come out."""
        try:
            async with asyncio.TaskGroup() as group:
                for step_id in self._recorded:
                    group.create_task(self._compare(self._steps[step_id]))
        finally:
            for task in self._results.values():
                task.cancel()
            await asyncio.gather(*self._results.values(), return_exceptions=True)

    @property
    def _total(self) -> int:
        named = [name for name in self._numbers if name in self._parts]
        parts = sum(len(self._numbers[name]) + bool(self._passes[name].sound) for name in named)
        return parts + sum(self._is_whole(name) for name in self._recorded)

    def _is_whole(self, name: str) -> bool:
        """Whether all of the result is rendered."""
        return name not in self._numbers or len(self._numbers[name]) == len(self._passes[name].segments)

    def _note(self, one: Compared | PartCompared) -> None:
        self.found.append(one)
        self._tell(one)
        self._advance()

    def _advance(self) -> None:
        if self._waiting() < WAITING:
            fraction = sum(self._fractions.values()) / max(len(self._passes), 1)
            self._tell(Advance(len(self.found), self._total, fraction))

    def _progress(self, step_id: str, fraction: float, _workers: object = None) -> None:
        # Of its parts first, and then, anew, of putting them together.
        self._fractions[step_id] = max(fraction, self._fractions.get(step_id, 0.0))
        self._advance()

    async def _compare(self, step: PlannedStep) -> None:
        name = step.step_id
        if name in self._numbers and name in self._parts:
            await self._compare_parts(name, self._parts[name])
        if self._is_whole(name):
            self._note(await self._compared(step))

    async def _compare_parts(self, name: str, recorded: RecordedParts) -> None:
        numbers = self._numbers[name]
        work, renders = self._in_parts(name, numbers)
        free = asyncio.Semaphore(self._stage.compute.workers + SPARE)

        async def compare(part: str, cache_id: str, one: PartCompared) -> None:
            async with free:
                if name in self._whole:
                    return
                try:
                    cid = await work.part(part)
                except ArtdagError as error:
                    self._note(msgspec.structs.replace(one, error=error.told))
                    if self._is_whole(name) and refused(error):
                        self._give_up(name, error)
                    return
            seconds = renders.made[cache_id].seconds
            self._note(msgspec.structs.replace(one, rendered=cid, equal=cid == one.recorded, seconds=seconds))

        item = self._passes[name]
        async with asyncio.TaskGroup() as group:
            if recorded.sound:
                blank = PartCompared(name, "sound", None, None, None, recorded.sound.cid, None, False, 0.0)
                group.create_task(compare(SOUND, item.sound, blank))
            for place, number in enumerate(numbers):
                said, cut = recorded.segments[number], item.segments[number]
                blank = PartCompared(name, "segment", number, cut.first, cut.frames, said.cid, None, False, 0.0)
                group.create_task(compare(str(place), cut.segment_id, blank))

    def _in_parts(self, name: str, numbers: list[int]) -> tuple[InParts, _Anew]:
        """A pass of which these segments are all."""
        item = self._passes[name]
        if name not in self._renders:
            self._renders[name] = _Anew(self._stage.compute, self._stage.store, partial(self._did, name))
        renders = self._renders[name]
        chosen = msgspec.structs.replace(item, segments=tuple(item.segments[number] for number in numbers))
        pieces = Parts(self.made, chosen, self._stage.catalogue)
        told = partial(self._progress, name)
        return InParts(self.made, chosen, pieces, renders, self._stage.store, self._file, told), renders

    async def _compared(self, step: PlannedStep) -> Compared:
        recorded, name = self._recorded[step.step_id], step.step_id
        try:
            cid = await (self._analyzed(step) if step.type == "ANALYZE" else self._result(name))
        except ArtdagError as error:
            return Compared(name, step.type, recorded, None, False, 0.0, error.told)
        return Compared(name, step.type, recorded, cid, cid == recorded, self._spent.get(name, 0.0))

    async def _analyzed(self, step: PlannedStep) -> str:
        features = features_by_analyzer(step, self._stage.catalogue)
        cid = self.made.inputs[step.inputs[0]]
        done = await self._stage.compute.analyzed_anew(cid, features, self._stage.catalogue)
        return self._did(step.step_id, done)

    async def _result(self, step_id: str) -> str:
        if step_id not in self._results:
            self._results[step_id] = asyncio.create_task(self._rendered(step_id))
        return await asyncio.shield(self._results[step_id])

    async def _rendered(self, name: str) -> str:
        item = self._passes[name]
        if name not in self._numbers or name in self._whole:
            told = partial(self._progress, name)
            return self._did(name, await self._stage.compute.anew(lambda: self._ready(item), told))
        work, _ = self._in_parts(name, list(range(len(item.segments))))

        async def in_one_piece(error: StepFailed) -> Ready:
            self._give_up(name, error)
            return await self._ready(item)

        done = await self._stage.compute.anew(lambda: work.made(None, in_one_piece), work.progress)
        return self._did(name, done)

    def _give_up(self, name: str, error: ArtdagError) -> None:
        """A result is made in one piece after all."""
        log.warning("%s is verified in one piece, as a part of it can't be made: %s", name, error.detail)
        self._whole[name] = f"a part of it can't be made here: {error.detail}"

    def _did(self, step_id: str, done: Anew) -> str:
        self.libraries |= done.libraries
        self.seconds += done.seconds
        self._spent[step_id] = self._spent.get(step_id, 0.0) + done.seconds
        return done.cid

    async def _file(self, name: str) -> Source:
        cid = self.made.inputs[name] if name in self.made.inputs else await self._result(name)
        return Source(await self._stage.store.path(cid), cid)

    async def _ready(self, item: Pass) -> Ready:
        steps = [self._steps[step_id] for step_id in item.steps]
        sources = {name: str((await self._file(name)).path) for name in outside(steps)}
        return Ready(whole(steps, sources, item.delivery))


class _Anew:
    """Makes the parts of a pass, whether there are any or not: of what is there, it knows what it ``made`` itself, by
    cache id. Parts that are the same computation are made once. ``did`` is told of each."""

    def __init__(self, compute: Compute, store: BlobStore, did: Callable[[Anew], object]) -> None:
        self.made: dict[str, Anew] = {}
        self._under_way: Shared[Anew] = Shared()
        self._compute, self._store, self._did = compute, store, did

    @property
    def workers(self) -> int:
        return self._compute.workers

    async def kept(self, cache_ids: list[str]) -> dict[str, str]:
        found = {}
        for cache_id in self.made.keys() & set(cache_ids):
            try:
                await self._store.path(self.made[cache_id].cid)
            except (BlobCorrupt, NotFound):
                del self.made[cache_id]
            else:
                found[cache_id] = self.made[cache_id].cid
        return found

    async def render(
        self, cache_id: str, identity: str, make: Callable[[], Awaitable[Ready]], on_progress: OnProgress, begin: Begin
    ) -> Anew:
        async def anew() -> Anew:
            done = self.made[cache_id] = await self._compute.anew(make, on_progress, begin)
            self._did(done)
            return done

        return self.made.get(cache_id) or await self._under_way.get(cache_id, anew)
