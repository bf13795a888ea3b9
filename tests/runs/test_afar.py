"""Viewers of runs that another node makes."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from artdagd.errors import Unavailable
from artdagd.runs import afar
from artdagd.runs.afar import Afar


class Table:
    """What was written of one run."""

    def __init__(self) -> None:
        self.rows: asyncio.Queue[list[int]] = asyncio.Queue()
        self.away, self.refused = False, asyncio.Event()

    async def put(self, run_id: str, node_id: str, segments: list[int], seconds: float) -> None:
        assert (run_id, node_id) == ("run", "here")
        if self.away:
            self.refused.set()
            raise Unavailable("the database is away")
        self.rows.put_nowait(segments)

    async def drop(self, run_id: str, node_id: str) -> None:
        self.rows.put_nowait([])


def telling(table: Table) -> Afar:
    database: Any = SimpleNamespace(wants=table)
    node: Any = SimpleNamespace(node_id="here")
    return Afar(database, node)


async def test_it_is_told_once_in_a_while_and_while_somebody_waits(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(afar, "PAUSE", 0.05)
    table = Table()
    told = telling(table)
    for number in range(500):
        told.of("run").ask(f"viewer {number % 2}", number)
    assert await table.rows.get() == [498, 499]
    for number in range(500):
        told.of("run").ask(f"viewer {number % 2}", number % 7)
    assert await table.rows.get() == [1, 2]
    monkeypatch.setattr(afar, "RENEWED", 0.0)
    table.away = True
    await table.refused.wait()
    table.away = False
    assert await table.rows.get() == [1, 2], "it is said again, and when the database is back"
    told.of("run").leave("viewer 0")
    told.of("run").leave("viewer 1")
    async with asyncio.timeout(10):
        while await table.rows.get():
            pass
    assert not told._wants
    await told.close()


async def test_of_so_many_runs(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(afar, "RUNS", 1)
    table = Table()
    told = telling(table)
    told.of("run").ask("viewer", 1)
    told.of("another").ask("viewer", 2)
    assert await table.rows.get() == [1]
    assert len(told._wants) == 1
    await told.close()
