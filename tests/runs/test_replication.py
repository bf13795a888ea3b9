"""The durable queue of copies: what is owed is sent, whatever happens; nothing counts as sent that is not."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from artdagd.database import Database
from artdagd.database.providers import ProviderRow
from artdagd.database.replicas import FULL, Replica
from artdagd.errors import Unavailable
from artdagd.runs import lanes as lanes_module
from artdagd.runs.compute import FOR
from artdagd.runs.lanes import Lanes
from artdagd.runs.replication import Replication
from artdagd.store import BlobStore
from artdagd.store.circuit import FAILURES
from artdagd.store.providers import Providers
from tests.databases import url_of

pytestmark = pytest.mark.database


class Shelf:
    """A provider in memory. ``fault`` is raised by all that it does; a ``gate`` has saves wait."""

    def __init__(self) -> None:
        self.held: dict[str, bytes] = {}
        self.fault: Exception | None = None
        self.gate: asyncio.Event | None = None
        self.saving = asyncio.Event()
        self.saves: list[str] = []
        self.at_once = self.most_at_once = 0

    async def save(self, cid: str, path: Path) -> None:
        self.saves.append(cid)
        self.saving.set()
        self.at_once += 1
        self.most_at_once = max(self.at_once, self.most_at_once)
        try:
            await asyncio.sleep(0)
            if self.gate:
                await self.gate.wait()
            if self.fault:
                raise self.fault
            self.held.setdefault(cid, path.read_bytes())
        finally:
            self.at_once -= 1

    async def load(self, cid: str) -> AsyncIterator[bytes]:
        if self.fault:
            raise self.fault
        if cid not in self.held:
            raise FileNotFoundError(cid)
        yield self.held[cid]

    async def size(self, cid: str) -> int | None:
        return len(self.held[cid]) if cid in self.held else None

    async def delete(self, cid: str) -> None:
        if self.fault:
            raise self.fault
        self.held.pop(cid, None)

    async def list(self) -> AsyncIterator[str]:
        for cid in tuple(self.held):
            yield cid

    async def close(self) -> None:
        pass


class World:
    """A store with its queue, on a database."""

    def __init__(self, folder: Path, database: Database, node: str) -> None:
        self.ledger = Replication(database, Providers(5), node)
        self.providers = self.ledger.providers
        self.store = BlobStore(folder / node, reserve_bytes=0, providers=self.providers, ledger=self.ledger)
        self.lanes = Lanes(self.store, self.ledger)
        self.replicas = database.replicas

    async def put(self, data: bytes) -> str:
        return (await self.store.put_bytes(data)).cid

    async def states(self, cid: str) -> dict[str, str]:
        return {row.provider_id: row.state for row in await self.replicas.of([cid])}

    async def row(self, cid: str, provider_id: str = "p") -> Replica:
        return next(row for row in await self.replicas.of([cid]) if row.provider_id == provider_id)

    async def until(self, condition: Callable[[], Awaitable[object]]) -> None:
        async with asyncio.timeout(30):
            while not await condition():
                await asyncio.sleep(0.01)

    async def until_states(self, cid: str, **states: str) -> None:
        async def reached() -> bool:
            return await self.states(cid) == states

        await self.until(reached)

    def lose(self, cid: str) -> None:
        for path in self.store.layout.root.glob(f"blobs/*/{cid}"):
            path.unlink()


@asynccontextmanager
async def world(folder: Path, node: str = "here", **shelves: Any) -> AsyncIterator[World]:
    database = await Database.open(url_of(folder))
    made = World(folder, database, node)
    await made.store.open()
    for name, shelf in shelves.items():
        await made.providers.add(name, shelf)
    await made.lanes.start()
    try:
        yield made
    finally:
        await made.lanes.close()
        await database.close()


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lanes_module, "FIRST_WAIT", 0.02)


async def test_a_blob_is_owed_when_it_is_stored_and_sent_afterwards(tmp_path: Path):
    shelf = Shelf()
    shelf.gate = asyncio.Event()
    async with world(tmp_path, p=shelf) as here:
        cid = await here.put(b"film")
        assert await here.states(cid) == {"p": "pending"}
        assert await here.store.held_elsewhere([cid]) == set()
        shelf.gate.set()
        await here.until_states(cid, p="replicated")
        assert shelf.held == {cid: b"film"}
        assert await here.store.held_elsewhere([cid]) == {cid}
        tally = (await here.ledger.tallies())["p"]
        assert (tally.blobs, tally.bytes, tally.owed, tally.failing) == (1, 4, 0, 0)


async def test_what_is_owed_survives_a_restart_in_the_middle_of_a_save(tmp_path: Path):
    shelf = Shelf()
    shelf.gate = asyncio.Event()
    async with world(tmp_path, p=shelf) as here:
        cid = await here.put(b"film")
        await shelf.saving.wait()
        assert (await here.row(cid)).lease is not None
    shelf.gate = None
    async with world(tmp_path, p=shelf) as here:
        await here.until_states(cid, p="replicated")
        assert shelf.held == {cid: b"film"}


async def test_a_failure_is_told_and_tried_again(tmp_path: Path):
    broken, fine = Shelf(), Shelf()
    broken.fault = OSError("the bucket is gone")
    async with world(tmp_path, p=broken, q=fine) as here:
        cid = await here.put(b"film")
        await here.until_states(cid, p="failed", q="replicated")
        assert (await here.row(cid)).error == "the bucket is gone"
        broken.fault = None
        await here.until_states(cid, p="replicated", q="replicated")
        assert (await here.row(cid)).error is None


async def test_what_a_provider_says_it_has_saved_is_looked_for(tmp_path: Path):
    class Liar(Shelf):
        async def save(self, cid: str, path: Path) -> None:
            pass

    async with world(tmp_path, p=Liar()) as here:
        cid = await here.put(b"film")
        await here.until_states(cid, p="failed")
        assert "has none" in ((await here.row(cid)).error or "")


async def test_a_provider_that_is_down_is_left_alone_and_costs_nothing(tmp_path: Path):
    down = Shelf()
    down.fault = ConnectionError("down")
    async with world(tmp_path, p=down) as here:
        cids = [await here.put(b"%d" % number) for number in range(30)]
        (used,) = here.providers.every()

        async def opened() -> bool:
            return used.circuit.state == "open"

        await here.until(opened)
        assert len(down.saves) <= FAILURES + 4
        assert await here.store.held_elsewhere(cids) == set()
        down.fault = None
        used.circuit._until = 0.0
        used.work.set()
        for cid in cids:
            await here.until_states(cid, p="replicated")
        assert used.circuit.state == "closed"
        assert down.most_at_once <= 4


async def test_a_provider_that_comes_later_gets_what_is_here(tmp_path: Path):
    shelf = Shelf()
    async with world(tmp_path) as here:
        cids = {await here.put(b"%d" % number) for number in range(20)}
        value = (await here.store.put_value({"beats": [1]}, "analysis")).cid
        await here.providers.add("p", shelf)  # type: ignore[arg-type]
        for cid in (*cids, value):
            await here.until_states(cid, p="replicated")
        assert set(shelf.held) == {*cids, value}


async def test_a_deletion_is_owed_too(tmp_path: Path):
    shelf = Shelf()
    async with world(tmp_path, p=shelf) as here:
        cid = await here.put(b"film")
        await here.until_states(cid, p="replicated")
        shelf.fault = ConnectionError("down")
        await here.store.delete(cid)
        await here.until_states(cid, p="deleting")
        shelf.fault = None
        await here.until_states(cid)
        assert shelf.held == {}


async def test_a_blob_that_comes_back_while_it_is_deleted_is_saved_again(tmp_path: Path):
    shelf = Shelf()
    shelf.gate = asyncio.Event()
    async with world(tmp_path, p=shelf) as here:
        cid = await here.put(b"film")
        await shelf.saving.wait()
        await here.store.delete(cid)
        assert await here.states(cid) == {"p": "deleting"}
        assert await here.put(b"film") == cid
        shelf.gate.set()
        await here.until_states(cid, p="replicated")
        assert shelf.held == {cid: b"film"}


@pytest.mark.parametrize("decay", [b"", b"fil", b"\0\0\0\0", b"filn", b"film!"])
async def test_a_copy_that_is_wrong_is_found_told_and_replaced(tmp_path: Path, decay: bytes):
    wrong, right = Shelf(), Shelf()
    async with world(tmp_path, p=wrong, q=right) as here:
        cid = await here.put(b"film")
        await here.until_states(cid, p="replicated", q="replicated")
        wrong.held[cid] = decay
        wrong.gate = asyncio.Event()
        here.lose(cid)
        assert (await here.store.path(cid)).read_bytes() == b"film"
        row = await here.row(cid)
        assert (row.state, row.error, row.spoiled) == ("failed", "wrong bytes", True)
        wrong.gate.set()
        await here.until_states(cid, p="replicated", q="replicated")
        assert wrong.held == {cid: b"film"}


async def test_the_only_copy_is_not_deleted_because_it_came_wrong_once(tmp_path: Path):
    shelf = Shelf()
    async with world(tmp_path, p=shelf) as here:
        cid = await here.put(b"film")
        await here.until_states(cid, p="replicated")
        here.lose(cid)
        shelf.held[cid] = b"filn"
        with pytest.raises(Exception, match="not what it names"):
            await here.store.path(cid)
        await here.until(lambda: _later(here, cid))
        assert shelf.held == {cid: b"filn"}
        shelf.held[cid] = b"film"  # the network had lied
        assert (await here.store.path(cid)).read_bytes() == b"film"
        await here.until_states(cid, p="replicated")


async def _later(here: World, cid: str) -> bool:
    return (await here.row(cid)).attempts >= 2


async def test_a_copy_that_is_put_off_is_not_due_sooner_because_another_finds_it_wrong(tmp_path: Path):
    async with world(tmp_path) as here:
        await here.replicas.owe([Replica(cid="c", provider_id="p", node="here", size=1)])
        (taken,) = await here.replicas.claim("p", "here", 1, lambda size: 60)
        later = time.time() + 600
        assert await here.replicas.failed(taken, "down", later)
        await here.replicas.wrong("c", "p", "wrong bytes", spoiled=True)
        row = await here.row("c")
        assert (row.due_at, row.spoiled, row.state) == (later, True, "failed")


async def test_a_copy_that_was_lost_is_made_again(tmp_path: Path):
    forgetful, right = Shelf(), Shelf()
    async with world(tmp_path, p=forgetful, q=right) as here:
        cid = await here.put(b"film")
        await here.until_states(cid, p="replicated", q="replicated")
        forgetful.held.clear()
        here.lose(cid)
        assert (await here.store.path(cid)).read_bytes() == b"film"
        await here.until(lambda: _has(forgetful, cid))
        await here.until_states(cid, p="replicated", q="replicated")


async def _has(shelf: Shelf, cid: str) -> bool:
    return cid in shelf.held


async def test_no_more_is_sent_than_a_provider_holds(tmp_path: Path):
    shelf = Shelf()
    async with world(tmp_path) as here:
        await here.providers.add("p", shelf, capacity_bytes=10)  # type: ignore[arg-type]
        first, second = await here.put(b"sixsix"), await here.put(b"fivee")
        await here.until(lambda: _ended(here, first, second))
        rows = {row.state: row.cid for row in await here.replicas.of([first, second])}
        assert set(rows) == {"replicated", "failed"}
        full, kept = rows["failed"], rows["replicated"]
        assert (await here.row(full)).error == FULL
        assert sum(map(len, shelf.held.values())) <= 10
        await here.store.delete(kept)
        await here.until_states(full, p="replicated")
        assert set(shelf.held) == {full}


async def _ended(here: World, *cids: str) -> bool:
    return {state for cid in cids for state in (await here.states(cid)).values()} <= {"replicated", "failed"}


async def test_a_synchronous_provider_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(lanes_module, "FIRST_WAIT", 60)
    shelf = Shelf()
    async with world(tmp_path) as here:
        await here.providers.add("p", shelf, synchronous=True)  # type: ignore[arg-type]
        shelf.fault = OSError("the node is down")
        cid = await here.put(b"film")
        with pytest.raises(Unavailable, match="the node is down"):
            await here.store.delivered(cid)
        shelf.fault = None
        await here.store.delivered(cid)
        assert shelf.held == {cid: b"film"}
        await here.store.delivered(cid)


async def test_a_users_provider_has_that_users_content_and_is_asked_for_it_alone(tmp_path: Path):
    bobs = Shelf()
    async with world(tmp_path) as here:
        database = here.ledger.database
        mine, other = await here.put(b"bob's"), await here.put(b"eve's")
        await database.blobs.record(mine, 5, media_type="text/plain", filename=None, owner="bob")
        await database.blobs.record(other, 5, media_type="text/plain", filename=None, owner="eve")
        await here.providers.add("b", bobs, owner="bob")  # type: ignore[arg-type]
        await here.until_states(mine, b="replicated")
        later = await here.put(b"later")
        await here.ledger.owe(later, 5, existed=True, owner="bob")
        await here.until_states(later, b="replicated")
        assert set(bobs.held) == {mine, later}
        assert await here.store.held_elsewhere([mine]) == set()
        here.lose(mine)
        FOR.set("eve")
        with pytest.raises(Exception, match="not stored here"):
            await here.store.path(mine)
        FOR.set("bob")
        assert (await here.store.path(mine)).read_bytes() == b"bob's"


async def test_two_nodes_make_each_copy_once(tmp_path: Path):
    shelf = Shelf()
    async with world(tmp_path, "a", p=shelf) as one, world(tmp_path, "b", p=shelf) as two:
        cids = [await (one, two)[number % 2].put(b"%d" % number) for number in range(20)]
        for cid in cids:
            await one.until_states(cid, p="replicated")
        assert sorted(shelf.saves) == sorted(cids)


async def test_what_another_node_left_undone_is_done_by_who_has_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(lanes_module, "LOOK_SECONDS", 0.05)
    shelf = Shelf()
    async with world(tmp_path, "a") as here:
        mine, theirs = await here.put(b"film"), "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku"
        long_ago = time.time() - 3600
        rows = [
            Replica(cid=cid, provider_id="p", node="dead", size=4, due_at=long_ago, lease=long_ago)
            for cid in (mine, theirs)
        ]
        await here.replicas.owe(rows)
        await here.providers.add("p", shelf)  # type: ignore[arg-type]
        await here.until_states(mine, p="replicated")
        assert (await here.row(theirs)).node == "dead"


async def test_a_provider_that_is_removed_or_replaced_while_it_saves_is_owed_nothing(tmp_path: Path):
    first, second = Shelf(), Shelf()
    first.gate = asyncio.Event()
    async with world(tmp_path, p=first) as here:
        cid = await here.put(b"film")
        await first.saving.wait()
        await here.providers.add("p", second)  # type: ignore[arg-type]
        await here.providers.remove("p")
        await here.replicas.remove("p")
        first.gate.set()
        await asyncio.gather(*here.lanes._flights.values())
        assert await here.states(cid) == {}


async def test_rows_of_providers_that_are_gone_are_forgotten(tmp_path: Path):
    async with world(tmp_path) as here:
        await here.ledger.database.providers.add(ProviderRow(provider_id="q", owner="ann", type="local", name="q"))
        rows = [Replica(cid="c", provider_id=name, node="here", size=1) for name in ("p", "q", "settings-r")]
        await here.replicas.owe(rows)
        await here.replicas.prune()
        assert set(await here.states("c")) == {"q", "settings-r"}


async def test_a_lease_that_was_lost_changes_nothing(tmp_path: Path):
    async with world(tmp_path) as here:
        await here.replicas.owe([Replica(cid="c", provider_id="p", node="here", size=1)])
        (taken,) = await here.replicas.claim("p", "here", 5, lambda size: 60)
        assert await here.replicas.claim("p", "here", 5, lambda size: 60) == []
        lost = msgspec.structs.replace(taken, lease=(taken.lease or 0) - 1)
        assert not await here.replicas.done(lost)
        assert await here.states("c") == {"p": "pending"}
        assert await here.replicas.done(taken)
        assert await here.states("c") == {"p": "replicated"}
