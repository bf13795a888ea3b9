"""One run through its three phases: analyze, plan, execute."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection, Container, Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from artdagd.errors import ArtdagError, BlobCorrupt, InvalidRecipe, NotFound, StepFailed, Unavailable
from artdagd.plans.cache_ids import cluster_digest
from artdagd.plans.contents import content_id
from artdagd.plans.estimates import Measures
from artdagd.plans.model import Analysis, AnalysisRequest, Pass, Plan, PlannedStep
from artdagd.plans.parts import Parts, outside, whole
from artdagd.plans.planner import analysis_requests, plan
from artdagd.recipes.model import InputType, Recipe
from artdagd.runs.again import again
from artdagd.runs.aside import aside
from artdagd.runs.compute import Begin, Compute, Computed, Ready, at_once
from artdagd.runs.live import LiveRun
from artdagd.runs.machine import StepStatus
from artdagd.runs.parts import InParts, Source
from artdagd.steps.catalogue import Catalogue
from artdagd.store.blobs import BlobStore
from artdagd.work import MediaFacts

log = logging.getLogger(__name__)


class _Lost(Exception):
    """A blob that was there is not there any more."""

    def __init__(self, reason: ArtdagError) -> None:
        self.reason = reason


class Planning(msgspec.Struct, frozen=True):
    """What a recipe is bound to; ``facts`` are what is known of inputs, by their CIDs."""

    recipe_id: str
    recipe: Recipe
    inputs: dict[str, str]
    params: dict[str, Any]
    facts: dict[str, MediaFacts] = {}


def fits(facts: MediaFacts, wanted: InputType) -> bool:
    """Whether a blob can be what a recipe declares. A still is a video too, and any medium with sound is audio."""
    if wanted in ("image", "data"):
        return facts.kind == wanted
    found = {"audio": facts.audio, "video": facts.video}.get(wanted, facts.video or facts.audio)
    return found is not None and facts.kind in ("video", "audio", "image")


class Planner:
    """Phases 1 and 2: facts and features of the inputs from workers (or the cache), then the plan."""

    def __init__(self, compute: Compute, store: BlobStore, catalogue: Catalogue, cluster_key: str) -> None:
        self._compute = compute
        self._store = store
        self._catalogue = catalogue
        self._cluster_key = cluster_key

    async def analyze(
        self, what: Planning, begin: Begin = at_once
    ) -> tuple[dict[str, MediaFacts], dict[str, Analysis]]:
        """Facts of every input and the value of every ANALYZE step. ``begin()`` comes before a worker is asked for any.

        Raises StepFailed or InvalidRecipe.
        """
        cids = set(what.inputs.values())
        known = what.facts | await self._compute.known_facts(cids - what.facts.keys())
        if cids - known.keys():
            await begin()
        names = list(what.inputs)
        found = await asyncio.gather(*(self._facts(name, what.inputs[name], what.recipe, known) for name in names))
        facts = dict(zip(names, found, strict=True))
        asked = what.recipe, what.inputs, what.params, self._catalogue, self._cluster_key
        requests = await aside(analysis_requests, *asked)
        for request in requests:
            self._check(request, facts[request.input])
        done = await self._compute.kept([request.cache_id for request in requests])
        if any(request.cache_id not in done for request in requests):
            await begin()
        values = await asyncio.gather(*(self._analysis(request, done) for request in requests))
        return facts, {request.step_id: value for request, value in zip(requests, values, strict=True)}

    async def plan(self, what: Planning, facts: dict[str, MediaFacts], analyses: dict[str, Analysis]) -> Plan:
        """Phase 2, pure. Raises InvalidRecipe."""
        planning = partial(
            plan,
            what.recipe,
            recipe_id=what.recipe_id,
            inputs=what.inputs,
            facts=facts,
            params=what.params,
            analyses=analyses,
            catalogue=self._catalogue,
            cluster_key=self._cluster_key,
        )
        return await aside(planning)

    async def keep(self, made: Plan) -> str:
        """Store the plan as a blob; returns its CID."""
        return (await self._store.put_value(msgspec.to_builtins(made), "plans")).cid

    def content_id(self, made: Plan, item: Pass, step_ids: tuple[str, ...], cids: Mapping[str, str]) -> str:
        """The name of a pass by what it reads: see :mod:`artdagd.plans.contents`."""
        return content_id(item, step_ids, made, cids, self._catalogue, cluster_digest(self._cluster_key))

    def parts(self, made: Plan, item: Pass) -> Parts:
        """The work that makes a pass in parts."""
        return Parts(made, item, self._catalogue, cluster_digest(self._cluster_key))

    async def known(self, cache_ids: list[str]) -> dict[str, str]:
        """Those of which a result exists."""
        return await self._compute.known(cache_ids)

    async def measures(self, made: Plan) -> Measures | None:
        """How much work the passes of a plan are; None where that can't be told."""
        try:
            facts = {name: await self._compute.facts(cid) for name, cid in made.inputs.items()}
            return await aside(Measures.of, made, facts, self._catalogue)
        except (ArtdagError, KeyError):  # the key of a plugin that is gone
            return None

    def _check(self, request: AnalysisRequest, facts: MediaFacts) -> None:
        for name in request.features:
            needs = self._catalogue.analyzers[name].needs
            if getattr(facts, needs) is None:
                raise InvalidRecipe(
                    f"step {request.step_id}: {name} needs {needs}, and input {request.input} has none",
                    advice=f"Bind a file with {needs} to {request.input}.",
                )

    async def _facts(self, name: str, cid: str, recipe: Recipe, known: Mapping[str, MediaFacts]) -> MediaFacts:
        facts = known.get(cid) or await self._compute.facts(cid)
        wanted = recipe.inputs[name].type
        if not fits(facts, wanted):
            raise InvalidRecipe(f"input {name} must be {wanted}; {cid} is {facts.kind} ({facts.media_type})")
        return facts

    async def _analysis(self, request: AnalysisRequest, done: dict[str, str]) -> Analysis:
        async def analyzed() -> Analysis:
            cid = done.pop(request.cache_id, None) or await self._compute.analysis(request, self._catalogue)
            return Analysis(cid, await self._store.read_value(cid))

        # The input itself is not made anew; what was found in it is.
        return await again(analyzed, BlobCorrupt, NotFound)


