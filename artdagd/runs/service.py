"""Runs as their users know them, whichever node has them: start, look, follow, cancel, retry, delete."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import aclosing
from typing import Any, TypeVar
from weakref import WeakValueDictionary

from artdagd.auth.principal import Principal
from artdagd.database import Database
from artdagd.database.clock import now
from artdagd.database.runs import RunRow, StepRow
from artdagd.delivery import file_format
from artdagd.errors import Conflict, NotFound, Unavailable
from artdagd.plans.model import Analysis
from artdagd.runs.active import Active
from artdagd.runs.binding import Binder
from artdagd.runs.compute import FOR
from artdagd.runs.elsewhere import follow
from artdagd.runs.events import Events, run_data
from artdagd.runs.execution import Planner, Planning
from artdagd.runs.explaining import Explainer
from artdagd.runs.foreseeing import Foresight
from artdagd.runs.keys import Key, Retries, expired
from artdagd.runs.machine import RUN_TERMINAL
from artdagd.runs.performance import Stage
from artdagd.runs.places import Places
from artdagd.runs.present import plan_view, run_view
from artdagd.runs.views import (
    Artifact,
    Entry,
    Event,
    Explanation,
    Page,
    PlanRequest,
    PlanView,
    Recent,
    RunRequest,
    RunView,
    Tally,
)
from artdagd.work import MediaFacts

T = TypeVar("T")

PLAN_DEADLINE = 55.0
"""Seconds that ``POST /api/plan`` waits for analysis; the analysis itself goes on, so that a later call finds it."""

PLANS = 64
"""Calls of ``POST /api/plan`` whose analysis goes on at once; ``PLANS_EACH`` of one user."""

PLANS_EACH = 16

RECIPES = 100
"""Names of recipes that a tally has: those with the most runs."""


class RunService:
    """The runs of this node, and of the others on its database."""

    def __init__(self, stage: Stage, planner: Planner, binder: Binder, events: Events, active: Active) -> None:
        self._stage = stage
        self._database: Database = stage.database
        self._planner = planner
        self._binder = binder
        self._explainer = Explainer(stage, binder)
        self._foresight = Foresight(stage.database, planner, self._explainer)
        self._events = events
        self._active = active
        self._places = active.places
        self._planning = Places("plans being made", PLANS, PLANS_EACH)
        self._retries = Retries()
        self._background: set[asyncio.Task[Any]] = set()
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def close(self) -> None:
        """Stop without ending the runs: they are resumed at the next start, or by another node."""
        for task in self._background:
            task.cancel()
        await asyncio.gather(*self._background, return_exceptions=True)
        await self._active.close()

    async def plan(self, request: PlanRequest, who: Principal) -> PlanView:
        """Analyze (in workers) and plan; render nothing. Raises InvalidRecipe, NotFound, StepFailed, TooBusy,
        Unavailable."""
        what = await self._binder.bind_plan(request, who)
        task = asyncio.create_task(self._analyze(what, who))
        self._background.add(task)
        task.add_done_callback(self._forget)
        try:
            facts, analyses = await asyncio.wait_for(asyncio.shield(task), PLAN_DEADLINE)
        except TimeoutError:
            raise Unavailable("the inputs are still being analyzed", advice="Ask again.", retry_after=10) from None
        made = await self._planner.plan(what, facts, analyses)
        known = await self._known(made)
        foreseen = await self._foresight.of(made, known, who.name)
        return plan_view(await self._planner.keep(made), made, known, foreseen)

    async def start(self, request: RunRequest, who: Principal, idempotency_key: str | None = None) -> RunView:
        """Accept a run: it is durable when this returns. The same key of the same user gives the same run.

        Raises InvalidRecipe, NotFound, TooBusy, StorageFull, and Conflict when the key was for another request.
        """
        key = Key.of(who, idempotency_key, request)
        return await self._view(await self._through(self._start(request, who, key)))

    async def get(self, run_id: str, who: Principal) -> RunView:
        if self._active.get(run_id) is not None:
            return await self._view(await self._row(run_id, who))
        row, steps = await self._database.runs.whole(run_id)
        return run_view(_seen(run_id, row, who), steps, None)

    async def record(self, run_id: str, who: Principal) -> RunRow:
        """A run as it is recorded, without its steps. Raises NotFound."""
        return await self._row(run_id, who)

    async def list(
        self, who: Principal, status: str | None = None, recipe: str | None = None, page: int = 1, limit: int = 20
    ) -> Page[RunView]:
        rows, total = await self._database.runs.page(who.sees, status, recipe, page, limit)
        # Together, so that the steps of all come with one statement.
        return Page(list(await asyncio.gather(*map(self._view, rows))), page, limit, total, page * limit < total)

    async def recent(self, who: Principal, most: int) -> Recent:
        """Up to ``most`` runs that go on and as many that ended."""
        active, ended, total = await self._database.runs.recent(who.sees, most)
        going = list(await asyncio.gather(*map(self._view, active)))
        return Recent(going, [run_view(row, (), None) for row in ended], total)

    async def tally(self, who: Principal) -> Tally:
        """How many runs ``who`` sees, by status, and of which recipes they are."""
        states: Counter[str] = Counter()
        names: Counter[str] = Counter()
        for status, name, count in await self._database.runs.tally(who.sees):
            states[status] += count
            names[name or ""] += count
        names.pop("", None)
        return Tally(dict(states), [name for name, _ in names.most_common(RECIPES)])

    async def count(self) -> dict[str, int]:
        """How many runs of everybody's there are, by status."""
        return await self._database.runs.count()

    async def cancel(self, run_id: str, who: Principal) -> RunView:
        """Stop an active run; what it finished stays in the cache. Raises Conflict when it has ended."""
        await self._through(self._cancel(run_id, who))
        return await self.get(run_id, who)

    async def retry(self, run_id: str, who: Principal, idempotency_key: str | None = None) -> RunView:
        """Run a failed or cancelled run again under its own id; finished steps come from the cache.

        The same key of the same user tries it again once.
        """
        await self._through(self._retry(run_id, who, Key.of(who, idempotency_key, {"retry": run_id})))
        return await self.get(run_id, who)

    async def delete(self, run_id: str, who: Principal) -> None:
        """Delete a run's record, cancelling it first; its results stay in the cache."""
        await self._through(self._delete(run_id, who))

    async def plan_of(self, run_id: str, who: Principal) -> PlanView:
        row = await self._planned(run_id, who)
        made = await self._binder.read_plan(row.plan_id or "")
        return plan_view(row.plan_id or "", made, await self._known(made))

    async def analysis_of(self, run_id: str, who: Principal) -> dict[str, Any]:
        """ANALYZE step id -> {cid, features}."""
        row = await self._row(run_id, who)
        if row.plan_id is None:
            raise NotFound(f"run {run_id} has no analysis yet: it is {row.status}")
        made = await self._binder.read_plan(row.plan_id)
        return {
            step_id: {"cid": cid, "features": await self._stage.store.read_value(cid)}
            for step_id, cid in made.analyses.items()
        }

    async def artifacts_of(self, run_id: str, who: Principal) -> Sequence[Artifact]:
        """What the steps of a run left, in their order."""
        run = await self.get(run_id, who)
        left = [(step, step.output_cid) for step in run.steps if step.output_cid]

        def looked() -> list[Artifact]:
            size = self._stage.store.size
            return [Artifact(step, cid, size(cid), step.pass_id is None) for step, cid in left]

        return await asyncio.to_thread(looked)

    async def keep(self, run_id: str, step_id: str, who: Principal) -> Entry:
        """Make what a step left a medium of ``who``'s. Raises NotFound, Conflict (it left nothing), StorageFull, and as
        the store does where it is gone."""
        row = await self._row(run_id, who)
        step = next((step for step in await self._steps(run_id) if step.step_id == step_id), None)
        if step is None or step.output_cid is None or row.plan_id is None:  # one that just begins has none yet
            raise Conflict(f"step {step_id} of run {run_id} left no result", advice="Its page shows what did.")
        ending = "json" if step.pass_id is None else await self._ending(row.plan_id, step_id)
        name = f"{row.recipe_name or row.effect or 'plan'}-{step_id}-{step.output_cid[-8:]}.{ending}"
        return await self._stage.library.take(step.output_cid, who, name)

    async def _ending(self, plan_id: str, step_id: str) -> str:
        try:
            made = await self._binder.read_plan(plan_id)
        except NotFound:
            return "mkv"  # whatever is in it, players look
        return file_format(made.delivery if step_id == made.output else None)

    async def provenance_of(self, run_id: str, who: Principal) -> dict[str, Any]:
        row = await self._row(run_id, who)
        if row.provenance_cid is None:
            raise NotFound(f"run {run_id} has no provenance: it is {row.status}")
        record: dict[str, Any] = await self._stage.store.read_value(row.provenance_cid)
        return record

    async def explain(self, run_id: str, who: Principal, against: str | None = None) -> Explanation:
        """Why each step of a run was computed, or was not, compared with the run ``against``, or with the newest one
        before it of the same recipe. Raises NotFound where one of both is not there or has no plan."""
        row = await self._planned(run_id, who)
        if against is None:
            before = await self._explainer.earlier(row)
        else:
            before = await self._explainer.read(await self._planned(against, who))
        return await self._explainer.explain(row, await self._steps(run_id), before)

    async def events(self, run_id: str, who: Principal, after: int | None) -> AsyncIterator[Event]:
        """The run's events; ends after its last one. A run that ended before this start, or on another node, has one
        event: how it ended. Raises NotFound before there are any."""
        live = self._active.get(run_id)
        if live is None:
            await self._row(run_id, who)
        else:
            _seen(run_id, live.row, who)
        return self._told(run_id, after)

    async def _told(self, run_id: str, after: int | None) -> AsyncIterator[Event]:
        def here() -> bool:
            return self._active.get(run_id) is not None

        ended = False
        if not here():
            row = await self._database.runs.get(run_id)
            if row is None:
                return
            ended = row.status in RUN_TERMINAL
            if ended and not self._events.has(run_id, row.status):
                yield Event((after or 0) + 1, "run", run_data(row))
                return
        local = ended or here()
        events = self._events.follow(run_id, after) if local else follow(self._database, run_id, after or 0, here)
        async with aclosing(events):
            async for event in events:
                yield event

    def _forget(self, task: asyncio.Task[Any]) -> None:
        self._background.discard(task)
        if not task.cancelled():
            task.exception()

    def _turn(self, name: str) -> asyncio.Lock:
        """Cancelling, retrying and deleting one run, and starting one under the same key: one after the other."""
        return self._turns.setdefault(name, asyncio.Lock())

    async def _through(self, work: Coroutine[Any, Any, T]) -> T:
        """The result of ``work``, which is carried through even if the one who asked goes away half-way."""
        task = asyncio.create_task(work)
        self._background.add(task)
        task.add_done_callback(self._forget)
        return await asyncio.shield(task)

    async def _analyze(self, what: Planning, who: Principal) -> tuple[dict[str, MediaFacts], dict[str, Analysis]]:
        FOR.set(who.name)
        with self._planning.one(who.name):
            return await self._planner.analyze(what)

    async def _before(self, key: Key) -> RunRow | None:
        """The run that was started under ``key``. Raises Conflict if it is for another request."""
        row = await self._database.runs.by_key(key.name)
        if row is None:
            return None
        if expired(row.created_at):
            await self._database.runs.forget_key(row.run_id, key.name)
            return None
        key.check(row.request_digest)
        return row

    async def _start(self, request: RunRequest, who: Principal, key: Key | None) -> RunRow:
        if key is None:
            return await self._accept(request, who, None)
        async with self._turn(key.name):
            return await self._before(key) or await self._accept(request, who, key)

    async def _accept(self, request: RunRequest, who: Principal, key: Key | None) -> RunRow:
        with self._places.one(who.name), self._stage.store.uses.work():
            await self._stage.library.quota.check(who, 1)
            bound = await self._binder.bind_run(request, who)
            row = RunRow(
                run_id=self._binder.new_id(),
                status="pending",
                recipe_id=bound.recipe_id,
                recipe_name=bound.recipe_name,
                effect=bound.effect,
                inputs=bound.inputs,
                params=bound.params,
                plan_id=bound.plan_id,
                given_plan=bound.plan_id is not None,
                owner=who.name,
                idempotency_key=key.name if key else None,
                request_digest=key.digest if key else None,
                created_at=now(),
                node_id=self._active.node_id,
                fence=1,
            )
            # From here on its inputs are a run's, which keeps them from being deleted.
            async with self._stage.library.held(bound.inputs.values(), who):
                new = await self._database.runs.insert(row)
            if new:
                self._active.perform(row, bound.what)
                return row
        # A request with this key came first, to another node on this database.
        before = await self._before(key) if key else None
        if before is None:
            raise Conflict("this run exists already")
        return before

    async def _cancel(self, run_id: str, who: Principal) -> None:
        async with self._turn(run_id):
            row = await self._row(run_id, who)
            if row.status in RUN_TERMINAL or not await self._active.cancel(run_id):
                status = (await self._row(run_id, who)).status
                raise Conflict(f"run {run_id} is {status}: only an active run can be cancelled")

    async def _retry(self, run_id: str, who: Principal, key: Key | None) -> None:
        async with self._turn(run_id):
            row = await self._row(run_id, who)
            if key and self._retries.seen(key):
                return
            with self._places.one(row.owner):
                if not await self._database.runs.reopen(run_id, self._active.node_id):
                    raise Conflict(f"run {run_id} is {row.status}: only a failed or cancelled run can be tried again")
                if key:
                    self._retries.note(key)
                self._events.reopen(run_id)
                self._active.perform(await self._row(run_id, who))

    async def _delete(self, run_id: str, who: Principal) -> None:
        async with self._turn(run_id):
            row = await self._row(run_id, who)
            if row.status not in RUN_TERMINAL:
                await self._active.cancel(run_id)
            await self._database.runs.delete(run_id)

    async def _row(self, run_id: str, who: Principal) -> RunRow:
        return _seen(run_id, await self._database.runs.get(run_id), who)

    async def _planned(self, run_id: str, who: Principal) -> RunRow:
        row = await self._row(run_id, who)
        if row.plan_id is None:
            raise NotFound(f"run {run_id} has no plan yet: it is {row.status}")
        return row

    async def _view(self, row: RunRow) -> RunView:
        return run_view(row, await self._steps(row.run_id), self._active.get(row.run_id))

    async def _steps(self, run_id: str) -> Sequence[StepRow]:
        live = self._active.get(run_id)
        return list(live.steps.values()) if live else await self._database.runs.steps(run_id)

    async def _known(self, made: Any) -> dict[str, str]:
        return await self._stage.compute.known([step.cache_id for step in made.steps])


def _seen(run_id: str, row: RunRow | None, who: Principal) -> RunRow:
    """``row``, if it is there and ``who`` sees it. Raises NotFound."""
    if row is None or who.sees not in (None, row.owner):
        raise NotFound(f"no run {run_id} here", advice="artdagctl runs list shows what there is.")
    return row
