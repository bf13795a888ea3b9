"""From cache id to result: the action record if there is one, else a worker. The commit order of law 5 is kept here."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any, Literal

import msgspec

from artdagd.database import Database
from artdagd.database.actions import ActionRow
from artdagd.errors import BlobCorrupt, NotFound, StepFailed
from artdagd.plans.model import AnalysisRequest
from artdagd.runs.shared import Shared
from artdagd.steps.catalogue import Catalogue
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
        self._analyses: Shared[dict[str, Any]] = Shared()
        self._probes: Shared[MediaFacts] = Shared()

    async def known(self, cache_ids: list[str]) -> dict[str, str]:
        """Cache id -> output CID of the results that exist here, action record and blob both."""
        rows = await self._database.actions.get_many(cache_ids)
        return {key: row.output_cid for key, row in rows.items() if self._store.has(row.output_cid)}

    async def facts(self, cid: str) -> MediaFacts:
        """What the blob is. Asked of a worker once; raises NotFound or StepFailed."""
        known = await self._database.blobs.facts(cid)
        return known or await self._probes.get(cid, lambda: self._probe(cid))

    async def analysis(self, request: AnalysisRequest, catalogue: Catalogue) -> str:
        """The CID of the requested features, one dag-json blob. Each analyzer's share is cached on its own."""
        known = await self._valid(request.cache_id)
        if known:
            return known
        shares = await asyncio.gather(
            *(
                self._analyses.get(request.cache_ids[name], partial(self._share, request, name, catalogue))
                for name in request.features
            )
        )
        features = {name: value for share in shares for name, value in share.items()}
        blob = await self._store.put_value(features, "analysis")
        await self._record(request.cache_id, blob.cid, "analysis", "", {}, 0.0)
        return blob.cid

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

    async def _share(self, request: AnalysisRequest, analyzer: str, catalogue: Catalogue) -> dict[str, Any]:
        cache_id = request.cache_ids[analyzer]
        known = await self._valid(cache_id)
        if known:
            return dict(await self._store.read_value(known))
        identity = catalogue.identity("analyzer", analyzer).cid
        job = AnalyzeJob(
            path=str(await self._store.path(request.cid)),
            analyzer=analyzer,
            features=request.features[analyzer],
            identity=identity,
        )
        result = await self._broker.submit(job)
        features = dict(result.value)
        blob = await self._store.put_value(features, "analysis")
        await self._record(cache_id, blob.cid, "analysis", identity, result.libraries, result.seconds)
        return features

    async def _valid(self, cache_id: str) -> str | None:
        """The known result of a cache id whose blob is whole; a record that outlived its blob is a miss."""
        known = (await self.known([cache_id])).get(cache_id)
        if known:
            try:
                await self._store.path(known)
            except (BlobCorrupt, NotFound):
                await self._database.actions.delete(cache_id)
                return None
        return known

    async def _render(self, cache_id: str, identity: str, make: Callable[[], Any], on_progress: OnProgress) -> Computed:
        known = await self._valid(cache_id)
        if known:
            return Computed(known, cached=True)
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
        self,
        cache_id: str,
        cid: str,
        kind: Literal["render", "analysis"],
        identity: str,
        libraries: dict[str, str],
        seconds: float,
    ) -> None:
        row = ActionRow(
            cache_id=cache_id, output_cid=cid, kind=kind, identity=identity, libraries=libraries, seconds=seconds
        )
        await self._database.actions.put([row])
