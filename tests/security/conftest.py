"""What tests of attacks share."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from security.world import World, peopled


@pytest.fixture(scope="session")
def docs_operations() -> str:
    """docs/operations.md, in one line: it states the figures of these tests."""
    return " ".join((Path(__file__).parents[2] / "docs" / "operations.md").read_text().split())


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with peopled(tmp_path) as made:
        yield made
