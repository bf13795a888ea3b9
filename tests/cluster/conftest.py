"""Several nodes on one PostgreSQL, with a folder that all of them keep blobs in."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import asyncpg
import postgres
import pytest
from daemons import daemon
from needs import missing
from nodes import Person, running_node

from artdagd.node import Node
from artdagd.settings import Provider
from tests import databases

KEY = "the key of this cluster"

_numbers = itertools.count(1)

Start = Callable[..., AbstractAsyncContextManager[tuple[Node, Person]]]


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    if databases.on_postgresql():
        yield os.environ[databases.SERVER]
        return
    programs = postgres.binaries()
    if programs is None:
        missing("postgresql", "apt-get install postgresql, and several nodes are tried on it")
    with postgres.running(programs) as server:
        yield server.url


@pytest.fixture
async def url(postgres_server: str) -> str:
    """An empty database of its own."""
    name = f"cluster_{os.getpid()}_{next(_numbers)}"
    connection = await asyncpg.connect(f"{postgres_server}/postgres")
    try:
        await connection.execute(f"CREATE DATABASE {name}")
    finally:
        await connection.close()
    return f"{postgres_server}/{name}"


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
