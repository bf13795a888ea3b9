"""From cache id to result: the action record if there is one, else a worker. The commit order of law 5 is kept here."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import msgspec

from artdagd.database import Database
from artdagd.database.actions import ActionRow
from artdagd.errors import ArtdagError, BlobCorrupt, NotFound, StepFailed
from artdagd.runs.shared import Shared
from artdagd.store.blobs import BlobStore
from artdagd.work import MediaFacts, RenderPass
from artdagd.workers.broker import Broker, JobResult
from artdagd.workers.messages import AnalyzeJob, ProbeJob, RenderJob

OnProgress = Callable[[float], None]


class Computed(msgspec.Struct, frozen=True):
    """A result and where it came from; ``worker`` is None when it was cached."""

    cid: str
    cached: bool
    worker: str | None = None


class Compute:
    """Probe, analyze and render, each at most once at a time for one cache id, whoever asks."""

    def __init__(self, store: BlobStore, database: Database, broker: Broker) -> None:
        self._store = store
        self._database = database
        self._broker = broker
        self._renders: Shared[Computed] = Shared()
        self._analyses: Shared[Computed] = Shared()
        self._probes: Shared[MediaFacts] = Shared()

    async def known(self, cache_ids: list[str]) -> dict[str, str]:
        """Cache id -> output CID of the results that exist here, action record and blob both."""
        rows = await self._database.actions.get_many(cache_ids)
        return {key: row.output_cid for key, row in rows.items() if self._store.has(row.output_cid)}

    async def facts(self, cid: str) -> MediaFacts:
        """What the blob is. Asked of a worker once; raises NotFound or StepFailed."""
        known = await self._database.blobs.facts(cid)
        return known or await self._probes.get(cid, lambda: self._probe(cid))

    async def analysis(self, cache_id: str, cid: str, jobs: list[tuple[str, str, tuple[str, ...]]]) -> Computed:
        """The features of blob ``cid`` as one dag-json blob; ``jobs`` are (analyzer, identity, features)."""
        return await self._analyses.get(cache_id, lambda: self._analyze(cache_id, cid, jobs))

    async def render(
        self,
        cache_id: str,
        identity: str,
        make: Callable[[], Any],
        on_progress: OnProgress,
    ) -> Computed:
        """The result of a pass; ``make()`` gives its RenderPass, once its sources are on the local disk."""
        return await self._renders.get(cache_id, lambda: self._render(cache_id, identity, make, on_progress))

    async def _probe(self, cid: str) -> MediaFacts:
        path = await self._store.path(cid)
        result = await self._broker.submit(ProbeJob(path=str(path)))
        facts = msgspec.convert(result.value, MediaFacts)
        await self._database.blobs.set_facts(cid, facts)
        return facts

    async def _analyze(self, cache_id: str, cid: str, jobs: list[tuple[str, str, tuple[str, ...]]]) -> Computed:
        known = (await self.known([cache_id])).get(cache_id)
        if known:
            return Computed(known, cached=True)
        path = str(await self._store.path(cid))
        results = await asyncio.gather(
            *(self._broker.submit(AnalyzeJob(path=path, analyzer=a, features=f, identity=i)) for a, i, f in jobs)
        )
        features = {name: value for result in results for name, value in result.value.items()}
        blob = await self._store.put_value({"features": features, "input": cid}, "analysis")
        libraries = {name: version for result in results for name, version in result.libraries.items()}
        seconds = sum(result.seconds for result in results)
        identity = ",".join(identity for _, identity, _ in jobs)
        await self._record(cache_id, blob.cid, "analysis", identity, libraries, seconds)
        return Computed(blob.cid, cached=False, worker=results[0].worker if results else None)

    async def _render(self, cache_id: str, identity: str, make: Callable[[], Any], on_progress: OnProgress) -> Computed:
        known = (await self.known([cache_id])).get(cache_id)
        if known:
            try:
                await self._store.path(known)
                return Computed(known, cached=True)
            except (BlobCorrupt, NotFound):
                # The record outlived its blob: a miss, never a failure.
                await self._database.actions.delete(cache_id)
        work: RenderPass = await make()
        result = await self._broker.submit(RenderJob(render=work), on_progress)
        cid = await self._adopt(result)
        await self._record(cache_id, cid, "render", identity, result.libraries, result.seconds)
        return Computed(cid, cached=False, worker=result.worker)

    async def _adopt(self, result: JobResult) -> str:
        if result.path is None:
            raise StepFailed("the worker returned no file", code="refused")
        try:
            return (await self._store.adopt(result.path)).cid
        finally:
            await asyncio.to_thread(result.discard)

    async def _record(
        self, cache_id: str, cid: str, kind: str, identity: str, libraries: dict[str, str], seconds: float
    ) -> None:
        row = ActionRow(
            cache_id=cache_id, output_cid=cid, kind=kind, identity=identity, libraries=libraries, seconds=seconds
        )
        await self._database.actions.put([row])


def reason(error: ArtdagError) -> str:
    """One sentence for a run's error field."""
    return f"{error.detail} {error.advice}".strip()
