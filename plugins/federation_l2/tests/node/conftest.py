"""A whole node that belongs to a scripted registry, and people who are signed in through it."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from others import Other, ScriptedRegistry
from scripted import Answer, Scripted, scripted
from visitors import browser, sign_in

from artdagd.node import Node
from tests.nodes import STATE, running_node
from tests.ports import free_port

Running = Callable[..., AbstractAsyncContextManager[Node]]


@pytest.fixture(scope="session", autouse=True)
def state_of_workers(request: pytest.FixtureRequest) -> None:
    os.environ.setdefault(STATE, str(request.config.cache.mkdir("artdagd-state")))


@pytest.fixture
async def server() -> AsyncIterator[Scripted]:
    async with scripted() as made:
        yield made


@pytest.fixture
async def registry(server: Scripted) -> ScriptedRegistry:
    return ScriptedRegistry(server)


@pytest.fixture
async def elsewhere() -> AsyncIterator[Scripted]:
    """Another server of the fediverse."""
    async with scripted() as made:
        yield made


@pytest.fixture
def other(elsewhere: Scripted) -> Other:
    elsewhere.routes["POST", "/inbox"] = lambda _: Answer(202)
    return Other(elsewhere, "/users/ada")


@pytest.fixture
def running(tmp_path: Path, registry: ScriptedRegistry) -> Running:
    """Starts the node: again with the same home and port, if it was started before."""
    port = free_port()

    @asynccontextmanager
    async def start(**settings: Any) -> AsyncIterator[Node]:
        options: dict[str, Any] = {
            "port": port,
            "public_url": f"http://127.0.0.1:{port}",
            "outbound_private": ("127.0.0.1",),
            "plugins": {"federation_l2": {"server": registry.url, "domain": registry.domain}},
            "workers": 0,
            **settings,
        }
        async with running_node(tmp_path / "home", **options) as (node, _):
            yield node

    return start


@pytest.fixture
async def node(running: Running) -> AsyncIterator[Node]:
    async with running() as made:
        yield made


@pytest.fixture
async def visitor(node: Node) -> AsyncIterator[httpx.AsyncClient]:
    async with browser(node.url) as made:
        yield made


@pytest.fixture
async def giles(visitor: httpx.AsyncClient, registry: ScriptedRegistry, node: Node) -> httpx.AsyncClient:
    """A browser in which ``@giles@art.example`` is signed in."""
    await sign_in(visitor, registry.token(node.url))
    return visitor
