"""What a plan would cost before it is run: which passes, how long they may take, and why each of their steps."""

from __future__ import annotations

from collections.abc import Container, Mapping
from fractions import Fraction

import msgspec

from artdagd.database import Database
from artdagd.plans.estimates import Measures, Past, estimate
from artdagd.plans.explain import compare
from artdagd.plans.model import Pass, Plan
from artdagd.plans.parts import outside
from artdagd.plans.segments import rate_of
from artdagd.runs.aside import aside
from artdagd.runs.execution import Planner, needed
from artdagd.runs.explaining import Earlier, Explainer, parts
from artdagd.runs.parts import HEARD
from artdagd.runs.views import Estimate, StepReason


class Foreseen(msgspec.Struct, frozen=True):
    """``seconds`` are of the passes that would run, by pass id, None where nothing is known; ``segments`` and
    ``sounds`` are the parts that would be made of those that are made in parts; ``film`` is how many seconds of picture
    that is, and what is made in one piece, None where it is not known; ``against`` is the run that ``reasons`` compare
    with.
    """

    seconds: dict[str, float | None] = {}
    segments: int = 0
    sounds: int = 0
    film: float | None = 0.0
    reasons: tuple[StepReason, ...] = ()
    against: str | None = None

    @property
    def estimate(self) -> Estimate:
        known = [each for each in self.seconds.values() if each is not None]
        seconds = sum(known) if len(known) == len(self.seconds) else None
        return Estimate(seconds, len(self.seconds), self.segments, self.sounds, self.film)


class Lacking(msgspec.Struct, frozen=True):
    """What would be made of a pass that is made in parts: ``frames`` of its picture at ``fps``, in ``segments``, and
    its ``sound`` or not. Segments that are the same computation are made once."""

    segments: int
    frames: int
    fps: Fraction
    sound: bool

    @classmethod
    def of(cls, item: Pass, fps: Fraction, known: Container[str]) -> Lacking:
        """``known`` are the names of parts that are there."""
        left = {part.segment_id: part.frames for part in item.segments if part.segment_id not in known}
        return cls(len(left), sum(left.values()), fps, bool(item.sound) and item.sound not in known)

    @property
    def film(self) -> float:
        """Seconds of picture."""
        return float(self.frames / self.fps)

    def share(self, item: Pass) -> float:
        """How much of the work of the whole pass it is, and to put all parts together."""
        picture = self.frames / sum(part.frames for part in item.segments)
        return (1 - 2 * HEARD) * picture + HEARD * self.sound + HEARD


def to_run(made: Plan, known: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """The passes that would run and the steps that they would compute, if the results of ``known`` (by cache id) are
    there: from the output backwards, as an execution goes."""
    steps = {step.step_id: step for step in made.steps}
    passes = {item.pass_id: item for item in made.passes}
    kept = {step.step_id for step in made.steps if step.cache_id in known}
    found: dict[str, tuple[str, ...]] = {}
    waiting = [made.output_pass.pass_id] if made.output_pass else []
    while waiting:
        pass_id = waiting.pop()
        if pass_id in known or pass_id in found:
            continue
        ids = found[pass_id] = needed(passes[pass_id], steps, kept)
        sources = outside([steps[step_id] for step_id in ids])
        waiting += [steps[name].cache_id for name in sources if name not in kept and name not in made.inputs]
    return found


def _film(
    made: Plan, running: Mapping[str, tuple[str, ...]], lacking: Mapping[str, Lacking], measures: Measures | None
) -> float | None:
    """Seconds of picture to render; None where it takes ``measures``, and none are known."""
    pieces = [item.steps[-1] for item in made.passes if item.pass_id in running and item.pass_id not in lacking]
    if pieces and measures is None:
        return None
    whole = sum(measures.film(step_id) for step_id in pieces) if measures else 0.0
    return whole + sum(one.film for one in lacking.values())


class Foresight:
    """Estimates by what passes took so far, on this node and the others on its database."""

    def __init__(self, database: Database, planner: Planner, explainer: Explainer) -> None:
        self._database = database
        self._planner = planner
        self._explainer = explainer

    async def of(self, made: Plan, known: Mapping[str, str], owner: str) -> Foreseen:
        """What would run of ``made`` for ``owner``, where ``known`` (cache id -> output CID) exist."""
        running = await aside(to_run, made, known)
        if not running:
            return Foreseen()
        before = await self._explainer.latest(owner, made.name)
        lacking = await self._lacking(made, running)
        measures = await self._planner.measures(made)
        return Foreseen(
            await self._seconds(made, running, lacking, measures),
            sum(one.segments for one in lacking.values()),
            sum(one.sound for one in lacking.values()),
            _film(made, running, lacking, measures),
            await self._reasons(made, running, before),
            before.row.run_id if before else None,
        )

    async def _lacking(self, made: Plan, running: Mapping[str, tuple[str, ...]]) -> dict[str, Lacking]:
        """The parts that would be made, by pass."""
        parted = [item for item in made.passes if item.pass_id in running and item.segments]
        known = await self._planner.known(list(parts(made)))
        return {item.pass_id: Lacking.of(item, rate_of(item, made.extents), known) for item in parted}

    async def _seconds(
        self,
        made: Plan,
        running: Mapping[str, tuple[str, ...]],
        lacking: Mapping[str, Lacking],
        measures: Measures | None,
    ) -> dict[str, float | None]:
        """What was made before in one piece and is gone takes what it took; all else is estimated. Of a pass that is
        made in parts, those count that are lacking."""
        records = await self._database.actions.get_many([pass_id for pass_id in running if pass_id not in lacking])
        exact = {cache_id: row.seconds for cache_id, row in records.items() if row.seconds}
        past = [Past(*found) for found in await self._database.actions.measured()] if measures else []
        passes = {item.pass_id: item for item in made.passes}
        found: dict[str, float | None] = {}
        for pass_id, ids in running.items():
            found[pass_id] = exact.get(pass_id)
            if found[pass_id] is None and measures:
                item = passes[pass_id]
                whole = estimate(measures.measure(item, item.steps if item.segments else ids), past)
                share = lacking[pass_id].share(item) if pass_id in lacking else 1.0
                found[pass_id] = None if whole is None else whole * share
        return found

    async def _reasons(
        self, made: Plan, running: Mapping[str, tuple[str, ...]], before: Earlier | None
    ) -> tuple[StepReason, ...]:
        computed = {step_id for ids in running.values() for step_id in ids}
        stored = {made_by: step.output_cid for made_by, step in before.steps.items()} if before else {}
        cache_ids = {step.step_id: step.cache_id for step in made.steps}
        names = await self._explainer.names(made, before.row) if before else {}
        found = []
        for one in await aside(compare, made, before.made if before else None, names):
            if one.step_id not in computed:
                continue
            reason, detail = str(one.reason), one.detail
            if reason == "nothing changed" and stored.get(cache_ids[one.step_id]):
                reason, detail = "evicted", "its result was made before and has gone from the cache"
            elif reason == "nothing changed":
                detail = "nothing changed; its result was not stored"
            found.append(StepReason(one.step_id, reason, detail, list(one.changes), one.cause))
        return tuple(found)
