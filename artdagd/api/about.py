"""The node itself: health, workers, the nodes beside it, plugins, what can be used in a recipe."""

from __future__ import annotations

from typing import Any

import msgspec
from quart import Response

from artdagd.api.calls import Call
from artdagd.api.requests import Health, Items
from artdagd.api.routes import Page, Section
from artdagd.auth.principal import Principal
from artdagd.hooks.manager import PluginInfo
from artdagd.runs.membership import NodeView

section = Section("Node", "Health, workers, plugins, and everything that a recipe can use.")


class TaskView(msgspec.Struct, frozen=True):
    """What a worker does, and ``since`` when; ``run_id`` is the run that it is for, if that is the reader's to see."""

    what: str
    since: str
    run_id: str | None


class WorkerView(msgspec.Struct, frozen=True):
    """A worker process. ``doing`` names its passes, ``memory`` is bytes resident, ``since`` when it joined. It gets
    ``blobs`` from the node's ``folder``, or over ``http``; ``sandbox`` says how it is restricted. ``tasks`` say more of
    what it is ``doing``."""

    name: str
    state: str
    doing: list[str]
    done: int
    failed: int
    memory: int | None
    pid: int
    host: str
    since: str
    blobs: str
    sandbox: str = ""
    tasks: list[TaskView] = []


class StepInfo(msgspec.Struct, frozen=True):
    """A step type, effect or analyzer. ``config_schema`` is JSON Schema; ``features`` is an analyzer's."""

    name: str
    kind: str
    plugin: str
    version: str
    description: str
    inputs: list[dict[str, Any]]
    config_schema: dict[str, Any]
    example: dict[str, Any]
    features: dict[str, str] = {}


@section.route("GET", "/healthz", "Tell whether work is accepted", scope=None)
async def health(call: Call) -> Health | Response:
    """503 while the node starts or stops. 200 also where it is `degraded`, with the `reasons`: it takes work."""
    state = call.health()
    if state.status in ("ok", "degraded"):
        return state
    return Response(msgspec.json.encode(state), 503, {"Retry-After": "2"}, content_type="application/json")


@section.route("GET", "/workers", "List workers", page=Page("workers.html"))
async def list_workers(call: Call) -> Items[WorkerView]:
    return Items([_worker(one, call.who) for one in call.services.workers()])


def _worker(one: Any, who: Principal) -> WorkerView:
    tasks = [
        TaskView(task.what, task.since, (task.run_id or None) if who.sees in (None, task.whose) else None)
        for task in one.tasks
    ]
    return WorkerView(**{name: getattr(one, name) for name in WorkerView.__struct_fields__} | {"tasks": tasks})


@section.route("GET", "/nodes", "List nodes", page=Page("nodes.html"))
async def list_nodes(call: Call) -> Items[NodeView]:
    """Every node on this database, with the unfinished runs that are its own; `this` is the one that answers."""
    return Items(list(await call.services.nodes()))


@section.route("GET", "/plugins", "List plugins", page=Page("plugins.html"))
async def list_plugins(call: Call) -> Items[PluginInfo]:
    """What each provides, and what failed to load."""
    return Items(list(call.services.plugins.report()))


@section.route("GET", "/api/steps", "List step types, effects and analyzers")
async def list_steps(call: Call) -> Items[StepInfo]:
    return Items(msgspec.convert(call.services.catalogue.describe(), list[StepInfo]))
