"""Why each step of a run was computed, or was not: what differs from an earlier run, and what became of its results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

import msgspec

from artdagd.database import Database
from artdagd.database.runs import RunRow, StepRow
from artdagd.errors import ArtdagError
from artdagd.plans.explain import Difference, compare
from artdagd.plans.model import Plan
from artdagd.plans.segments import rate_of
from artdagd.runs.aside import aside
from artdagd.runs.binding import Binder
from artdagd.runs.fates import Fates, during, found
from artdagd.runs.performance import Stage
from artdagd.runs.provenance import took_part
from artdagd.runs.views import ExplainedSegments, ExplainedStep, Explanation
from artdagd.steps.catalogue import Catalogue
from artdagd.store import BlobStore

CANDIDATES = 8
"""Earlier runs of which the newest whose plan can be read is compared with."""


class Earlier:
    """A run to compare with: its plan, and its steps by cache id."""

    def __init__(self, row: RunRow, made: Plan, steps: Sequence[StepRow]) -> None:
        self.row = row
        self.made = made
        self.steps = {step.cache_id: step for step in steps if step.cache_id}


class Explainer:
    """Compares runs. Whose they are is for the caller to check."""

    def __init__(self, stage: Stage, binder: Binder) -> None:
        self._store: BlobStore = stage.store
        self._database: Database = stage.database
        self._catalogue: Catalogue = stage.catalogue
        self._binder = binder

    async def earlier(self, row: RunRow) -> Earlier | None:
        """The newest run before ``row``, of the same owner and the same recipe (by name) or effect, whose plan is
        known."""
        return await self._first(await self._database.runs.before(row, CANDIDATES))

    async def latest(self, owner: str, name: str) -> Earlier | None:
        """The newest run of ``owner`` of the recipe called ``name`` whose plan is known."""
        return await self._first(await self._database.runs.latest(owner, name, CANDIDATES))

    async def _first(self, rows: Sequence[RunRow]) -> Earlier | None:
        for row in rows:
            with suppress(ArtdagError):
                return await self.read(row)
        return None

    async def read(self, row: RunRow) -> Earlier:
        """Raises NotFound, or another error of the store, where a run's plan can't be read."""
        made = await self._binder.read_plan(row.plan_id or "")
        return Earlier(row, made, await self._database.runs.steps(row.run_id))

    async def explain(self, row: RunRow, steps: Sequence[StepRow], before: Earlier | None) -> Explanation:
        """Why the steps of the run ``row`` were computed, or were not. Raises as :meth:`read`."""
        made = await self._binder.read_plan(row.plan_id or "")
        names = await self.names(made, row, before.row if before else None)
        differences = await aside(compare, made, before.made if before else None, names)
        actions = await self._database.actions.get_many([item.pass_id for item in made.passes])
        planned = {step.step_id: step for step in made.steps}
        became = {step.step_id: step for step in steps}
        parted = await self._parted(made, row, became, before)
        told = []
        for difference in differences:
            step = became.get(difference.step_id)
            action = actions.get(planned[difference.step_id].cache_id)
            ran = step is not None and _status(step) == "ran"
            segments, spent = parted.get(difference.step_id, (None, 0.0))
            seconds = action.seconds + spent if ran and action else None
            one = _explained(difference, planned[difference.step_id].type, step, before, made, seconds)
            told.append(msgspec.structs.replace(one, segments=segments))
        return Explanation(row.run_id, before.row.run_id if before else None, told)

    async def _parted(
        self, made: Plan, row: RunRow, became: Mapping[str, StepRow], before: Earlier | None
    ) -> dict[str, tuple[ExplainedSegments, float]]:
        """What became of the parts of each pass that is made in parts, and the seconds that they took, by its step."""
        recorded = await self._database.actions.get_many(list(parts(made)))
        copied = await found(during(row, recorded.values()), self._database.actions)
        planned = parts(before.made) if before else {}
        fates = Fates(row, before.row if before else None, planned, recorded, copied)
        told = {}
        for item in made.passes:
            if item.segments:
                step = became.get(item.steps[-1])
                there = step is not None and step.status == "cached" and not step.by_content
                told[item.steps[-1]] = fates.told(item, rate_of(item, made.extents), there)
        return told

    async def names(self, made: Plan, *rows: RunRow | None) -> dict[str, str]:
        """What the identities of implementations are called, as far as the catalogue and the runs' provenance know."""
        found = {identity.cid: called(identity.record) for _, identity in took_part(made, self._catalogue)}
        for row in rows:
            if row and row.provenance_cid:
                with suppress(ArtdagError, ValueError, LookupError):
                    record = await self._store.read_value(row.provenance_cid)
                    found |= {one["cid"]: called(one) for one in record["effects"]}
        return found


def parts(made: Plan) -> dict[str, None]:
    """The names of the parts of a plan's passes, each once."""
    return dict.fromkeys(name for item in made.passes for name in item.parts)


def called(record: Mapping[str, Any]) -> str:
    """What the identity of an implementation is called: whose, which, and in which version."""
    return " ".join(str(record[key]) for key in ("distribution", "name", "version") if record.get(key))


def _status(step: StepRow) -> str:
    if step.status == "completed":
        return "ran"
    return "cached" if step.status == "fused" and step.cached else str(step.status)


def _explained(
    difference: Difference, kind: str, step: StepRow | None, before: Earlier | None, made: Plan, seconds: float | None
) -> ExplainedStep:
    status = _status(step) if step else "pending"
    reason: str = difference.reason
    detail = difference.detail
    if step and step.by_content:
        reason = "inputs equal by content"
        detail = "what it reads came about in another way, and is the same to the byte as what was read before"
    elif reason == "nothing changed" and step and before:
        reason, detail = _unchanged(status, step, before, made)
    elif status == "cached":
        detail += "; its result was there all the same"
    return ExplainedStep(
        step_id=difference.step_id,
        type=kind,
        status=status,
        reason=reason,
        detail=detail,
        changes=list(difference.changes),
        cause=difference.cause,
        seconds=seconds,
    )


def _unchanged(status: str, step: StepRow, before: Earlier, made: Plan) -> tuple[str, str]:
    """Reason and detail of a step that is the same computation as in the run before."""
    if status == "cached":
        return "nothing changed", "its result was there"
    if status == "fused":
        last = next((item.steps[-1] for item in made.passes if item.pass_id == step.pass_id), step.step_id)
        return "nothing changed", f"nothing changed; it is computed on the way to `{last}`, and not stored"
    old = before.steps.get(step.cache_id or "")
    if status == "ran" and old and old.output_cid:
        return "evicted", f"its result, …{old.output_cid[-8:]}, was made before and has gone from the cache"
    if status == "ran" and old and old.status == "fused":
        return "not stored", "nothing changed; the earlier run computed it on the way, and did not store it"
    if status == "ran":
        was = f"was {old.status} there" if old else "had no result there"
        return "unfinished", f"nothing changed; the earlier run did not finish it: it {was}"
    return "nothing changed", "nothing changed"
