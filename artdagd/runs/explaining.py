"""Why each step of a run was computed, or was not: what differs from an earlier run, and what became of its results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

import msgspec

from artdagd.database import Database
from artdagd.database.actions import ActionRow
from artdagd.database.runs import RunRow, StepRow
from artdagd.errors import ArtdagError
from artdagd.plans.explain import Difference, compare
from artdagd.plans.model import Pass, Plan
from artdagd.runs.aside import aside
from artdagd.runs.binding import Binder
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
        named = [part.segment_id for item in made.passes for part in item.segments]
        actions = await self._database.actions.get_many([*(item.pass_id for item in made.passes), *named])
        parted = {item.steps[-1]: _segments(item, row, before, actions) for item in made.passes if item.segments}
        planned = {step.step_id: step for step in made.steps}
        became = {step.step_id: step for step in steps}
        told = []
        for difference in differences:
            step = became.get(difference.step_id)
            action = actions.get(planned[difference.step_id].cache_id)
            ran = step is not None and _status(step) == "ran"
            parts, spent = parted.get(difference.step_id, (None, 0.0))
            seconds = action.seconds + spent if ran and action else None
            one = _explained(difference, planned[difference.step_id].type, step, before, made, seconds)
            told.append(msgspec.structs.replace(one, segments=parts))
        return Explanation(row.run_id, before.row.run_id if before else None, told)

    async def names(self, made: Plan, *rows: RunRow | None) -> dict[str, str]:
        """What the identities of implementations are called, as far as the catalogue and the runs' provenance know."""
        found = {identity.cid: called(identity.record) for _, identity in took_part(made, self._catalogue)}
        for row in rows:
            if row and row.provenance_cid:
                with suppress(ArtdagError, ValueError, LookupError):
                    record = await self._store.read_value(row.provenance_cid)
                    found |= {one["cid"]: called(one) for one in record["effects"]}
        return found


def _segments(
    item: Pass, row: RunRow, before: Earlier | None, actions: Mapping[str, ActionRow]
) -> tuple[ExplainedSegments, float]:
    """What became of the segments of a pass, and the seconds that those took which were made for the run."""
    ids = [part.segment_id for part in item.segments]
    old = {part.segment_id for other in before.made.passes for part in other.segments} if before else set()
    since = row.started_at or row.created_at
    new = [actions[name] for name in ids if name in actions and actions[name].created_at >= since]
    # What was found by its content has a record of now, too, of what another took.
    made = [one for one in new if one.made_of is not None]
    changed = sum(name not in old for name in ids) if before else None
    return ExplainedSegments(len(ids), changed, len(made)), sum(one.seconds for one in made)


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
