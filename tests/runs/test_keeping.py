"""What the local cache lets go, in which order, and what it never does."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from artdagd.database import Database
from artdagd.database.actions import ActionRow
from artdagd.database.publications import PublicationRow
from artdagd.database.runs import RunRow, StepRow
from artdagd.errors import StorageFull
from artdagd.runs.keeping import Going, Keeper
from artdagd.store import BlobStore, uses
from artdagd.store.uses import touch

DAY = 86_400 * 10**9
MEDIUM = 1000


class Shelves:
    """A store, a database, and a keeper of both. Blobs get older in the order in which they are asked to."""

    def __init__(self, store: BlobStore, database: Database) -> None:
        self.store, self.database = store, database
        self.replicated: set[str] = set()
        self._age = 0

    def keeper(self, capacity: int | None = None) -> Keeper:
        return Keeper(self.store, self.database, capacity)

    async def blob(self, name: str) -> str:
        """A blob of ``MEDIUM`` bytes that was used later than all before it, a day ago or more."""
        cid = (await self.store.put_bytes(name.encode().ljust(MEDIUM))).cid
        self.age(cid)
        return cid

    def age(self, cid: str) -> None:
        self._age += 10**9
        (place,) = (path for path in self.store.layout.root.rglob(f"{cid}*"))
        touch(place, os.stat(place).st_mtime_ns - DAY + self._age)

    async def entry(self, name: str, owner: str = "ann") -> str:
        cid = await self.blob(name)
        await self.database.blobs.record(cid, MEDIUM, media_type="video/mp4", filename=name, owner=owner)
        return cid

    async def run(self, name: str, status: str, *, results: dict[str, str] | None = None, **fields: Any) -> None:
        row = RunRow(run_id=name, owner="ann", status=status, created_at="2026-01-01T00:00:00Z", **fields)
        await self.database.runs.insert(row)
        steps = [
            StepRow(run_id=name, step_id=step, position=at, type="EFFECT", level=at, output_cid=cid)
            for at, (step, cid) in enumerate((results or {}).items())
        ]
        await self.database.runs.put_steps(name, steps)


@pytest.fixture
async def shelves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Shelves]:
    monkeypatch.setattr(uses, "GRACE", 0.0)
    store = BlobStore(tmp_path / "cache", reserve_bytes=0)
    await store.open()
    database = await Database.open(f"sqlite:///{tmp_path / 'state.sqlite'}")
    made = Shelves(store, database)

    async def held(cids: list[str]) -> set[str]:
        return made.replicated.intersection(cids)

    monkeypatch.setattr(store, "held_elsewhere", held)
    yield made
    await database.close()


async def all_of(keeper: Keeper, least: int = 1 << 40, **options: Any) -> list[Going]:
    return [one async for one in keeper.going(least, **options)]


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not condition():
            await asyncio.sleep(0.005)


async def test_what_may_go_and_what_never(shelves: Shelves):
    blob, entry = shelves.blob, shelves.entry
    never = {
        "input": await entry("input"), "plan": await blob("plan"), "recipe": await blob("recipe"),
        "result": await blob("result"), "old plan": await blob("old plan"), "record": await blob("record"),
        "old recipe": await blob("old recipe"), "upload": await entry("upload"), "output": await entry("output"),
        "pinned": await entry("pinned"), "published": await entry("published"), "its record": await blob("its record"),
    }  # fmt: skip
    may = [await blob("step"), await entry("elsewhere"), await blob("nobody's")]
    await shelves.run(
        "live", "running", inputs={"a": never["input"]}, plan_id=never["plan"], recipe_id=never["recipe"],
        results={"x": never["result"], "y": never["pinned"]},
    )  # fmt: skip
    await shelves.run(
        "done", "completed", plan_id=never["old plan"], recipe_id=never["old recipe"], output_cid=never["output"],
        provenance_cid=never["record"], results={"x": may[0], "y": never["output"]},
    )  # fmt: skip
    await shelves.database.blobs.update_meta(never["pinned"], "ann", pinned=True)
    await shelves.database.publications.put(
        PublicationRow(
            cid=never["published"], owner="ann", activity_id="", object_id="", url="",
            provenance_cid=never["its record"],
        )
    )  # fmt: skip
    shelves.replicated = {may[1], never["pinned"], never["published"], never["input"], never["plan"]}

    planned = await all_of(shelves.keeper(), plan=True)
    assert all(shelves.store.has(cid) for cid in may)
    gone = await all_of(shelves.keeper())
    assert planned == gone
    assert [(one.cid, one.why, one.size) for one in gone] == [
        (may[2], "unused", MEDIUM), (may[0], "result", MEDIUM), (may[1], "replicated", MEDIUM),
    ]  # fmt: skip
    assert [name for name, cid in never.items() if not shelves.store.has(cid)] == []
    assert not any(shelves.store.has(cid) for cid in may)


async def test_a_deleted_run_leaves_what_nobody_names(shelves: Shelves):
    plan, record, step = [await shelves.blob(name) for name in ("plan", "record", "step")]
    await shelves.run("done", "completed", plan_id=plan, provenance_cid=record, results={"x": step})
    assert [one async for one in shelves.keeper().going(0, unused=True)] == []
    await shelves.database.runs.delete("done")
    row = ActionRow(cache_id="x", output_cid=step, kind="render", identity="", seconds=1.0)
    await shelves.database.actions.put([row])
    gone = [one async for one in shelves.keeper().going(0, unused=True)]
    assert [(one.cid, one.why) for one in gone] == [(cid, "unused") for cid in (plan, record)]
    # What it made would be found by the next run that wants it.
    assert [(one.cid, one.why) for one in await all_of(shelves.keeper())] == [(step, "result")]


async def test_the_least_recently_used_go_until_it_is_enough(shelves: Shelves):
    cids = [await shelves.blob(str(number)) for number in range(10)]
    shelves.store.uses.forget(cids[0])  # as if a minute had passed
    await shelves.store.path(cids[0])
    gone = await all_of(shelves.keeper(), 2 * MEDIUM + 1)
    assert [one.cid for one in gone] == cids[1:4]


async def test_what_is_cheap_to_make_again_for_its_size_goes_first(shelves: Shelves):
    async def result(name: str, seconds: float, *sources: str) -> str:
        cid = await shelves.blob(name)
        row = ActionRow(cache_id=name, output_cid=cid, kind="render", identity="", seconds=seconds, sources=sources)
        await shelves.database.actions.put([row])
        return cid

    dear, base, above, cheap = [
        await result("dear", 60), await result("base", 0.1), await result("above", 0.2, "base"),
        await result("cheap", 0.15),
    ]  # fmt: skip
    results = {"a": dear, "b": base, "c": above, "d": cheap}
    await shelves.run("done", "completed", results=results)
    planned = await all_of(shelves.keeper(), plan=True)
    assert [(one.cid, one.seconds, one.alone) for one in planned] == [
        (base, 0.1, 0.1), (cheap, 0.15, 0.15), (above, pytest.approx(0.3), 0.2), (dear, 60, 60),
    ]  # fmt: skip
    assert all(shelves.store.has(cid) for cid in results.values())
    assert [one.cid for one in await all_of(shelves.keeper(), 1)] == [base]
    assert (await all_of(shelves.keeper(), plan=True)) == planned[1:]


async def test_the_last_use_survives_a_restart_and_leaves_a_verified_file_verified(shelves: Shelves):
    first, second = await shelves.blob("first"), await shelves.blob("second")
    place = await shelves.store.path(first)
    sealed = shelves.store.sealed([place])
    shelves.store.uses.forget(first)
    shelves.age(first)
    await shelves.store.path(first)
    assert shelves.store.sealed([place]) == sealed is not None
    again = BlobStore(shelves.store.layout.root, reserve_bytes=0)
    await again.open()
    assert [one.cid async for one in Keeper(again, shelves.database).going(1)] == [second]


async def test_a_file_is_touched_once_a_minute(shelves: Shelves):
    clock = [1000.0]
    shelves.store.uses = uses.Uses(lambda: clock[0])
    cid = await shelves.blob("film")
    place = await shelves.store.path(cid)
    shelves.age(cid)
    aged = os.stat(place).st_atime_ns
    clock[0] += uses.TOUCH - 1
    await shelves.store.path(cid)
    assert os.stat(place).st_atime_ns == aged
    clock[0] += 1
    await shelves.store.path(cid)
    assert os.stat(place).st_atime_ns > aged + DAY / 2


async def test_what_is_in_use_stays(shelves: Shelves, monkeypatch: pytest.MonkeyPatch):
    held, handed, other = [await shelves.blob(name) for name in ("held", "handed", "other")]
    with shelves.store.uses.work():
        await asyncio.create_task(shelves.store.path(held))
        async with shelves.keeper().holds.use([other]):
            pass
        keeper = shelves.keeper()
        async with keeper.holds.use([other]):
            assert [one.cid for one in await all_of(keeper)] == [handed]
    monkeypatch.setattr(uses, "GRACE", 60.0)
    shelves.store.uses = uses.Uses()
    await shelves.store.path(held)
    assert [one.cid for one in await all_of(shelves.keeper())] == [other]
    assert shelves.store.has(held)


async def test_growth_beyond_the_capacity_is_undone_down_to_the_low_water_mark(shelves: Shelves):
    keeper = shelves.keeper(20 * MEDIUM)
    keeper.start()
    try:
        for number in range(21):
            await shelves.blob(str(number))
        await until(lambda: shelves.store.census.size <= 18 * MEDIUM)
        assert keeper.usage.evicted * MEDIUM == keeper.usage.evicted_bytes > 0
        assert keeper.usage.bytes == sum(path.stat().st_size for path in shelves.store.layout.root.rglob("baf*"))
    finally:
        await keeper.close()


async def test_what_would_not_fit_is_refused_unless_something_may_go(shelves: Shelves):
    keeper = shelves.keeper(10 * MEDIUM)
    for number in range(9):
        await shelves.entry(str(number))
    await shelves.blob("garbage")
    await keeper.admit(MEDIUM)
    assert shelves.store.census.size == 9 * MEDIUM
    with pytest.raises(StorageFull, match="above its capacity"):
        await keeper.admit(2 * MEDIUM)


async def test_the_disks_reserve_is_kept_free(tmp_path: Path, shelves: Shelves, monkeypatch: pytest.MonkeyPatch):
    store = BlobStore(shelves.store.layout.root, reserve_bytes=100 * MEDIUM)
    keeper = Keeper(store, shelves.database)
    for number in range(60):
        await shelves.blob(str(number))
    disk = 200 * MEDIUM

    def free(folder: Path) -> int:
        return disk - sum(path.stat().st_size for path in store.layout.root.rglob("baf*"))

    monkeypatch.setattr(store._disk, "free", free)
    await keeper.admit(16 * MEDIUM)  # 140 are free: 16 more would leave less than 125
    assert store.spare == (50 + 16) * MEDIUM


async def test_what_is_used_while_it_is_asked_who_needs_it_stays(shelves: Shelves, monkeypatch: pytest.MonkeyPatch):
    cid, other = await shelves.blob("record"), await shelves.blob("other")
    ask = shelves.database.claims.of

    async def asked(cids: list[str]) -> Any:
        answer = await ask(cids)
        with shelves.store.uses.work():  # it ends, and what it wrote to the database came after the answer
            await shelves.store.path(cid)
        return answer

    monkeypatch.setattr(shelves.database.claims, "of", asked)
    assert [one.cid for one in await all_of(shelves.keeper())] == [other]


async def test_what_lies_there_at_the_start_is_counted(shelves: Shelves):
    for number in range(3):
        await shelves.entry(str(number))
    again = BlobStore(shelves.store.layout.root, reserve_bytes=0)
    await again.open()
    keeper = Keeper(again, shelves.database)
    keeper.start()
    try:
        await until(lambda: keeper.usage.bytes == 3 * MEDIUM)
    finally:
        await keeper.close()
