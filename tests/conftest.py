"""What tests of all rooms share. Other modules of this folder are imported by their names."""

from __future__ import annotations

import os
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from nodes import EXAMPLES, STATE, Person, running_node

from artdagd.node import Node
from tests import databases


def pytest_configure(config: pytest.Config) -> None:
    """Before the processes of the test run are started, which find the server in their environment."""
    if databases.on_postgresql() and not hasattr(config, "workerinput") and not config.option.collectonly:
        databases.start_server()


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
    """What analyzers compile is kept for all nodes: half a minute each, otherwise."""
    os.environ[STATE] = str(request.config.cache.mkdir("artdagd-state"))


@pytest.fixture
async def node(tmp_path: Path) -> AsyncIterator[tuple[Node, Person]]:
    async with running_node(tmp_path / "home") as both:
        yield both


@pytest.fixture
def examples() -> Path:
    return EXAMPLES
