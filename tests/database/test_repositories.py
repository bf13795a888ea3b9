"""Each aggregate through its own functions, on both databases."""

from __future__ import annotations

import contextlib
import itertools
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from artdagd.database import Database
from artdagd.database.actions import ActionRow
from artdagd.database.replicas import Replica
from artdagd.database.rows import BATCH
from artdagd.database.runs import RunFailure, RunRow, StepRow
from artdagd.database.tokens import TokenRow
from artdagd.errors import InvalidRequest
from artdagd.runs.machine import RUN_TERMINAL, sources_of
from artdagd.work import MediaFacts, VideoFacts

HARD = "Žižkov 🎬 ' \" ; -- % _ \\ \n"
_ids = itertools.count()


def run(run_id: str = "run-1", **given: Any) -> RunRow:
    return RunRow(**({"run_id": run_id, "owner": "ann", "status": "pending", "created_at": "2026"} | given))


def step(step_id: str, **given: Any) -> StepRow:
    return StepRow(**({"run_id": "run-1", "step_id": step_id, "position": 0, "type": "EFFECT", "level": 0} | given))


# --- runs


async def test_a_run_comes_back_as_it_was_put(database: Database):
    row = run(
        recipe_id="b1", recipe_name=HARD, inputs={"clip": "b2"}, params={"x": [1, 2.5, None, HARD]}, plan_id="b3",
        given_plan=True, output_cid="b4", provenance_cid="b5", error=RunFailure("s", "t", HARD), passes_run=3,
        idempotency_key="k", started_at="2027", finished_at="2028", effect="blur",
    )  # fmt: skip
    assert await database.runs.insert(row) is True
    assert await database.runs.get("run-1") == row
    assert await database.runs.by_key("k") == row
    assert await database.runs.get("run-2") is None


async def test_a_run_is_inserted_once(database: Database):
    assert await database.runs.insert(run(idempotency_key="k")) is True
    assert await database.runs.insert(run()) is False
    assert await database.runs.insert(run("run-2", idempotency_key="k")) is False
    assert await database.runs.get("run-2") is None


STATES = ("pending", "analyzing", "planning", "running", *sorted(RUN_TERMINAL))


@pytest.mark.parametrize("before", STATES)
async def test_a_state_changes_only_from_those_that_may_precede_it(database: Database, before: str):
    for after in STATES:
        run_id = f"{before}-{after}"
        await database.runs.insert(run(run_id, status=before))
        changed = await database.runs.update(run_id, sources_of(after), status=after, passes_run=7)
        row = await database.runs.get(run_id)
        assert row is not None
        assert (row.status, row.passes_run) == ((after, 7) if changed else (before, 0))
        assert not (changed and before in RUN_TERMINAL)


async def test_a_run_is_reopened_once_and_only_if_it_did_not_complete(database: Database):
    for status, wanted in (("failed", True), ("cancelled", True), ("completed", False), ("running", False)):
        await database.runs.insert(run(status, status=status, error=RunFailure(None, "t", "d"), finished_at="2027"))
        assert await database.runs.reopen(status) is wanted
        assert await database.runs.reopen(status) is False
    row = await database.runs.get("failed")
    assert row is not None
    assert (row.status, row.error, row.finished_at) == ("pending", None, None)


async def test_pages_are_newest_first_and_filtered(database: Database):
    for number in range(5):
        status = "failed" if number % 2 else "completed"
        await database.runs.insert(
            run(f"run-{number}", owner="ann" if number else "bob", status=status, recipe_id="b1", recipe_name="mine")
        )
    rows, total = await database.runs.page(None, None, None, 1, 2)
    assert ([row.run_id for row in rows], total) == (["run-4", "run-3"], 5)
    rows, total = await database.runs.page(None, None, None, 3, 2)
    assert ([row.run_id for row in rows], total) == (["run-0"], 5)
    assert (await database.runs.page("bob", None, None, 1, 9))[1] == 1
    assert (await database.runs.page(None, "failed", None, 1, 9))[1] == 2
    for recipe, count in (("b1", 5), ("mine", 5), ("min", 0)):
        assert (await database.runs.page(None, None, recipe, 1, 9))[1] == count


async def test_what_has_not_ended_is_found_after_a_restart(database: Database):
    for status in STATES:
        await database.runs.insert(run(status, status=status))
    assert [row.status for row in await database.runs.unfinished()] == ["pending", "analyzing", "planning", "running"]


async def test_steps_are_replaced_and_go_with_their_run(database: Database):
    await database.runs.insert(run())
    await database.runs.put_steps("run-1", [step("b", position=1), step("a", worker=HARD)])
    await database.runs.put_steps("run-1", [step("b", position=1, status="completed", output_cid="b9", cached=True)])
    assert [(s.step_id, s.status, s.cached) for s in await database.runs.steps("run-1")] == [
        ("a", "pending", False),
        ("b", "completed", True),
    ]
    await database.runs.delete("run-1")
    assert await database.runs.get("run-1") is None
    assert await database.runs.steps("run-1") == []
    await database.runs.put_steps("run-1", [step("late")])  # a worker's late word on a deleted run
    assert await database.runs.steps("run-1") == []


