"""What tests of all rooms share. Other modules of this folder are imported by their names."""

from __future__ import annotations

import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from nodes import EXAMPLES, STATE, Person, running_node

from artdagd.node import Node


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
