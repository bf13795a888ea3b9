"""Several nodes on one database: whose a run is, whose turn it is to make a result, and who shares with whom."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import text

from artdagd.database import Database
from artdagd.database.nodes import NodeRow
from artdagd.database.runs import RunRow, StepRow

LEASE = 60.0


def run(run_id: str = "run-1", **given: Any) -> RunRow:
    usual = {"owner": "ann", "status": "running", "created_at": "2026", "node_id": "a", "fence": 1}
    return RunRow(run_id=run_id, **usual | given)


async def join(database: Database, node_id: str, domain: str = "shared", lease: float = LEASE) -> NodeRow:
    return await database.nodes.join(NodeRow(node_id=node_id, name=node_id, domain=domain), lease, f"own {node_id}")


async def standing(database: Database) -> dict[str, tuple[bool, bool, int]]:
    return {one.node_id: (one.alive, one.left, one.runs) for one in await database.nodes.all()}


async def test_a_node_is_alive_until_its_lease_ends_or_it_leaves(database: Database):
    assert (await join(database, "a")).epoch == 1
    await join(database, "b", lease=-1.0)
    await database.runs.insert(run())
    assert await standing(database) == {"a": (True, False, 1), "b": (False, False, 0)}
    assert await database.nodes.beat("b", 1, "http://b", LEASE)
    await database.nodes.leave("a", 1)
    assert await standing(database) == {"a": (False, True, 1), "b": (True, False, 0)}


async def test_what_viewers_at_other_nodes_wait_for_expires(database: Database):
    await database.wants.put("run-1", "a", [3, 4], LEASE)
    await database.wants.put("run-1", "b", [9], LEASE)
    await database.wants.put("run-2", "b", [1], LEASE)
    await database.wants.put("run-1", "a", [5], LEASE)
    assert await database.wants.of(["run-1", "run-3"]) == {"run-1": {"a": [5], "b": [9]}}
    await database.wants.drop("run-1", "a")
    await database.wants.put("run-1", "b", [9], -1.0)
    assert await database.wants.of(["run-1", "run-2"]) == {"run-2": {"b": [1]}}
    await database.wants.put("run-2", "b", [2], LEASE)
    async with database.engine.connect() as connection:
        assert await connection.scalar(text("SELECT count(*) FROM wants")) == 1, "what expired is gone"


async def test_a_node_that_was_started_again_is_another_to_the_one_before(database: Database):
    await join(database, "a")
    assert (await join(database, "a")).epoch == 2
    assert not await database.nodes.beat("a", 1, "", LEASE)
    await database.nodes.leave("a", 1)
    assert await standing(database) == {"a": (True, False, 0)}


@pytest.mark.parametrize(
    ("lease", "domain", "left", "wanted"),
    [
        (LEASE, "shared", False, 0),  # alive
        (-1.0, "shared", False, 1),  # silent
        (-1.0, "other", False, 0),  # of another trust domain
        (LEASE, "shared", True, 1),  # stopped
    ],
)
async def test_which_runs_are_free_for_others(database: Database, lease: float, domain: str, left: bool, wanted: int):
    await join(database, "a", lease=lease, domain=domain)
    if left:
        await database.nodes.leave("a", 1)
    await join(database, "b")
    await database.runs.insert(run())
    await database.runs.insert(run("run-2", status="completed"))
    free = await database.leases.free("b", "shared")
    assert [row.run_id for row in free] == ["run-1"] * wanted
    departed = await database.leases.free("b", "shared", departed_only=True)
    assert len(departed) == (1 if left else 0)
    assert [row.run_id for row in await database.leases.free("a", domain)] == ["run-1"]


async def test_a_run_is_taken_by_one_and_its_holder_before_is_refused(database: Database):
    await database.runs.insert(run())
    before = await database.runs.get("run-1")
    assert before is not None
    taken = await database.leases.take(before, "b")
    assert taken is not None
    assert (taken.node_id, taken.fence) == ("b", 2)
    assert await database.leases.take(before, "c") is None
    late = [StepRow(run_id="run-1", step_id="s", position=0, type="EFFECT", level=0, status="completed")]
    assert not await database.runs.put_steps("run-1", late, fence=1)
    assert await database.runs.steps("run-1") == []
    assert not await database.runs.update("run-1", ("running",), fence=1, status="completed")
    assert await database.runs.update("run-1", ("running",), fence=2, status="completed")
    assert await database.leases.take(taken, "c") is None
    assert await database.leases.fences(["run-1", "none"]) == {"run-1": 2}


async def test_cancelling_from_elsewhere_fences_the_holder(database: Database):
    await database.runs.insert(run())
    steps = [
        StepRow(run_id="run-1", step_id=name, position=0, type="EFFECT", level=0, status=name)
        for name in ("completed", "running")
    ]
    assert await database.runs.put_steps("run-1", steps, fence=1)
    assert await database.leases.cancel("run-1", "2027")
    assert not await database.leases.cancel("run-1", "2028")
    row = await database.runs.get("run-1")
    assert row is not None
    assert (row.status, row.finished_at, row.fence) == ("cancelled", "2027", 2)
    assert {step.step_id: step.status for step in await database.runs.steps("run-1")} == {
        "completed": "completed",
        "running": "cancelled",
    }


async def test_a_result_is_one_nodes_turn_while_that_node_lives(database: Database):
    first, second = await join(database, "a"), await join(database, "b")
    assert await database.turns.take("c", "a", first.epoch)
    assert await database.turns.take("c", "a", first.epoch)
    assert not await database.turns.take("c", "b", second.epoch)
    assert await database.turns.held("c")
    await database.turns.drop(["c"], "b", second.epoch)
    assert await database.turns.held("c")
    again = await join(database, "a")
    assert not await database.turns.held("c")
    assert await database.turns.take("c", "b", second.epoch)
    assert not await database.turns.take("c", "a", again.epoch)
    await database.nodes.leave("b", second.epoch)
    assert await database.turns.take("c", "a", again.epoch)


async def test_who_shares_with_whom(database: Database):
    """The first node without a key keeps the empty domain; every other one without a key has one of its own."""
    assert (await join(database, "keyed")).domain == "shared"
    assert (await join(database, "first", domain="")).domain == ""
    alone = database.nodes.alone
    assert (await join(database, "second", domain="")).domain == ("" if alone else "own second")
    # Given a key, the first one does not leave its old results to the next.
    assert (await join(database, "first")).domain == "shared"
    assert (await join(database, "third", domain="")).domain == ("" if alone else "own third")
    assert (await join(database, "second", domain="")).domain == ("" if alone else "own second")
    assert (await join(database, "first", domain="")).domain == ""
    assert await database.nodes.others("keyed", "shared") == 0
