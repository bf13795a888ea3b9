"""While the daemon reads a recipe or makes a plan, it answers others: however large that is, and slow the machine."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from pkgutil import resolve_name
from typing import Any

import pytest
import pytest_asyncio
from nodes import Person, running_node

RECIPE = """\
name: aside
steps:
  - {id: noise, type: GENERATE, config: {pattern: noise, duration: 60}}
  - {id: look, type: HUE, inputs: [noise], config: {degrees: 30}}
output: look
"""
PATIENCE = 60


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def person(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Person]:
    async with running_node(tmp_path_factory.mktemp("aside") / "home", workers=0) as (_, person):
        yield person


async def read(person: Person) -> dict[str, Any]:
    return dict((await person.http.post("/recipes/check", content=RECIPE)).json())


async def planned(person: Person) -> dict[str, Any]:
    return dict((await person.http.post("/api/plan", json={"recipe_yaml": RECIPE})).json())


async def executed(person: Person) -> dict[str, Any]:
    plan_id = (await planned(person))["plan_id"]
    return dict((await person.http.post("/api/execute", json={"plan_id": plan_id})).json())


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(
    ("name", "ask"),
    [
        ("recipes.parse_recipe", read),
        ("execution.analysis_requests", planned),
        ("execution.plan", planned),
        ("execution.Measures.of", planned),
        ("foreseeing.compare", planned),
        ("binding.plan_from_bytes", executed),
        ("binding.check_plan", executed),
    ],
)
async def test_others_are_answered_meanwhile(
    person: Person, monkeypatch: pytest.MonkeyPatch, name: str, ask: Callable[[Person], Any]
) -> None:
    """The work ends once another request has been answered: on the event loop, it would never."""
    begun, answered = threading.Event(), threading.Event()
    work = resolve_name(f"artdagd.runs.{name}")

    def held(*arguments: Any, **named: Any) -> Any:
        begun.set()
        assert answered.wait(PATIENCE), "nobody else was answered"
        return work(*arguments, **named)

    monkeypatch.setattr(f"artdagd.runs.{name}", held)
    asked = asyncio.create_task(ask(person))
    await asyncio.to_thread(begun.wait, PATIENCE)
    assert (await person.http.get("/runs")).status_code == 200
    answered.set()
    assert {"valid", "plan_id", "run_id"} & (await asked).keys()
