"""From cache id to result: the action record if there is one, else a worker. The commit order of law 5 is kept here."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from contextvars import ContextVar
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from artdagd.cid import cid_of_value
from artdagd.database import Database
from artdagd.database.actions import ActionRow, Kind
from artdagd.database.clock import now
from artdagd.errors import BlobCorrupt, NotFound, StepFailed, Unavailable
from artdagd.plans.estimates import Measure
from artdagd.plans.model import AnalysisRequest
from artdagd.runs.again import again
from artdagd.runs.shared import Shared
from artdagd.runs.turns import Turns
from artdagd.steps.catalogue import Catalogue
from artdagd.store.blobs import BlobStore
from artdagd.work import MediaFacts, RenderPass
from artdagd.workers.answers import JobResult
from artdagd.workers.broker import Broker, OnProgress
from artdagd.workers.dispatch import Urgent, never
from artdagd.workers.exchange import paths
from artdagd.workers.messages import AnalyzeJob, Job, ProbeJob, RenderJob

log = logging.getLogger(__name__)

ATTEMPTS = 3
"""How often a job is made whose files change while it is done."""

Begin = Callable[[], Awaitable[None]]

FOR: ContextVar[str] = ContextVar("FOR", default="")
"""The user for whom a task of the event loop computes: users' jobs take turns. A task begins with its maker's."""

RUN: ContextVar[str] = ContextVar("RUN", default="")
"""The run for which it computes, if for one: shown with the job."""

URGENT: ContextVar[Urgent] = ContextVar("URGENT", default=never)
"""Whether somebody waits for what it computes who watches the run: then it comes before the user's other renders."""


class Anew(msgspec.Struct, frozen=True):
    """What came out of a computation that was done for its own sake, by which libraries, in how many seconds."""

    cid: str
    libraries: dict[str, str]
    seconds: float


async def at_once() -> None:
    """Wait for nothing before a job begins."""


class Ready(msgspec.Struct, frozen=True):
    """A pass whose sources are on the local disk.

    ``content_id`` names it by what its sources contain; ``sources`` are the cache ids of the results among them;
    ``measure`` is how much work it is. None and nothing where that is not known. ``kind`` tells a part of a pass.
    """

    render: RenderPass
    content_id: str | None = None
    sources: tuple[str, ...] = ()
    measure: Measure | None = None
    kind: Kind = "render"


class Computed(msgspec.Struct, frozen=True):
    """A result and where it came from; ``worker`` is None when it was cached. ``by_content``: an earlier computation
    read the same bytes, which came about in another way."""

    cid: str
    cached: bool
    worker: str | None = None
    by_content: bool = False


