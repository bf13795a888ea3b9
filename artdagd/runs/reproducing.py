"""Whether a run's results come out again: rendered anew from its provenance record alone, and compared by CID."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from typing import Annotated, Any

import msgspec

from artdagd import __version__
from artdagd.auth.principal import Principal
from artdagd.cid import DAG_JSON
from artdagd.errors import InvalidRequest, NotFound
from artdagd.plans.model import Plan
from artdagd.runs.binding import Binder
from artdagd.runs.comparing import Comparison
from artdagd.runs.compute import FOR
from artdagd.runs.explaining import called
from artdagd.runs.performance import Stage
from artdagd.runs.places import Places
from artdagd.runs.provenance import Record, took_part
from artdagd.runs.sampling import MOST_SEED, Sample, check_sample, recorded_parts, sample
from artdagd.runs.verdicts import Told, Verdict, Version
from artdagd.store import parse_cid

MOST_SEGMENTS = 20_000
"""Segments that can be asked for: as many as a plan has."""

MOST, MOST_EACH = 8, 2
"""Runs that are rendered again at once, and of one user."""

MOST_RECORD_BYTES = 32 << 20
"""A provenance record's size."""


class ReproduceRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A completed run, or the CID of a provenance record. With ``segments``, so many of each result that is made in
    segments are rendered, chosen by ``seed`` or else by chance."""

    run_id: str | None = None
    provenance_cid: str | None = None
    segments: Annotated[int, msgspec.Meta(ge=1, le=MOST_SEGMENTS)] | None = None
    seed: Annotated[int, msgspec.Meta(ge=0, le=MOST_SEED)] | None = None


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
        (what it names can't be planned with what is installed here, or has no segments to compare with), TooBusy.
        """
        chosen = sample(request.segments, request.seed)
        cid, record, given = await self._found(request, who)
        recorded = {one["step_id"]: one["output_cid"] for one in record.steps if one.get("output_cid")}
        recorded[given.output] = record.output["cid"]
        made = await self._binder.work_out(given, recorded)
        if unknown := recorded.keys() - {step.step_id for step in made.steps}:
            raise InvalidRequest(f"{cid} has a result of {min(unknown)!r}, which is no step of its plan")
        parts = recorded_parts(record, made)
        if chosen:
            check_sample(record, made, parts)
        self._places.claim(who.name)
        told: asyncio.Queue[Told | None] = asyncio.Queue()
        again = Comparison(self._stage, made, recorded, parts, chosen, told.put_nowait, told.qsize)
        work = self._through(again, cid, record, who.name, told, chosen)
        task = asyncio.create_task(work, name=f"rendering {cid} again")
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
        self,
        again: Comparison,
        cid: str,
        record: Record,
        user: str,
        told: asyncio.Queue[Told | None],
        chosen: Sample | None,
    ) -> None:
        FOR.set(user)
        with self._stage.store.uses.work():
            await again.run()
        found = again.found
        versions = _versions(record.libraries | _software(record), again.libraries | {"artdagd": __version__})
        told.put_nowait(
            Verdict(
                equal=bool(found) and all(one.equal for one in found),
                run_id=record.task_id,
                provenance_cid=cid,
                compared=len(found),
                different=sum(not one.equal and one.error is None for one in found),
                failed=sum(one.error is not None for one in found),
                seconds=again.seconds,
                versions=_versions(_recorded_code(record), self._code(again.made)) + versions,
                results=again.covered,
                seed=chosen.seed if chosen else None,
            )
        )

    def _code(self, made: Plan) -> dict[str, str]:
        taking_part = took_part(made, self._stage.catalogue)
        return {name: _coded(identity.record, identity.cid) for name, identity in taking_part}


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
