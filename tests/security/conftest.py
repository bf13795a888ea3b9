"""What tests of attacks share."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from security.world import World, peopled


@pytest.fixture(scope="session")
def docs_operations() -> str:
    """docs/operations.md, in one line: it states the figures of these tests."""
    return " ".join((Path(__file__).parents[2] / "docs" / "operations.md").read_text().split())


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """One for all tests of a module: what a test needs untouched it makes."""
    async with peopled(tmp_path_factory.mktemp("world")) as made:
        yield made
