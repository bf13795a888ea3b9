"""The life of one run as a task: phases in order, every ending made durable."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress

import msgspec

from artdagd.database import Database
from artdagd.database.actions import ActionRow
from artdagd.database.clock import now
from artdagd.database.runs import RunFailure, RunRow
from artdagd.database.trouble import Away
from artdagd.delivery import FORMATS
from artdagd.errors import ArtdagError
from artdagd.plans.model import Plan
from artdagd.runs.binding import Binder
from artdagd.runs.compute import FOR, RUN, Compute
from artdagd.runs.execution import Execution, Planner, Planning
from artdagd.runs.library import Library
from artdagd.runs.live import LiveRun
from artdagd.runs.machine import RUN_TERMINAL
from artdagd.runs.parted import parted
from artdagd.runs.provenance import provenance
from artdagd.steps.catalogue import Catalogue
from artdagd.store.blobs import BlobStore

log = logging.getLogger(__name__)

AWAY_PAUSE = 1.0
"""Seconds after which a run looks again whether the database is back; a look takes some seconds itself."""


class Stage(msgspec.Struct, frozen=True):
    """What every run plays on."""

    store: BlobStore
    database: Database
    compute: Compute
    library: Library
    catalogue: Catalogue


class Performance:
    """One run from pending to a terminal state."""

    def __init__(
        self, stage: Stage, planner: Planner, binder: Binder, live: LiveRun, what: Planning | None = None
    ) -> None:
        self._stage = stage
        self._planner = planner
        self._binder = binder
        self._live = live
        self._what = what

    async def perform(self, row: RunRow) -> None:
        """Never raises but CancelledError: what goes wrong becomes the run's error.

        A database that is away ends no run: when it is back, the phases are walked again, as after a restart.
        """
        FOR.set(row.owner)
        RUN.set(row.run_id)
        current: RunRow | None = row
        while current is not None and current.status not in RUN_TERMINAL:
            try:
                return await self._walk(current)
            except Away as error:
                log.warning("run %s waits: %s", row.run_id, error.detail)
                current = await self._again(row.run_id)
        if current is not None and current.fence == row.fence:
            # It ended with a word that was lost with the connection.
            self._live.tell(current.status, output_cid=current.output_cid, error=current.error)
        return None

    async def _walk(self, row: RunRow) -> None:
        try:
            with self._stage.store.uses.work():
                await self._through(row)
        except Away:
            raise
        except ArtdagError as error:
            await self._fail(error.title, error.told, error.advice)
        except asyncio.CancelledError:
            raise
        except Exception:
            log.exception("run %s failed in the daemon", row.run_id)
            await self._fail("Internal error", "the daemon could not carry out this run; its log says why.")

    async def _again(self, run_id: str) -> RunRow | None:
        """The run as it is when the database is back."""
        while True:
            await asyncio.sleep(AWAY_PAUSE)
            with suppress(Away):
                return await self._stage.database.runs.get(run_id)

    async def _through(self, row: RunRow) -> None:
        await self._stage.compute.arrived(row.begins_with)
        row = msgspec.structs.replace(row, started_at=row.started_at or now())
        made, plan_id = await self._planned(row)
        stage = self._stage
        actions = await self._actions(made)
        known = await stage.compute.reachable({cache_id: found.output_cid for cache_id, found in actions.items()})
        execution = Execution(made, known, self._live, self._planner, stage.compute, stage.store)
        output_cid = await execution.run(plan_id=plan_id, started_at=row.started_at)
        if output_cid is not None:
            row = msgspec.structs.replace(row, plan_id=plan_id, passes_run=execution.passes_run)
            actions = await self._actions(made) if execution.anew else actions
            await self._complete(row, made, output_cid, actions)

    async def _actions(self, made: Plan) -> dict[str, ActionRow]:
        return await self._stage.database.actions.get_many([step.cache_id for step in made.steps])

    async def _planned(self, row: RunRow) -> tuple[Plan, str]:
        """Phases 1 and 2, or the plan that was given; and its CID.

        The run enters them where a worker has to look at an input: what takes no time is not worth a commit each.
        """
        if row.given_plan and row.plan_id:
            return await self._binder.read_plan(row.plan_id), row.plan_id
        analyzed = False

        async def begin() -> None:
            nonlocal analyzed
            if not analyzed:
                analyzed = await self._live.enter("analyzing", started_at=row.started_at)

        what = self._what or await self._binder.rebind(row)
        facts, analyses = await self._planner.analyze(what, begin)
        if analyzed:
            await self._live.enter("planning")
        made = await self._planner.plan(what, facts, analyses)
        return made, await self._planner.keep(made)

    async def _complete(self, row: RunRow, made: Plan, output_cid: str, actions: dict[str, ActionRow]) -> None:
        finished_at = now()
        stage = self._stage
        parts, parts_actions = await parted(made, actions, stage.database.actions, self._planner.parts)
        actions |= parts_actions
        record = provenance(row, made, output_cid, finished_at, actions, stage.catalogue, parts)
        blob = await stage.store.put_value(record, "blobs")
        size = (await stage.store.path(output_cid)).stat().st_size
        delivery = made.delivery
        assert delivery is not None
        name, media_type = made.file_name(output_cid, delivery), FORMATS[delivery.format].media_type
        await stage.library.record(output_cid, size, filename=name, owner=row.owner, media_type=media_type)
        await self._live.enter(
            "completed",
            output_cid=output_cid,
            provenance_cid=blob.cid,
            passes_run=row.passes_run,
            finished_at=finished_at,
        )

    async def _fail(self, title: str, detail: str, advice: str = "") -> None:
        steps = self._live.steps
        failed = next((step.step_id for step in steps.values() if step.status == "failed"), None)
        await self._live.change(tuple(steps), "cancelled")
        await self._live.enter("failed", error=RunFailure(failed, title, detail, advice), finished_at=now())
