"""Nodes with several users, none of them an admin."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from nodes import running_node

from artdagd.api.app import App, create_app
from artdagd.auth.tokens import new_token, token_hash
from artdagd.database import Database
from artdagd.database.tokens import TokenRow
from artdagd.node import Node
from artdagd.runs.events import Events
from tests import databases

sys.path.append(str(Path(__file__).parent))

People = dict[str, httpx.AsyncClient]
Watched = tuple[App, Node, httpx.AsyncClient]


async def let_in(home: Path, names: Sequence[str]) -> dict[str, str]:
    """Tokens of users of the node in ``home``, which is not running."""
    home.mkdir(parents=True, exist_ok=True)
    database = await Database.open(databases.url_of(home))
    tokens = {name: new_token() for name in names}
    for name, token in tokens.items():
        await database.tokens.add(TokenRow(token_hash=token_hash(token), name=name, owner=name))
    await database.close()
    return tokens


@asynccontextmanager
async def crowded_node(home: Path, names: Sequence[str], **settings: Any) -> AsyncIterator[tuple[Node, People]]:
    tokens = await let_in(home, names)
    async with running_node(home, **settings) as (node, admin), AsyncExitStack() as stack:
        people = {"admin": admin.http}
        for name, token in tokens.items():
            client = httpx.AsyncClient(
                base_url=node.url, headers={"Authorization": f"Bearer {token}"}, timeout=60, trust_env=False
            )
            people[name] = await stack.enter_async_context(client)
        yield node, people


@pytest.fixture
async def idle(tmp_path: Path) -> AsyncIterator[People]:
    """A node without workers, so that its runs stay active: 6 of them at most, 4 of one user."""
    async with crowded_node(
        tmp_path / "home", ["ann", "bob", "eve"], workers=0, max_active_runs=6, max_active_runs_per_user=4
    ) as (_, people):
        yield people


@pytest.fixture
def events(monkeypatch: pytest.MonkeyPatch) -> Events:
    """The events of the node that is made next."""
    made = Events()
    monkeypatch.setattr("artdagd.node.Events", lambda: made)
    return made


@pytest.fixture
async def watched(tmp_path: Path, events: Events, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Watched]:
    """The app of a node without workers, the node, and its admin."""
    made: list[App] = []

    def create(*arguments: Any) -> App:
        made.append(create_app(*arguments))
        return made[0]

    monkeypatch.setattr("artdagd.node.create_app", create)
    async with running_node(tmp_path / "home", workers=0, max_upload_bytes=2 << 20) as (node, admin):
        yield made[0], node, admin.http


@pytest.fixture
def crowded() -> Any:
    return crowded_node


@pytest.fixture
def blur() -> Callable[[str], dict[str, Any]]:
    return lambda cid: {"effect": "blur", "inputs": [cid]}
