"""The three phases one by one: plan, execute, or both at once."""

from __future__ import annotations

from artdagd.api.calls import Call
from artdagd.api.requests import ExecuteBody
from artdagd.api.routes import Section
from artdagd.errors import Conflict, InvalidRecipe, NotFound, StepFailed, StorageFull, TooBusy, Unavailable
from artdagd.runs.views import PlanRequest, PlanView, RunRequest, RunView

section = Section("Phases", "Analyze and plan, then execute.")


@section.route(
    "POST",
    "/api/plan",
    "Analyze and plan",
    scope="write",
    errors=(NotFound, InvalidRecipe, StepFailed, TooBusy, Unavailable),
)
async def make_plan(call: Call, body: PlanRequest) -> PlanView:
    """Renders nothing. Says which results exist already. If analysis takes long: 503, ask again."""
    return await call.services.runs.plan(body, call.who)


@section.route(
    "POST",
    "/api/execute",
    "Execute a plan",
    status=202,
    scope="write",
    errors=(NotFound, Conflict, InvalidRecipe, TooBusy, StorageFull),
    headers=("Idempotency-Key",),
    follow="/runs/{run_id}",
)
async def execute_plan(call: Call, body: ExecuteBody) -> RunView:
    request = RunRequest(plan_id=body.plan_id, plan=body.plan)
    return await call.services.runs.start(request, call.who, call.idempotency_key)


@section.route(
    "POST",
    "/api/run-recipe",
    "Analyze, plan and execute",
    status=202,
    scope="write",
    errors=(NotFound, Conflict, InvalidRecipe, TooBusy, StorageFull),
    headers=("Idempotency-Key",),
    follow="/runs/{run_id}",
)
async def run_recipe_text(call: Call, body: PlanRequest) -> RunView:
    request = RunRequest(recipe=body.recipe, recipe_yaml=body.recipe_yaml, inputs=dict(body.inputs), params=body.params)
    return await call.services.runs.start(request, call.who, call.idempotency_key)
