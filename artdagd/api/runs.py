"""Runs: start, look, follow, cancel, retry, delete."""

from __future__ import annotations

from typing import Any

from quart import Response

from artdagd.api import sse
from artdagd.api.calls import Call
from artdagd.api.requests import ExplainQuery, RunBody, RunsQuery
from artdagd.api.routes import FORM, Page, Section
from artdagd.api.views import analysis, artifacts, comparison, plans
from artdagd.api.views import runs as views
from artdagd.errors import Conflict, InvalidRecipe, NotFound, StorageFull, TooBusy
from artdagd.runs import views as answers
from artdagd.runs.views import Entry, Explanation, PlanView, RunRequest, RunView

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


@section.route("GET", "/runs", "List runs", page=Page("runs.html", views.runs))
async def list_runs(call: Call, query: RunsQuery) -> answers.Page[RunView]:
    return await call.services.runs.list(call.who, query.status, query.recipe, query.page, query.limit)


@section.route("GET", "/runs/{run_id}", "Show a run", errors=(NotFound,), page=Page("run.html", views.run))
async def show_run(call: Call, run_id: str) -> RunView:
    return await call.services.runs.get(run_id, call.who)


@section.route("GET", "/run/{run_id}", "Show a run (as a page)", errors=(NotFound,), page=Page("run.html", views.run))
async def see_run(call: Call, run_id: str) -> RunView:
    return await show_run(call, run_id)


@section.route("GET", "/api/run/{run_id}", "Show a run (always JSON)", errors=(NotFound,))
async def show_api_run(call: Call, run_id: str) -> RunView:
    return await call.services.runs.get(run_id, call.who)


@section.route("DELETE", "/runs/{run_id}", "Delete a run", status=204, scope="write", errors=(NotFound,))
async def delete_run(call: Call, run_id: str) -> None:
    """Cancels it first if it is active. Its results stay in the cache."""
    await call.services.runs.delete(run_id, call.who)


@section.route(
    "POST",
    "/runs/{run_id}/delete",
    "Delete a run, from a form",
    status=303,
    scope="write",
    takes=(FORM,),
    form="/runs",
    errors=(NotFound,),
)
async def delete_run_form(call: Call, run_id: str) -> None:
    await delete_run(call, run_id)


@section.route(
    "POST",
    "/runs/{run_id}/cancel",
    "Cancel a run",
    status=202,
    scope="write",
    errors=(NotFound, Conflict),
    form="/run/{run_id}",
)
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
    form="/run/{run_id}",
)
async def retry_run(call: Call, run_id: str) -> RunView:
    """For a failed or cancelled run; finished steps come from the cache."""
    return await call.services.runs.retry(run_id, call.who, call.idempotency_key)


@section.route("GET", "/api/run/{run_id}/plan", "Show a run's plan", errors=(NotFound,))
async def show_run_plan(call: Call, run_id: str) -> PlanView:
    return await call.services.runs.plan_of(run_id, call.who)


@section.route("GET", "/api/run/{run_id}/explain", "Say why each step of a run was computed", errors=(NotFound,))
async def explain_run(call: Call, run_id: str, query: ExplainQuery) -> Explanation:
    """Compared with another run: the one that `against` names, else the newest one before it of the same recipe (by
    name) or effect whose plan is known. Only the first step that changed is a `cause`; those behind it say through
    which of their inputs the change came."""
    return await call.services.runs.explain(run_id, call.who, query.against)


@section.route("GET", "/api/run/{run_id}/analysis", "Show what a run's analysis found", errors=(NotFound,))
async def show_run_analysis(call: Call, run_id: str) -> dict[str, Any]:
    return await call.services.runs.analysis_of(run_id, call.who)


@section.route(
    "GET", "/run/{run_id}/plan", "Show a run's plan (as a page)", errors=(NotFound,), page=Page("plan.html", plans.plan)
)
async def see_run_plan(call: Call, run_id: str) -> PlanView:
    return await show_run_plan(call, run_id)


@section.route(
    "GET",
    "/run/{run_id}/analysis",
    "Show what a run's analysis found (as a page)",
    errors=(NotFound,),
    page=Page("analysis.html", analysis.analysis),
)
async def see_run_analysis(call: Call, run_id: str) -> dict[str, Any]:
    return await show_run_analysis(call, run_id)


@section.route(
    "GET",
    "/run/{run_id}/artifacts",
    "Show what a run's steps made",
    errors=(NotFound,),
    page=Page("artifacts.html", artifacts.artifacts),
)
async def see_run_artifacts(call: Call, run_id: str) -> RunView:
    """Every result that is kept, with its picture; as JSON it is the run, whose steps have their `output_cid`."""
    return await show_run(call, run_id)


@section.route(
    "POST",
    "/run/{run_id}/artifacts/{step_id}",
    "Keep what a step made among one's media",
    status=201,
    scope="write",
    form="/cache/{cid}",
    errors=(NotFound, Conflict, StorageFull),
)
async def keep_artifact(call: Call, run_id: str, step_id: str) -> Entry:
    """Results of steps other than the output are kept without being anybody's medium, and may be evicted."""
    return await call.services.runs.keep(run_id, step_id, call.who)


@section.route(
    "GET",
    "/run/{run_id}/compare",
    "Compare a run with another",
    errors=(NotFound,),
    page=Page("comparison.html", comparison.comparison),
)
async def compare_runs(call: Call, run_id: str, query: ExplainQuery) -> Explanation:
    """The page has both results side by side; as JSON it is what `/api/run/{run_id}/explain` answers."""
    return await explain_run(call, run_id, query)


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

    A `step` comes when its state changes, and when a further worker has been given a part of it.
    Resumes after `Last-Event-ID`, and ends after the run's last event. A listener that is too slow is sent `resync` and
    has to connect again. A comment comes every 15 s of silence.
    """
    after = sse.last_event_id(call.request.headers.get("Last-Event-ID"))
    events = await call.services.runs.events(run_id, call.who, after)
    allowed = call.services.authority.watch(call.who)
    call.hold(call.app.streams)
    return sse.stream(events, call.app.draining, allowed)
