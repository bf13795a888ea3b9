"""A node with an identity provider and a publisher of the tests' own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from nodes import Person, running_node
from registry import Registry, installed

from artdagd.node import Node


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch) -> Registry:
    return installed(monkeypatch)


@pytest.fixture
async def both(registry: Registry, tmp_path: Path) -> AsyncIterator[tuple[Node, Person]]:
    async with running_node(tmp_path / "home", workers=0) as made:
        yield made


@pytest.fixture
async def browser(both: tuple[Node, Person]) -> AsyncIterator[httpx.AsyncClient]:
    """Nobody yet, with a cookie jar."""
    async with httpx.AsyncClient(base_url=both[0].url, trust_env=False, timeout=20) as made:
        yield made


@pytest.fixture
def admin(both: tuple[Node, Person]) -> httpx.AsyncClient:
    return both[1].http
