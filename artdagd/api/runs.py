"""Runs: start, look, follow, cancel, retry, delete."""

from __future__ import annotations

from typing import Any

from quart import Response

from artdagd.api import sse
from artdagd.api.calls import Call
from artdagd.api.requests import RunBody, RunsQuery
from artdagd.api.routes import Section
from artdagd.errors import Conflict, InvalidRecipe, NotFound, StorageFull, TooBusy
from artdagd.runs.views import Page, PlanView, RunRequest, RunView

section = Section("Runs", "Executions of plans, with their state, events and provenance.")


@section.route(
    "POST",
    "/runs",
    "Start a run",
    status=202,
    scope="write",
    errors=(NotFound, Conflict, InvalidRecipe, TooBusy, StorageFull),
    headers=("Idempotency-Key",),
    follow="/runs/{run_id}",
)
async def start_run(call: Call, body: RunBody) -> RunView:
    """A recipe on named inputs, or one effect on a list of inputs."""
    request = RunRequest(
        recipe=body.recipe, effect=body.effect, inputs=body.inputs, params=body.params, config=body.config
    )
    return await call.services.runs.start(request, call.who, call.idempotency_key)


@section.route("GET", "/runs", "List runs")
async def list_runs(call: Call, query: RunsQuery) -> Page[RunView]:
    return await call.services.runs.list(call.who, query.status, query.recipe, query.page, query.limit)


@section.route("GET", "/runs/{run_id}", "Show a run", errors=(NotFound,))
async def show_run(call: Call, run_id: str) -> RunView:
    return await call.services.runs.get(run_id, call.who)


@section.route("GET", "/api/run/{run_id}", "Show a run (always JSON)", errors=(NotFound,))
async def show_api_run(call: Call, run_id: str) -> RunView:
    return await call.services.runs.get(run_id, call.who)


@section.route("DELETE", "/runs/{run_id}", "Delete a run", status=204, scope="write", errors=(NotFound,))
async def delete_run(call: Call, run_id: str) -> None:
    """Cancels it first if it is active. Its results stay in the cache."""
    await call.services.runs.delete(run_id, call.who)


@section.route("POST", "/runs/{run_id}/cancel", "Cancel a run", status=202, scope="write", errors=(NotFound, Conflict))
async def cancel_run(call: Call, run_id: str) -> RunView:
    return await call.services.runs.cancel(run_id, call.who)


@section.route(
    "POST",
    "/runs/{run_id}/retry",
    "Try a run again",
    status=202,
    scope="write",
    errors=(NotFound, Conflict, TooBusy),
    headers=("Idempotency-Key",),
)
async def retry_run(call: Call, run_id: str) -> RunView:
    """For a failed or cancelled run; finished steps come from the cache."""
    return await call.services.runs.retry(run_id, call.who, call.idempotency_key)


@section.route("GET", "/api/run/{run_id}/plan", "Show a run's plan", errors=(NotFound,))
async def show_run_plan(call: Call, run_id: str) -> PlanView:
    return await call.services.runs.plan_of(run_id, call.who)


@section.route("GET", "/api/run/{run_id}/analysis", "Show what a run's analysis found", errors=(NotFound,))
async def show_run_analysis(call: Call, run_id: str) -> dict[str, Any]:
    return await call.services.runs.analysis_of(run_id, call.who)


@section.route("GET", "/api/run/{run_id}/provenance", "Show a run's provenance record", errors=(NotFound,))
async def show_run_provenance(call: Call, run_id: str) -> dict[str, Any]:
    return await call.services.runs.provenance_of(run_id, call.who)


@section.route(
    "GET",
    "/api/run/{run_id}/events",
    "Follow a run",
    gives="text/event-stream",
    errors=(NotFound, TooBusy),
    headers=("Last-Event-ID",),
)
async def follow_run(call: Call, run_id: str) -> Response:
    """Server-sent events `run`, `step`, `progress`, `log`; `resync` says that some were lost: read the run again.

    Resumes after `Last-Event-ID`, and ends after the run's last event. A listener that is too slow is sent `resync` and
    has to connect again. A comment comes every 15 s of silence.
    """
    after = sse.last_event_id(call.request.headers.get("Last-Event-ID"))
    await call.services.runs.get(run_id, call.who)
    allowed = call.services.authority.watch(call.who)
    call.hold(call.app.streams)
    return sse.stream(call.services.runs.events(run_id, after), call.app.draining, allowed)
