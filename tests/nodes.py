"""A whole node for a test: real worker processes, real HTTP on loopback, an empty home."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx

from artdagd.node import Node
from artdagd.settings import Settings
from tests import databases

EXAMPLES = Path(__file__).parents[1] / "examples"
STATE = "ARTDAG_TEST_STATE"
ENDED = ("completed", "failed", "cancelled")


class Person:
    """Somebody with a token who talks to a node over HTTP."""

    def __init__(self, node: Node) -> None:
        token = (node.settings.home / "admin-token").read_text().strip()
        self.http = httpx.AsyncClient(
            base_url=node.url, headers={"Authorization": f"Bearer {token}"}, timeout=60, trust_env=False
        )

    async def upload(self, path: Path) -> str:
        answer = await self.http.post("/cache/upload", files={"file": (path.name, path.read_bytes())})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["cid"])

    async def start(self, **body: Any) -> dict[str, Any]:
        answer = await self.http.post("/api/run-recipe" if "recipe_yaml" in body else "/runs", json=body)
        assert answer.status_code == 202, answer.text
        return dict(answer.json())

    async def finish(self, run_id: str) -> dict[str, Any]:
        """Follow the run's events to the end; the run as it is then."""
        async with self.http.stream("GET", f"/api/run/{run_id}/events", timeout=90) as answer:
            assert answer.status_code == 200
            async for _ in answer.aiter_lines():
                pass
        run = (await self.http.get(f"/api/run/{run_id}")).json()
        assert run["status"] in ENDED, run
        return dict(run)

    async def run(self, **body: Any) -> dict[str, Any]:
        return await self.finish((await self.start(**body))["run_id"])

    async def save(self, cid: str, path: Path) -> Path:
        answer = await self.http.get(f"/cache/{cid}/raw")
        assert answer.status_code == 200, answer.text
        path.write_bytes(answer.content)
        return path


def share_templates(home: Path) -> None:
    """Pages are compiled once for all nodes of a test run."""
    shared = Path(os.environ[STATE]) / "templates"
    shared.mkdir(exist_ok=True)
    if not os.path.lexists(home / "templates"):
        (home / "templates").symlink_to(shared)


@asynccontextmanager
async def running_node(home: Path, *, workers: int = 1, **settings: Any) -> AsyncIterator[tuple[Node, Person]]:
    options = {"reserve_bytes": 0, "port": 0, "database_url": databases.url_of(home), **settings}
    home.mkdir(parents=True, exist_ok=True)
    if "database_url" not in settings:
        databases.prepare(home)
    if not (home / "state").exists():
        (home / "state").symlink_to(os.environ[STATE])
    share_templates(home)
    async with Node(Settings(home=home, workers=workers, **options)) as node:
        person = Person(node)
        try:
            yield node, person
        finally:
            await person.http.aclose()