class Execution:
    """Phase 3: every pass that the output needs and that has no result yet, each as soon as its inputs exist."""

    def __init__(
        self,
        made: Plan,
        known: Mapping[str, str],
        live: LiveRun,
        planner: Planner,
        compute: Compute,
        store: BlobStore,
    ) -> None:
        """``known`` gives cache id -> output CID of the results that exist; ``anew`` is true once any was asked for."""
        self._planner = planner
        self._plan = made
        self._known = known
        self._live = live
        self._compute = compute
        self._store = store
        self._passes = {item.pass_id: item for item in made.passes}
        self._steps = {step.step_id: step for step in made.steps}
        self._results: dict[str, asyncio.Task[str]] = {}
        self._computed: dict[str, tuple[str, ...]] = {}
        self._measured: asyncio.Task[Measures | None] | None = None
        self.anew = False
        self.passes_run = 0

    async def run(self, **entering: Any) -> str | None:
        """The output's CID; None if the run can't go on (:meth:`LiveRun.begin`, which is given ``entering``).

        Raises StepFailed (its step marked failed); other passes of the run are then cancelled.
        """
        wanted = self._pass_of(self._plan.output)
        there = await self._there(wanted)
        moves = self._unneeded(step for step in self._plan.steps if there or step.pass_id is None)
        if there:
            moves |= self._done(self._passes[wanted], Computed(there, cached=True))
        if not await self._live.begin(self._plan, self._known, moves, **entering):
            return None
        if there:
            return there
        self.anew = True
        try:
            cid, _ = await self._at_hand(wanted)
        except BaseException:
            for task in self._results.values():
                task.cancel()
            await asyncio.gather(*self._results.values(), return_exceptions=True)
            raise
        left = (step for step in self._plan.steps if self._live.steps[step.step_id].status == "pending")
        await self._live.move(self._unneeded(left))
        return cid

    async def _there(self, pass_id: str) -> str | None:
        """The result of a pass that is here and whole: what has to be fetched or made first takes the longer way."""
        cid = self._known.get(pass_id)
        if cid is None or not self._store.has(cid):
            return None
        try:
            await self._store.path(cid)
        except (BlobCorrupt, NotFound, Unavailable):
            return None
        return cid

    def _pass_of(self, step_id: str) -> str:
        pass_id = self._steps[step_id].pass_id
        if pass_id is None:
            raise StepFailed(f"step {step_id} gives data, not media", code="refused")
        return pass_id

    def _result(self, pass_id: str) -> asyncio.Task[str]:
        if pass_id not in self._results:
            self._results[pass_id] = asyncio.create_task(self._compute_pass(self._passes[pass_id]))
        return self._results[pass_id]

    async def _compute_pass(self, item: Pass) -> str:
        last = item.steps[-1]
        parts = self._in_parts(item) if item.segments else None

        def told(fraction: float, worker: str) -> None:
            self._live.progress(item.steps, fraction, (worker,))

        try:
            done = await self._compute.render(
                item.pass_id,
                self._steps[last].identity,
                lambda: self._put_together(item, parts) if parts else self._work(item),
                parts.progress if parts else told,
                lambda: self._enter(self._computed[item.pass_id], "running"),
            )
        except ArtdagError as error:
            await self._live.change((last,), "failed", error=error.detail)
            await self._live.change(item.steps[:-1], "cancelled")
            raise
        await self._tell(item, done)
        return done.cid

    async def _tell(self, item: Pass, done: Computed) -> None:
        if not done.cached:
            self.passes_run += 1
        await self._live.move(self._done(item, done))

    def _done(self, item: Pass, done: Computed) -> dict[str, dict[str, Any]]:
        """How the steps of a pass move when it has its result."""
        common = {"cached": done.cached, "worker": done.worker, "by_content": done.by_content}
        status: StepStatus = "cached" if done.cached else "completed"
        # Steps that the pass did without, since an earlier run had stored a later one, are settled at the end.
        ran = self._computed.get(item.pass_id, item.steps)
        moves: dict[str, dict[str, Any]] = {step_id: {"status": "fused", **common} for step_id in ran}
        moves[item.steps[-1]] = {"status": status, "output_cid": done.cid, **common}
        return moves

    def _unneeded(self, steps: Iterable[PlannedStep]) -> dict[str, dict[str, Any]]:
        """How steps move that nothing needs any more, because they, or what is made of them, are known: they count as
        cached."""
        found = self._plan.analyses
        return {step.step_id: _cached(found.get(step.step_id) or self._known.get(step.cache_id)) for step in steps}

    async def _work(self, item: Pass) -> Ready:
        """The pass with its sources on the local disk; makes sources that are missing."""
        try:
            return await again(lambda: self._sourced(item), _Lost)
        except _Lost as lost:
            raise lost.reason from None

    def _in_parts(self, item: Pass) -> InParts:
        def tell(fraction: float, workers: Collection[str]) -> None:
            self._live.progress(item.steps, fraction, workers)

        async def begin() -> None:
            await self._enter(item.steps, "running")

        parts = self._planner.parts(self._plan, item)
        return InParts(self._plan, item, parts, self._compute, self._store, self._file, tell, self._live.wants, begin)

    async def _put_together(self, item: Pass, parts: InParts) -> Ready:
        """What is left to do of a pass when all of its parts are there."""
        self._computed[item.pass_id] = item.steps
        await self._enter(item.steps, "ready")
        measures = await self._measures()

        async def in_one_piece(error: StepFailed) -> Ready:
            log.warning("%s is made in one piece, as a part of it can't be made: %s", item.pass_id, error.detail)
            return await self._work(item)

        return await parts.made(measures.measure(item, item.steps) if measures else None, in_one_piece)

    async def _file(self, name: str) -> Source:
        """A recipe input, or another pass's result."""
        return await self._source(name, {})

    async def _sourced(self, item: Pass) -> Ready:
        """Raises _Lost if what an earlier run had stored is gone by the time that it is read."""
        kept = await self._kept(item)
        ids = self._computed[item.pass_id] = needed(item, self._steps, kept)
        steps = tuple(self._steps[step_id] for step_id in ids)
        await self._enter(ids, "ready")
        names = outside(steps)
        found = await asyncio.gather(*(self._source(name, kept) for name in names))
        sources = dict(zip(names, found, strict=True))
        measures = await self._measures()
        return Ready(
            whole(steps, {name: str(source.path) for name, source in sources.items()}, item.delivery),
            self._planner.content_id(self._plan, item, ids, {name: source.cid for name, source in sources.items()}),
            tuple(source.made for source in found if source.made),
            measures.measure(item, ids) if measures else None,
        )

    async def _measures(self) -> Measures | None:
        """Worked out when the first pass is run, and once."""
        if self._measured is None:
            self._measured = asyncio.create_task(self._planner.measures(self._plan))
        return await asyncio.shield(self._measured)

    async def _kept(self, item: Pass) -> dict[str, str]:
        """Steps of the pass, its last one aside, whose results an earlier run stored: step id -> CID."""
        inner = {self._steps[step_id].cache_id: step_id for step_id in item.steps[:-1]}
        found = await self._compute.kept(list(inner)) if inner else {}
        return {inner[cache_id]: cid for cache_id, cid in found.items()}

    async def _enter(self, step_ids: tuple[str, ...], status: StepStatus) -> None:
        """Move steps on that are not further yet: a step may belong to two passes."""
        before = ("pending",) if status == "ready" else ("pending", "ready")
        await self._live.change([name for name in step_ids if self._live.steps[name].status in before], status)

    async def _source(self, name: str, kept: dict[str, str]) -> Source:
        if name in self._plan.inputs:
            cid = self._plan.inputs[name]
            return Source(await self._store.path(cid), cid)
        if name in kept:
            try:
                path = await self._store.path(kept[name])
            except (BlobCorrupt, NotFound) as error:
                raise _Lost(error) from error
            await self._live.change((name,), "cached", output_cid=kept[name], cached=True)
            return Source(path, kept[name], self._steps[name].cache_id)
        pass_id = self._pass_of(name)
        cid, path = await self._at_hand(pass_id)
        return Source(path, cid, pass_id)

    async def _at_hand(self, pass_id: str) -> tuple[str, Path]:
        """The result of a pass and its file, made anew if it is lost meanwhile."""

        async def result() -> tuple[str, Path]:
            task = self._result(pass_id)
            cid = await task
            try:
                return cid, await self._store.path(cid)
            except (BlobCorrupt, NotFound) as error:
                if self._results.get(pass_id) is task:
                    del self._results[pass_id]
                raise _Lost(error) from error

        try:
            return await again(result, _Lost)
        except _Lost as lost:
            raise lost.reason from None


def needed(item: Pass, steps: Mapping[str, PlannedStep], kept: Container[str]) -> tuple[str, ...]:
    """Those steps of a pass that have to be computed, in order, if the results of ``kept`` are there to be read."""
    wanted = {item.steps[-1]}
    for name in reversed(item.steps):
        if name in wanted:
            wanted.update(source for source in steps[name].inputs if source not in kept)
    return tuple(name for name in item.steps if name in wanted)


def _cached(output_cid: str | None) -> dict[str, Any]:
    return {"status": "cached", "output_cid": output_cid, "cached": True}
