"""A node that works, and of which something does not: it says so, and goes on."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest
from nodes import running_node

from artdagd import health
from artdagd.hooks import hookimpl
from artdagd.hooks.manager import Plugins
from artdagd.store.circuit import FAILURES
from artdagd.store.providers import Providers
from artdagd.system.watch import Hold


class Broken:
    @hookimpl
    def artdag_effects(self) -> list[object]:
        raise ValueError("secret detail")


class Idle:
    """A supervisor whose workers do not come up."""

    def __init__(self, *_: object) -> None:
        pass

    async def start(self) -> None:
        pass

    async def close(self) -> None:
        pass


class Away:
    """Storage that nobody asks here."""


class Watching:
    last: Hold | None = None


async def test_a_node_says_what_of_it_does_not_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "JOINING", 0.0)
    monkeypatch.setattr("artdagd.node.Supervisor", Idle)
    monkeypatch.setattr(Plugins, "load", lambda: Plugins.of(odd=Broken()))
    async with running_node(tmp_path / "home", workers=2) as (node, person):
        answer = await person.http.get("/healthz")
        assert (answer.status_code, answer.json()["status"]) == (200, "degraded")
        plugin, workers = answer.json()["reasons"]
        assert plugin == "plugin odd has errors: /plugins says which"
        assert "2 should be" in workers
        assert node.ready


def test_a_loop_that_was_held_counts_for_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    watching = Watching()
    look = health.loop(watching)  # type: ignore[arg-type]
    assert health.reasons([look]) == []
    watching.last = Hold(0.9, "f (a.py:1)", time.monotonic())
    assert health.reasons([look]) == []
    watching.last = Hold(2.0, "f (a.py:1)", time.monotonic())
    assert health.reasons([look]) == ["the event loop was held for 2.0 s by f (a.py:1)"]
    watching.last = Hold(2.0, "f (a.py:1)", time.monotonic() - health.HELD_TOLD)
    assert health.reasons([look]) == []


def test_storage_of_the_node_that_is_left_alone_counts_and_a_users_does_not() -> None:
    used = Providers()
    asyncio.run(used.add("settings-disk", Away()))  # type: ignore[arg-type]
    asyncio.run(used.add("hers", Away(), owner="ann"))  # type: ignore[arg-type]
    for one in used.every():
        for _ in range(FAILURES):
            one.circuit.failed("secret detail")
    said = health.reasons([health.providers(used)])
    assert said == ["storage settings-disk fails again and again: /storage says why"]
    used.of()[0].circuit.succeeded()
    assert health.reasons([health.providers(used)]) == []