# --- blobs


async def put(database: Database, cid: str, owner: str = "ann", filename: str | None = None) -> None:
    await database.blobs.record(cid, 3, media_type="video/mp4", filename=filename, owner=owner)


async def test_a_blob_is_an_entry_of_each_of_its_owners(database: Database):
    await put(database, "b1", filename="first.mp4")
    await put(database, "b1", filename="second.mp4")  # the same bytes again: the first name stays
    await put(database, "b1", "bob", "bobs.mp4")
    assert sorted(await database.blobs.owners("b1")) == ["ann", "bob"]
    mine, bobs = await database.blobs.entry("b1", "ann"), await database.blobs.entry("b1", "bob")
    assert mine is not None
    assert bobs is not None
    assert (mine.filename, bobs.filename) == ("first.mp4", "bobs.mp4")
    assert await database.blobs.entry("b1", "eve") is None
    assert await database.blobs.entry("b1", None) == mine
    await database.blobs.delete("b1", "ann")
    assert await database.blobs.entry("b1", None) == bobs


async def test_facts_are_kept_for_every_owner_now_and_later(database: Database):
    video = VideoFacts(width=4, height=2, fps=(25, 1), duration=1.5, codec="h264", pixel_format="yuv420p")
    facts = MediaFacts(kind="video", video=video, media_type="video/webm")
    await put(database, "b1")
    assert await database.blobs.facts("b1") is None
    await database.blobs.set_facts("b1", facts)
    await put(database, "b1", "bob")
    for owner in ("ann", "bob"):
        entry = await database.blobs.entry("b1", owner)
        assert entry is not None
        assert (entry.facts, entry.kind) == (facts, "video")
    assert await database.blobs.facts("b1") == facts
    assert (await database.blobs.page("bob", "audio", None, 1, 9))[1] == 0
    assert (await database.blobs.page("bob", "video", None, 1, 9))[1] == 1


async def test_descriptions_are_the_owners_own(database: Database):
    await put(database, "b1")
    await put(database, "b1", "bob")
    changes = {"title": HARD, "tags": [HARD], "metadata": {"a": [1, {"b": None}]}, "pinned": True}
    await database.blobs.update_meta("b1", "ann", **changes)
    mine, bobs = await database.blobs.entry("b1", "ann"), await database.blobs.entry("b1", "bob")
    assert mine is not None
    assert bobs is not None
    assert {name: getattr(mine, name) for name in changes} == changes
    assert (bobs.title, bobs.pinned) == ("", False)


async def test_a_nul_in_a_text_is_no_fault_of_the_database(database: Database):
    """PostgreSQL keeps no NUL in a text, SQLite does: both keep the replacement character. JSON escapes it."""
    await put(database, "b1")
    await database.blobs.update_meta("b1", "ann", title="a\0b", tags=["c\0d"])
    entry = await database.blobs.entry("b1", "ann")
    assert entry is not None
    assert (entry.title, entry.tags) == ("a\ufffdb", ["c\0d"])


# What LIKE treats as special, letters in both cases, and letters beyond ASCII.
WORDS = st.text(alphabet="aAbB%_\\'\"é🎬", min_size=1, max_size=4)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(names=st.lists(WORDS, min_size=1, max_size=5), query=WORDS)
async def test_a_search_finds_what_contains_the_words(database: Database, names: list[str], query: str):
    owner = f"owner{next(_ids)}"
    for number, name in enumerate(names):
        await put(database, f"b{number}", owner, name)
    rows, total = await database.blobs.page(owner, None, query, 1, 100)
    wanted = [name for name in reversed(names) if query.lower() in name.lower()]
    assert [row.filename for row in rows] == wanted
    assert total == len(wanted)


# --- recipes, action records, tokens


async def test_a_recipe_is_found_by_id_and_by_its_newest_name(database: Database):
    def add(recipe_id: str, owner: str = "ann", name: str = "mine") -> Any:
        return database.recipes.add(recipe_id, owner, name, "1", HARD, f"name: {recipe_id}")

    assert await add("b1") is True
    assert await add("b1") is False
    assert await add("b2") is True
    assert await add("b1", "bob", "bobs") is True
    for name, owner, found in (("mine", "ann", "b2"), ("b1", "ann", "b1"), ("mine", "bob", None), ("bobs", None, "b1")):
        row = await database.recipes.get(name, owner)
        assert (row and row.recipe_id) == found, name
    rows, total = await database.recipes.page("ann", 1, 1)
    assert ([row.recipe_id for row in rows], total) == (["b2"], 2)
    assert await database.recipes.names("ann") == ["mine"]
    assert sorted(await database.recipes.names(None)) == ["bobs", "mine"]
    await database.recipes.delete("b2", "bob")  # not his
    await database.recipes.delete("b2", "ann")
    row = await database.recipes.get("mine", "ann")
    assert row is not None
    assert row.recipe_id == "b1"
    assert row.description == HARD