class Compute:
    """Probe, analyze and render, each at most once at a time for one cache id, whoever asks."""

    def __init__(self, store: BlobStore, database: Database, broker: Broker, turns: Turns | None = None) -> None:
        self._turns = turns or Turns(database)
        self._store = store
        self._database = database
        self._broker = broker
        self._renders: Shared[Computed] = Shared()
        self._analyses: Shared[str] = Shared()
        self._probes: Shared[MediaFacts] = Shared()

    @property
    def workers(self) -> int:
        """How many there are to give work to."""
        return len(self._broker.workers())

    async def known(self, cache_ids: list[str]) -> dict[str, str]:
        """Cache id -> output CID of the results that exist: an action record, and a blob here or at a provider."""
        return await self.reachable(await self._database.actions.outputs(cache_ids))

    async def reachable(self, outputs: Mapping[str, str]) -> dict[str, str]:
        """Those of ``outputs``, CIDs by cache id, whose blob is here or at a provider."""
        there = await self._store.reachable(set(outputs.values()))
        return {cache_id: cid for cache_id, cid in outputs.items() if cid in there}

    async def kept(self, cache_ids: list[str]) -> dict[str, str]:
        """As :meth:`known`, of results whose blob is whole, here or brought back from a storage provider.

        A record that outlived its blob is a miss, and forgotten; unless another node may have the blob.
        """
        outputs = await self._database.actions.outputs(cache_ids)
        sound, lost, wanted = set(), set(), set(outputs.values())
        for cid in await self._store.reachable(wanted) if self._turns.others else wanted:
            try:
                await self._store.path(cid)
                sound.add(cid)
            except (BlobCorrupt, NotFound):
                lost.add(cid)
            except Unavailable as error:
                log.info("%s is made again: %s", cid, error.detail)
        for cache_id, cid in outputs.items():
            if cid in lost:
                # It would stay otherwise when the computation gives other bytes now, as after an upgrade.
                await self._database.actions.delete(cache_id)
        return {cache_id: cid for cache_id, cid in outputs.items() if cid in sound}

    async def known_facts(self, cids: Collection[str]) -> dict[str, MediaFacts]:
        """What those of ``cids`` are that a worker has looked at."""
        rows = await self._database.blobs.entries(cids, None) if cids else {}
        return {cid: row.facts for cid, row in rows.items() if row.facts}

    async def facts(self, cid: str) -> MediaFacts:
        """What the blob is. Asked of a worker once; raises NotFound or StepFailed."""
        known = await self._database.blobs.facts(cid)
        return known or await self._probes.get(cid, lambda: self._probe(cid))

    async def analysis(self, request: AnalysisRequest, catalogue: Catalogue) -> str:
        """The CID of the requested features, one dag-json blob. Each analyzer's share is cached on its own."""
        whole = request.cache_id
        if len(request.features) == 1:
            # The share is the whole: one look-up and one commit for both names.
            (name,) = request.features
            names = (request.cache_ids[name], whole)
            return await self._analyses.get(whole, partial(self._share, request, name, names, catalogue))
        known = await self.kept([whole])
        if known:
            return known[whole]
        shares = await asyncio.gather(
            *(
                self._analyses.get(cache_id, partial(self._share, request, name, (cache_id,), catalogue))
                for name, cache_id in request.cache_ids.items()
            )
        )
        values = await asyncio.gather(*map(self._store.read_value, shares))
        cid = await self._keep({name: value for share in values for name, value in share.items()})
        await self._database.actions.put([_analysis(whole, cid)])
        return cid

    async def render(
        self,
        cache_id: str,
        identity: str,
        make: Callable[[], Awaitable[Ready]],
        on_progress: OnProgress,
        begin: Begin = at_once,
    ) -> Computed:
        """The result of a pass; ``make()`` gives it, once its sources are on the local disk. Where their bytes are what
        an earlier computation read, it is not run: its result is theirs. Else ``begin()`` comes before its job."""
        done = await self._renders.get(
            cache_id,
            lambda: self._turns.once(
                cache_id,
                lambda: self._rendered(cache_id),
                lambda: self._render(cache_id, identity, make, on_progress, begin),
                lambda done: self._shared(done.cid),
            ),
        )
        self._store.uses.hold(done.cid)  # it may have been another's work
        return done

    async def anew(self, make: Callable[[], Awaitable[Ready]], on_progress: OnProgress, begin: Begin = at_once) -> Anew:
        """Render, whether there is a result or not, and record nothing. What comes out is stored."""

        async def job() -> RenderJob:
            ready = await make()
            await begin()
            return RenderJob(render=ready.render)

        cid, result = await self._made(job, on_progress)
        return Anew(cid, result.libraries, result.seconds)

    async def analyzed_anew(self, cid: str, features: Mapping[str, tuple[str, ...]], catalogue: Catalogue) -> Anew:
        """Analyze, whether there is a result or not, and keep nothing. ``features`` are each analyzer's share."""
        results = [await self._analyzed(cid, name, share, catalogue) for name, share in features.items()]
        found = {key: value for result in results for key, value in dict(result.value).items()}
        libraries = {key: value for result in results for key, value in result.libraries.items()}
        return Anew(cid_of_value(found), libraries, sum(result.seconds for result in results))

    async def arrived(self, cids: Iterable[str]) -> None:
        """Wait a while for blobs that another node was given and has not sent to storage yet."""
        wanted = set(cids)

        async def lacking() -> bool:
            return bool(self._store.providers.of()) and await self._store.reachable(wanted) != wanted

        await self._turns.wait(lacking)

    async def _shared(self, cid: str) -> bool:
        """Whether other nodes can have the blob, or never will: there is no storage."""
        return not self._store.providers.of() or cid in await self._store.held_elsewhere([cid])

    async def _probe(self, cid: str) -> MediaFacts:
        async def make() -> ProbeJob:
            return ProbeJob(path=str(await self._store.path(cid)))

        result = await self._submit(make)
        facts = msgspec.convert(result.value, MediaFacts)
        await self._database.blobs.set_facts(cid, facts)
        return facts

    async def _share(
        self, request: AnalysisRequest, analyzer: str, names: tuple[str, ...], catalogue: Catalogue
    ) -> str:
        """The CID of what one analyzer gives, recorded under the cache ids ``names``."""

        async def look() -> str | None:
            known = await self.kept(list(names))
            if not known:
                return None
            cid = next(iter(known.values()))
            await self._database.actions.put([_analysis(name, cid) for name in names if name not in known])
            return cid

        return await self._turns.once(
            names[0], look, lambda: self._analyze(request, analyzer, names, catalogue), self._shared
        )

    async def _analyze(
        self, request: AnalysisRequest, analyzer: str, names: tuple[str, ...], catalogue: Catalogue
    ) -> str:
        identity = catalogue.identity("analyzer", analyzer).cid
        await self._unrecord(names)
        result = await self._analyzed(request.cid, analyzer, request.features[analyzer], catalogue)
        cid = await self._keep(dict(result.value))
        rows = [_analysis(name, cid, identity, result.libraries, result.seconds) for name in names]
        await self._database.actions.put(rows)
        return cid

    async def _analyzed(self, cid: str, analyzer: str, features: tuple[str, ...], catalogue: Catalogue) -> JobResult:
        identity, light = catalogue.identity("analyzer", analyzer).cid, catalogue.analyzers[analyzer].light

        async def make() -> AnalyzeJob:
            path = str(await self._store.path(cid))
            return AnalyzeJob(path=path, analyzer=analyzer, features=features, identity=identity, light=light)

        return await self._submit(make)

    async def _keep(self, features: dict[str, Any]) -> str:
        """The CID of analysis data, durable when this returns."""
        # Not found: somebody deleted the cache.
        return (await again(lambda: self._store.put_value(features, "analysis"), NotFound)).cid

    async def _unrecord(self, names: Iterable[str]) -> None:
        """What is made now is the result: a record there may be is of bytes that nobody can have."""
        if self._turns.others:
            for name in names:
                await self._database.actions.delete(name)

    async def _rendered(self, cache_id: str) -> Computed | None:
        known = await self.kept([cache_id])
        return Computed(known[cache_id], cached=True) if known else None

    async def _render(
        self,
        cache_id: str,
        identity: str,
        make: Callable[[], Awaitable[Ready]],
        on_progress: OnProgress,
        begin: Begin,
    ) -> Computed:
        await self._unrecord([cache_id])
        ready = await make()
        if (equal := await self._equal(cache_id, ready)) is not None:
            return equal
        waiting = [ready]

        async def job() -> RenderJob:
            nonlocal ready
            ready = waiting.pop() if waiting else await make()
            await begin()
            return RenderJob(render=ready.render)

        cid, result = await self._made(job, on_progress)
        row = ActionRow(
            cache_id=cache_id,
            output_cid=cid,
            kind=ready.kind,
            identity=identity,
            libraries=result.libraries,
            seconds=result.seconds,
            made_of=ready.measure.made_of if ready.measure else None,
            work=ready.measure.work if ready.measure else None,
            sources=ready.sources,
        )
        await self._put(row, ready.content_id)
        return Computed(cid, cached=False, worker=result.worker)

    async def _equal(self, cache_id: str, ready: Ready) -> Computed | None:
        """The result of a computation that read the same bytes, recorded under this name, too."""
        other = ready.content_id
        if other is None or other == cache_id:
            return None
        known = await self.kept([other])
        row = (await self._database.actions.get_many([other])).get(other) if known else None
        if row is None or row.output_cid != known[other]:
            await self._unrecord([other])
            return None
        copy = msgspec.structs.replace(
            row, cache_id=cache_id, sources=ready.sources, created_at=now(), made_of=None, work=None
        )
        await self._database.actions.put([copy])
        return Computed(row.output_cid, cached=True, by_content=True)

    async def _put(self, row: ActionRow, content_id: str | None) -> None:
        """Record a result, and by content, too, in one commit. What was measured is counted once."""
        rows = [row]
        if content_id not in (None, row.cache_id):
            rows.append(msgspec.structs.replace(row, cache_id=content_id, made_of=None, work=None))
        await self._database.actions.put(rows)

    async def _made(
        self, make: Callable[[], Awaitable[Job]], on_progress: OnProgress | None = None
    ) -> tuple[str, JobResult]:
        """The CID of a rendered file, stored; made again if somebody deletes the cache before that."""
        for attempt in range(ATTEMPTS):
            result = await self._submit(make, on_progress)
            try:
                return await self._adopt(result), result
            except NotFound:
                if attempt == ATTEMPTS - 1:
                    raise
        raise AssertionError("unreachable")

    async def _submit(self, make: Callable[[], Awaitable[Job]], on_progress: OnProgress | None = None) -> JobResult:
        """Have the job that ``make()`` gives done, on files that stay as they were verified.

        Otherwise a file that decays while a worker reads it would be remembered wrongly, under the CID of the good
        bytes. Then ``make()`` is asked again, and says what has become of the file. Raises StepFailed, BlobCorrupt.
        """
        for _ in range(ATTEMPTS):
            job = await make()
            files = [Path(path) for path in paths(job)]
            before = self._store.sealed(files)
            if before is None:
                continue
            try:
                result = await self._broker.submit(
                    job, on_progress, whose=FOR.get(), run_id=RUN.get(), urgent=URGENT.get()
                )
            except StepFailed:
                if self._store.sealed(files) == before:
                    raise
                continue
            if self._store.sealed(files) == before:
                return result
            await asyncio.to_thread(result.discard)
        raise BlobCorrupt(
            "a file changed again and again while it was read", advice="Look at the disk under CACHE_DIR."
        )

    async def _adopt(self, result: JobResult) -> str:
        if result.path is None:
            raise StepFailed("the worker returned no file", code="refused")
        try:
            return (await self._store.adopt(result.path)).cid
        finally:
            await asyncio.to_thread(result.discard)


def _analysis(
    cache_id: str, cid: str, identity: str = "", libraries: dict[str, str] | None = None, seconds: float = 0.0
) -> ActionRow:
    return ActionRow(
        cache_id=cache_id,
        output_cid=cid,
        kind="analysis",
        identity=identity,
        libraries=libraries or {},
        seconds=seconds,
    )
