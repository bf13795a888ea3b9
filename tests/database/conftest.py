"""Every test of this folder that asks for ``database`` or ``url`` runs on SQLite and on PostgreSQL."""

from __future__ import annotations

import itertools
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import postgres
import pytest
from needs import missing

from artdagd.database import Database
from tests import databases

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    if databases.on_postgresql():
        yield os.environ[databases.SERVER]
        return
    programs = postgres.binaries()
    if programs is None:
        missing("postgresql", "apt-get install postgresql, and these tests run on it too")
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


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'state.sqlite'}"
    return str(request.getfixturevalue("postgres_url"))


@pytest.fixture
async def database(url: str) -> AsyncIterator[Database]:
    opened = await Database.open(url)
    try:
        yield opened
    finally:
        await opened.close()