async def test_a_name_with_a_nul_is_nobodys_trouble(database: Database):
    """PostgreSQL refuses to compare it, which is the asker's fault."""
    with contextlib.suppress(InvalidRequest):
        assert await database.recipes.get("mi\0ne", "ann") is None


async def test_the_first_result_of_a_computation_is_the_result(database: Database):
    first = ActionRow(cache_id="k", output_cid="b1", kind="render", identity="i", libraries={"av": "18"}, seconds=0.5)
    await database.actions.put([first])
    await database.actions.put(
        [msgspec.structs.replace(first, output_cid="b2"), msgspec.structs.replace(first, cache_id="k2")]
    )
    found = await database.actions.get_many(["k", "k2", "k3"])
    assert found["k"] == first
    assert set(found) == {"k", "k2"}
    await database.actions.delete("k")
    assert set(await database.actions.get_many(["k", "k2"])) == {"k2"}


async def test_any_number_of_records_is_put_and_asked_for_at_once(database: Database):
    rows = [ActionRow(cache_id=f"k{n}", output_cid="b", kind="analysis", identity="i") for n in range(2 * BATCH + 1)]
    await database.actions.put(rows)
    assert await database.actions.get_many([row.cache_id for row in rows]) == {row.cache_id: row for row in rows}
    assert await database.actions.get_many([]) == {}
    await database.actions.put([])


async def test_copies_that_are_owed_already_are_not_counted_again(database: Database):
    rows = [Replica(cid=f"b{n}", provider_id="p", node="n", size=n) for n in range(2 * BATCH + 1)]
    assert await database.replicas.add_new(rows[:3]) == 3
    assert await database.replicas.add_new(rows) == len(rows) - 3
    assert await database.replicas.add_new(rows) == 0


async def test_a_token_is_added_once_and_stays_revoked(database: Database):
    row = TokenRow(token_hash="a" * 64, name=HARD, owner="ann", scopes=["read"], expires_at="2030")
    assert await database.tokens.add(row) is True
    await database.tokens.revoke(row.token_hash)
    assert await database.tokens.add(row) is False
    (kept,) = await database.tokens.all()
    assert kept.revoked_at
    assert msgspec.structs.replace(kept, revoked_at=None) == row


# --- lineage


async def test_runs_are_found_by_what_they_were_given_and_what_they_made(database: Database):
    for number, owner in enumerate(("ann", "ann", "bob", "ann")):
        given = {"a": "clip", "b": "clip"} if number != 3 else {"a": "other"}
        await database.runs.insert(run(f"run-{number}", owner=owner, inputs=given, output_cid="result"))
    await database.runs.put_steps("run-3", [step("cut", run_id="run-3", output_cid="middle")])
    users, total = await database.lineage.users("clip", "ann", 1)
    assert ([row.run_id for row in users], total) == (["run-1"], 2)
    assert (await database.lineage.users("clip", None, 9))[1] == 3
    assert (await database.lineage.makers("result", "ann", 9))[1] == 3
    makers, total = await database.lineage.makers("middle", "ann", 9)
    assert ([row.run_id for row in makers], total) == (["run-3"], 1)
    assert await database.lineage.steps("middle", ["run-3", "run-1"]) == {"run-3": "cut"}
    await database.runs.delete("run-1")
    assert [row.run_id for row in (await database.lineage.users("clip", "ann", 9))[0]] == ["run-0"]


# --- media in order


async def test_media_are_found_by_words_and_come_in_the_order_that_was_asked_for(database: Database):
    for cid, name, size in (("b1", "Tram at night.mp4", 30), ("b2", "the night bus.mp4", 10), ("b3", "tram.mp4", 20)):
        await database.blobs.record(cid, size, media_type="video/mp4", filename=name, owner="ann")

    async def found(query: str | None, order: Any) -> list[str]:
        return [row.cid for row in (await database.blobs.page("ann", None, query, 1, 9, order))[0]]

    assert await found("NIGHT tram", "newest") == ["b1"]
    assert [await found(None, order) for order in ("newest", "oldest")] == [["b3", "b2", "b1"], ["b1", "b2", "b3"]]
    assert [await found(None, order) for order in ("largest", "smallest")] == [["b1", "b3", "b2"], ["b2", "b3", "b1"]]
    assert await found(None, "name") == ["b2", "b1", "b3"]
    assert set(await database.blobs.entries(["b1", "b3", "b9"], "ann")) == {"b1", "b3"}
    assert await database.blobs.entries(["b1"], "bob") == {}
