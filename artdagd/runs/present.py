"""Rows and plans as the API shows them."""

from __future__ import annotations

from collections.abc import Sequence

from artdagd.database.runs import RunRow, StepRow
from artdagd.plans.model import Pass, Plan
from artdagd.runs.foreseeing import Foreseen
from artdagd.runs.live import LiveRun
from artdagd.runs.machine import RUN_TERMINAL, STEP_TERMINAL
from artdagd.runs.views import PassView, PlanStepView, PlanView, Progress, RecipeRef, RunView, SegmentView, StepView


def plan_view(plan_id: str, made: Plan, known: dict[str, str], foreseen: Foreseen | None = None) -> PlanView:
    """``known`` gives cache id -> output CID of results that exist, ``foreseen`` what a run would cost."""
    seconds = foreseen.seconds if foreseen else {}
    return PlanView(
        plan_id=plan_id,
        recipe_id=made.recipe_id,
        name=made.name,
        inputs=made.inputs,
        params=made.params,
        output=made.output,
        steps=[
            PlanStepView(
                step_id=step.step_id,
                recipe_step=step.recipe_step,
                type=step.type,
                config=step.config,
                inputs=list(step.inputs),
                cache_id=step.cache_id,
                identity=step.identity,
                level=step.level,
                pass_id=step.pass_id,
                cached=step.cache_id in known,
                output_cid=known.get(step.cache_id),
            )
            for step in made.steps
        ],
        levels=[list(level) for level in made.levels],
        passes=[_pass_view(item, item.pass_id in known, seconds.get(item.pass_id)) for item in made.passes],
        estimate=foreseen.estimate if foreseen else None,
        against=foreseen.against if foreseen else None,
        reasons=list(foreseen.reasons) if foreseen else [],
    )


def _pass_view(item: Pass, cached: bool, seconds: float | None) -> PassView:
    segments = [SegmentView(part.segment_id, part.first, part.frames) for part in item.segments]
    return PassView(item.pass_id, list(item.steps), cached, seconds, segments, item.whole)


def run_view(row: RunRow, steps: Sequence[StepRow], live: LiveRun | None) -> RunView:
    """``live`` is given for an active run: it knows the progress."""
    progress = live.overall() if live else overall(row, steps)
    recipe = RecipeRef(row.recipe_id, row.recipe_name or "") if row.recipe_id else None
    return RunView(
        run_id=row.run_id,
        status=row.status,
        recipe=recipe,
        effect=row.effect,
        inputs=row.inputs,
        params=row.params,
        plan_id=row.plan_id,
        output_cid=row.output_cid,
        error=row.error,
        progress=progress,
        created_at=row.created_at,
        started_at=row.started_at,
        finished_at=row.finished_at,
        owner=row.owner,
        provenance_cid=row.provenance_cid,
        passes_run=row.passes_run,
        steps=[_step_view(step, live) for step in steps],
    )


def overall(row: RunRow, steps: Sequence[StepRow]) -> Progress:
    """How far a run is by what is kept of it: of passes in flight nothing is known."""
    done, total = sum(step.status in STEP_TERMINAL for step in steps), len(steps)
    if row.status in RUN_TERMINAL or not total:
        return Progress(done, total, 1.0 if row.status == "completed" else 0.0)
    return Progress(done, total, done / total)


def _step_view(step: StepRow, live: LiveRun | None) -> StepView:
    # A run that was just taken up has steps in the database before it is planned again.
    now = live.steps.get(step.step_id) if live else None
    ended = 1.0 if step.status in ("completed", "cached", "fused") else 0.0
    return StepView(
        step_id=step.step_id,
        type=step.type,
        status=step.status,
        level=step.level,
        cache_id=step.cache_id,
        output_cid=step.output_cid,
        cached=step.cached,
        pass_id=step.pass_id,
        worker=now.worker if now else step.worker,
        fraction=live.fraction(step.step_id) if live and now else ended,
        started_at=step.started_at,
        finished_at=step.finished_at,
        error=step.error,
        by_content=step.by_content,
    )
