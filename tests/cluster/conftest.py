"""Several nodes on one PostgreSQL, with a folder that all of them keep blobs in."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import pytest
from daemons import daemon
from nodes import Person, running_node

from artdagd.node import Node
from artdagd.settings import Provider

KEY = "the key of this cluster"

Start = Callable[..., AbstractAsyncContextManager[tuple[Node, Person]]]


@pytest.fixture
def url(postgres_url: str) -> str:
    return postgres_url


@pytest.fixture
def start(url: str, tmp_path: Path) -> Start:
    """Starts a node by its name, in this process."""
    shared = Provider(type="local", name="shared", config={"path": str(tmp_path / "shared")})

    def running(name: str, **settings: Any) -> AbstractAsyncContextManager[tuple[Node, Person]]:
        usual = {"database_url": url, "storage": (shared,), "cluster_key": KEY, "lease_seconds": 3.0}
        return running_node(tmp_path / name, **usual | settings)

    return running


@pytest.fixture
def started(url: str, tmp_path: Path) -> Callable[[str], AbstractAsyncContextManager[Any]]:
    """Starts a node by its name, in a process of its own: the process, and an HTTP client of its admin."""
    shared = {"type": "local", "name": "shared", "config": {"path": str(tmp_path / "shared")}}
    settings = {"database_url": url, "storage": [shared], "cluster_key": KEY, "lease_seconds": 3.0}

    def running(name: str, **more: Any) -> AbstractAsyncContextManager[Any]:
        return daemon(tmp_path / name, settings=settings | more)

    return running
