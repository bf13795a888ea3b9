"""Whether a run's results come out again: rendered anew from its provenance record alone, and compared by CID."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from functools import partial
from typing import Any

import msgspec

from artdagd import __version__
from artdagd.auth.principal import Principal
from artdagd.cid import DAG_JSON
from artdagd.errors import ArtdagError, InvalidRequest, NotFound
from artdagd.plans.identities import features_by_analyzer
from artdagd.plans.model import Pass, Plan, PlannedStep
from artdagd.plans.parts import Parts, outside, whole
from artdagd.runs.binding import Binder
from artdagd.runs.compute import FOR, Anew, Compute, OnProgress, Ready
from artdagd.runs.explaining import called
from artdagd.runs.parts import InParts, Source
from artdagd.runs.performance import Stage
from artdagd.runs.places import Places
from artdagd.runs.provenance import took_part
from artdagd.store import parse_cid

MOST, MOST_EACH = 8, 2
"""Runs that are rendered again at once, and of one user."""

MOST_RECORD_BYTES = 32 << 20
"""A provenance record's size."""


WAITING = 100
"""Words that nobody has taken up yet, beyond which it is no longer told how far it is."""


class ReproduceRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A completed run, or the CID of a provenance record."""

    run_id: str | None = None
    provenance_cid: str | None = None


class Record(msgspec.Struct, frozen=True):
    """What is used of a provenance record; see docs/formats.md."""

    task_id: str
    output: dict[str, str]
    plan: str
    steps: list[dict[str, Any]]
    effects: list[dict[str, Any]]
    infrastructure: dict[str, dict[str, Any]]
    libraries: dict[str, str] = {}


class Compared(msgspec.Struct, frozen=True):
    """A stored result and what came out now; ``rendered`` is null where nothing did, and ``error`` says why."""

    step_id: str
    type: str
    recorded: str
    rendered: str | None
    equal: bool
    seconds: float
    error: str | None = None


class Advance(msgspec.Struct, frozen=True):
    """``done`` of ``total`` results are compared; ``fraction`` also counts work in flight, 0..1."""

    done: int
    total: int
    fraction: float


class Version(msgspec.Struct, frozen=True):
    """A library or an implementation that is not what was recorded; ``recorded`` is null where it had no part then."""

    name: str
    recorded: str | None
    here: str


class Verdict(msgspec.Struct, frozen=True):
    """``equal``: all that was recorded came out again, to the byte. ``versions`` are those that differ."""

    equal: bool
    run_id: str
    provenance_cid: str
    compared: int
    different: int
    failed: int
    seconds: float
    versions: list[Version]


Told = Compared | Advance | Verdict


class Reproducer:
    """Renders anew without looking at action records, and without writing any. What comes out otherwise than recorded
    is stored under its own name, and named by nobody: the next collection takes it."""

    def __init__(self, stage: Stage, binder: Binder) -> None:
        self._stage = stage
        self._binder = binder
        self._places = Places("runs being rendered again", MOST, MOST_EACH)
        self._tasks: set[asyncio.Task[None]] = set()

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def begin(self, request: ReproduceRequest, who: Principal) -> AsyncGenerator[Told]:
        """Begin; what it gives ends with a Verdict, and ends the work when it is closed.

        Raises NotFound (no such run or record among ``who``'s, or something that it needs is gone), InvalidRequest
        (what it names can't be planned with what is installed here), TooBusy.
        """
        cid, record, given = await self._found(request, who)
        recorded = {one["step_id"]: one["output_cid"] for one in record.steps if one.get("output_cid")}
        recorded[given.output] = record.output["cid"]
        made = await self._binder.work_out(given, recorded)
        if unknown := recorded.keys() - {step.step_id for step in made.steps}:
            raise InvalidRequest(f"{cid} has a result of {min(unknown)!r}, which is no step of its plan")
        self._places.claim(who.name)
        told: asyncio.Queue[Told | None] = asyncio.Queue()
        again = _Again(self._stage, made, recorded, told)
        task = asyncio.create_task(self._through(again, cid, record, who.name, told), name=f"rendering {cid} again")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        task.add_done_callback(lambda _: self._places.free(who.name))
        task.add_done_callback(lambda _: told.put_nowait(None))
        return _until_none(told, task)

    async def _found(self, request: ReproduceRequest, who: Principal) -> tuple[str, Record, Plan]:
        if (request.run_id is None) == (request.provenance_cid is None):
            raise InvalidRequest("give either run_id or provenance_cid")
        runs = self._stage.database.runs
        if request.run_id is not None:
            row = await runs.get(request.run_id)
            if row is None or who.sees not in (None, row.owner):
                raise NotFound(f"no run {request.run_id} here", advice="artdagctl runs list shows what there is.")
            if row.provenance_cid is None:
                raise NotFound(f"run {row.run_id} has no provenance: it is {row.status}")
            cid = row.provenance_cid
            record = await self._record(cid)
            return cid, record, await self._binder.read_plan(record.plan)
        cid = str(parse_cid(request.provenance_cid or ""))
        try:
            record = await self._record(cid)
            made = await self._binder.read_plan(record.plan)
            if not await runs.has_provenance(cid, who.sees):
                # Another node's: whoever has the media that it names may render them.
                await self._binder.check_inputs(made, who)
        except NotFound:
            raise NotFound(f"no provenance record {cid} of your media here") from None
        return cid, record, made

    async def _record(self, cid: str) -> Record:
        problem = InvalidRequest(f"{cid} is no provenance record", advice="A run's is in its `provenance_cid`.")
        if parse_cid(cid).codec != DAG_JSON:
            raise problem
        path = await self._stage.store.path(cid)
        if path.stat().st_size > MOST_RECORD_BYTES:
            raise problem
        try:
            return msgspec.convert(await self._stage.store.read_value(cid), Record)
        except (msgspec.ValidationError, ValueError):
            raise problem from None

    async def _through(
        self, again: _Again, cid: str, record: Record, user: str, told: asyncio.Queue[Told | None]
    ) -> None:
        FOR.set(user)
        with self._stage.store.uses.work():
            found = await again.run()
        versions = _versions(record.libraries | _software(record), again.libraries | {"artdagd": __version__})
        told.put_nowait(
            Verdict(
                equal=bool(found) and all(one.equal for one in found),
                run_id=record.task_id,
                provenance_cid=cid,
                compared=len(found),
                different=sum(not one.equal and one.error is None for one in found),
                failed=sum(one.error is not None for one in found),
                seconds=sum(one.seconds for one in found),
                versions=_versions(_recorded_code(record), self._code(again.made)) + versions,
            )
        )

    def _code(self, made: Plan) -> dict[str, str]:
        taking_part = took_part(made, self._stage.catalogue)
        return {name: _coded(identity.record, identity.cid) for name, identity in taking_part}


class _Again:
    """One plan, of which every pass is rendered and every input analyzed. ``recorded`` is step id -> CID."""

    def __init__(self, stage: Stage, made: Plan, recorded: Mapping[str, str], told: asyncio.Queue[Told | None]) -> None:
        self.made = made
        self.libraries: dict[str, str] = {}
        self._stage = stage
        self._recorded = recorded
        self._told = told
        self._steps = {step.step_id: step for step in made.steps}
        self._passes = {item.steps[-1]: item for item in made.passes}
        self._results: dict[str, asyncio.Task[str]] = {}
        self._fractions: dict[str, float] = {}
        self._seconds: dict[str, float] = {}
        self._found: list[Compared] = []

    async def run(self) -> list[Compared]:
        """All that was recorded, compared; each is told of when it has come out."""
        try:
            async with asyncio.TaskGroup() as group:
                for step_id in self._recorded:
                    group.create_task(self._compare(self._steps[step_id]))
        finally:
            for task in self._results.values():
                task.cancel()
            await asyncio.gather(*self._results.values(), return_exceptions=True)
        return self._found

    async def _compare(self, step: PlannedStep) -> None:
        self._found.append(await self._compared(step))
        self._told.put_nowait(self._found[-1])
        self._advance()

    def _advance(self) -> None:
        if self._told.qsize() < WAITING:
            fraction = sum(self._fractions.values()) / max(len(self._passes), 1)
            self._told.put_nowait(Advance(len(self._found), len(self._recorded), fraction))

    def _progress(self, step_id: str, fraction: float) -> None:
        self._fractions[step_id] = fraction
        self._advance()

    async def _compared(self, step: PlannedStep) -> Compared:
        recorded, name = self._recorded[step.step_id], step.step_id
        try:
            cid = await (self._analyzed(step) if step.type == "ANALYZE" else self._result(name))
        except ArtdagError as error:
            return Compared(name, step.type, recorded, None, False, 0.0, error.told)
        return Compared(name, step.type, recorded, cid, cid == recorded, self._seconds.get(name, 0.0))

    async def _analyzed(self, step: PlannedStep) -> str:
        features = features_by_analyzer(step, self._stage.catalogue)
        cid = self.made.inputs[step.inputs[0]]
        done = await self._stage.compute.analyzed_anew(cid, features, self._stage.catalogue)
        self.libraries |= done.libraries
        self._seconds[step.step_id] = done.seconds
        return done.cid

    async def _result(self, step_id: str) -> str:
        if step_id not in self._results:
            self._results[step_id] = asyncio.create_task(self._rendered(self._passes[step_id]))
        return await asyncio.shield(self._results[step_id])

    async def _rendered(self, item: Pass) -> str:
        last = item.steps[-1]
        if item.segments:
            renders = _Anew(self._stage.compute, partial(self._did, last))
            pieces = Parts(self.made, item, self._stage.catalogue)
            told = partial(self._progress, last)
            work = InParts(self.made, item, pieces, renders, self._stage.store, self._file, told)

            async def joined() -> Ready:
                return await work.made(None)

            return self._did(last, await self._stage.compute.anew(joined, work.progress))
        done = await self._stage.compute.anew(
            lambda: self._ready(item), lambda fraction: self._progress(last, fraction)
        )
        return self._did(last, done)

    def _did(self, step_id: str, done: Anew) -> str:
        self.libraries |= done.libraries
        self._seconds[step_id] = self._seconds.get(step_id, 0.0) + done.seconds
        return done.cid

    async def _file(self, name: str) -> Source:
        cid = self.made.inputs[name] if name in self.made.inputs else await self._result(name)
        return Source(await self._stage.store.path(cid), cid)

    async def _ready(self, item: Pass) -> Ready:
        steps = [self._steps[step_id] for step_id in item.steps]
        sources = {name: str((await self._file(name)).path) for name in outside(steps)}
        return Ready(whole(steps, sources, item.delivery))


class _Anew:
    """Makes the parts of a pass, whether there are any or not; ``did`` is told of each."""

    def __init__(self, compute: Compute, did: Callable[[Anew], object]) -> None:
        self._compute, self._did = compute, did

    @property
    def workers(self) -> int:
        return self._compute.workers

    async def kept(self, cache_ids: list[str]) -> dict[str, str]:
        return {}

    async def render(
        self, cache_id: str, identity: str, make: Callable[[], Awaitable[Ready]], on_progress: OnProgress
    ) -> Anew:
        done = await self._compute.anew(make, on_progress)
        self._did(done)
        return done


async def _until_none(told: asyncio.Queue[Told | None], task: asyncio.Task[None]) -> AsyncGenerator[Told]:
    try:
        while (one := await told.get()) is not None:
            yield one
        await task  # an error of the daemon's own
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def _software(record: Record) -> dict[str, str]:
    version = record.infrastructure.get("software", {}).get("version")
    return {} if version is None else {"artdagd": str(version)}


def _coded(record: Mapping[str, Any], cid: str) -> str:
    return f"{called(record)} (…{cid[-8:]})"


def _recorded_code(record: Record) -> dict[str, str]:
    return {str(one["name"]): _coded(one, str(one["cid"])) for one in record.effects if {"name", "cid"} <= one.keys()}


def _versions(recorded: Mapping[str, str], here: Mapping[str, str]) -> list[Version]:
    """Those that differ. A library that nothing has used now is none: its version is not known."""
    return [Version(name, recorded.get(name), here[name]) for name in sorted(here) if recorded.get(name) != here[name]]
