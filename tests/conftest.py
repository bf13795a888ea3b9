"""What tests of all rooms share. Other modules of this folder are imported by their names."""

from __future__ import annotations

import functools
import gc
import itertools
import os
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import hypothesis
import pytest
import pytest_asyncio
from werkzeug.routing import Rule

sys.path.insert(0, str(Path(__file__).parent))

from nodes import EXAMPLES, STATE, Person, running_node

from artdagd.api import app as node_api
from artdagd.node import Node
from tests import bytecode, databases, postgres
from tests.needs import missing

# A machine that does other things besides is no fault of what is tested.
# `make test-slow` tries many examples of each property.
hypothesis.settings.register_profile("artdagd", deadline=None, max_examples=30)
hypothesis.settings.register_profile("many", deadline=None, max_examples=300)
hypothesis.settings.load_profile("artdagd")

# The same for every node of a version: a tenth of a second of each start.
node_api.document = functools.lru_cache(8)(node_api.document)
_compile, _compiled = Rule._compile_builder, {}


def _compiled_once(rule: Rule, append_unknown: bool = True) -> Any:
    """How addresses are built from ``rule``; compiled for each app anew, otherwise."""
    key = rule.rule, append_unknown, rule.subdomain, rule.host
    if key not in _compiled:
        _compiled[key] = _compile(rule, append_unknown)
    return _compiled[key]


Rule._compile_builder = _compiled_once  # type: ignore[method-assign]

LONGEST = (
    "tests/security", "tests/contract", "plugins/federation_l2", "tests/node", "tests/browser", "tests/cluster",
    "tests/plugins", "tests/cli", "tests/load", "tests/ipfs", "tests/far", "tests/people", "tests/units", "tests/api",
)  # fmt: skip
"""Where tests have whole nodes. They come first, so that what is left at the end, for one process or the other, is
short."""

_numbers = itertools.count(1)

# Each client would read all authorities' certificates anew, for 30 ms of processor time.
_contexts = httpx._transports.default
_contexts.create_ssl_context = functools.cache(_contexts.create_ssl_context)

# It would be looked for in vain twice a request, for 2 ms of processor time.
sys.modules.setdefault("sniffio", None)  # type: ignore[arg-type]


def pytest_configure(config: pytest.Config) -> None:
    """The server comes before the processes of the test run are started, which find it in their environment."""
    worker = getattr(config, "workerinput", None)
    if worker:
        bytecode.compile_share(config, worker)
    elif databases.on_postgresql() and not config.option.collectonly:
        databases.start_server()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: next((at for at, under in enumerate(LONGEST) if item.nodeid.startswith(under)), 99))


def pytest_collection_finish() -> None:
    """Thousands of tests are a million objects: looking through them holds up a test's loop for a tenth of a second."""
    gc.collect()
    gc.freeze()


def pytest_unconfigure() -> None:
    databases.stop_server()


@pytest.fixture(autouse=True)
def databases_of_one_test(request: pytest.FixtureRequest) -> Iterator[None]:
    """Made first, so that it is ended last, when the nodes are."""
    yield
    if "tmp_path" in request.node.funcargs:
        databases.drop_under(request.node.funcargs["tmp_path"])


@pytest.fixture(scope="session", autouse=True)
def compiled_once(request: pytest.FixtureRequest) -> None:
    """What analyzers compile is kept for all nodes: half a minute each, otherwise. And the templates of pages."""
    os.environ[STATE] = str(request.config.cache.mkdir("artdagd-state"))


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The URL of a server, without a database's name."""
    if databases.on_postgresql():
        yield os.environ[databases.SERVER]
        return
    programs = postgres.binaries()
    if programs is None:
        missing("postgresql", "apt-get install postgresql, and this is tried on it")
    with postgres.running(programs) as server:
        yield server.url


@pytest.fixture
async def postgres_url(postgres_server: str) -> str:
    """An empty database of its own."""
    name = f"test_{os.getpid()}_{next(_numbers)}"
    connection = await asyncpg.connect(f"{postgres_server}/postgres")
    try:
        await connection.execute(f"CREATE DATABASE {name}")
    finally:
        await connection.close()
    return f"{postgres_server}/{name}"


@pytest.fixture
async def node(tmp_path: Path) -> AsyncIterator[tuple[Node, Person]]:
    async with running_node(tmp_path / "home") as both:
        yield both


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def module_node(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[Node, Person]]:
    """One for all tests of a module, which run in the module's loop; a worker's start costs a second."""
    async with running_node(tmp_path_factory.mktemp("module") / "home") as both:
        yield both


@pytest.fixture
def examples() -> Path:
    return EXAMPLES
