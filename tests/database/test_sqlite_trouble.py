"""SQLite when others hold its lock, and when its disk fails (failures.md B1, B2): nothing that was answered is lost, no
state is half written, reads go on.

``ARTDAG_LOCK_ROUNDS`` says how often the lock is held in the slow test (50, five seconds each).
"""

from __future__ import annotations

import asyncio
import os
import resource
import shutil
import sqlite3
import subprocess
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
from daemons import daemon
from nodes import Person, running_node
from sqlalchemy.dialects.sqlite import aiosqlite

from artdagd.database import Database
from artdagd.database.actions import ActionRow
from artdagd.database.runs import RunRow, StepRow
from artdagd.errors import StorageFull, Unavailable

ROUNDS = int(os.environ.get("ARTDAG_LOCK_ROUNDS", "50"))
READERS, WRITERS = 50, 5


def action(name: str) -> ActionRow:
    return ActionRow(cache_id=name, output_cid="b" * 100, kind="render", identity="i")


# --- somebody else's lock


@asynccontextmanager
async def locked(file: Path) -> AsyncIterator[None]:
    other = sqlite3.connect(file, isolation_level=None, timeout=60, check_same_thread=False)
    # In a thread: the node that may have the lock at this moment is in this one.
    await asyncio.to_thread(other.execute, "BEGIN IMMEDIATE")
    try:
        yield
    finally:
        other.execute("COMMIT")
        other.close()


@pytest.mark.parametrize(
    ("rounds", "seconds"), [(1, 0.5), pytest.param(ROUNDS, 5, marks=[pytest.mark.slow, pytest.mark.timeout(2000)])]
)
async def test_a_lock_from_outside_fails_nobody(tmp_path: Path, rounds: int, seconds: float):
    file = tmp_path / "state.sqlite"
    codes: dict[int, int] = {}
    made: list[str] = []
    over = asyncio.Event()

    async def read(person: Person) -> None:
        while not over.is_set():
            answer = await person.http.get("/runs")
            codes[answer.status_code] = codes.get(answer.status_code, 0) + 1
            if answer.status_code >= 500:
                print(answer.text)

    async def write(person: Person, number: int) -> None:
        while not over.is_set():
            answer = await person.http.post("/auth/tokens", json={"name": f"{number}", "owner": f"o{len(made) % 20}"})
            codes[answer.status_code] = codes.get(answer.status_code, 0) + 1
            if answer.status_code >= 500:
                print(answer.text)
            if answer.status_code == 201:
                made.append(answer.json()["token_id"])
            await asyncio.sleep(0.05)

    async with running_node(tmp_path / "home", workers=0, database_url=f"sqlite:///{file}") as (_, person):
        clients = [asyncio.create_task(read(person)) for _ in range(READERS)]
        clients += [asyncio.create_task(write(person, number)) for number in range(WRITERS)]
        for _ in range(rounds):
            async with locked(file):
                before, end = codes.get(200, 0), time.monotonic() + seconds
                # Readers go on meanwhile.
                while codes.get(200, 0) < before + READERS or time.monotonic() < end:
                    assert time.monotonic() < end + 30
                    await asyncio.sleep(0.02)
            written = len(made)  # those that waited are let through before the next lock
            async with asyncio.timeout(30):
                while len(made) < written + WRITERS:
                    await asyncio.sleep(0.02)
        over.set()
        await asyncio.gather(*clients)
        kept = {row.token_hash for row in await tokens(file)}
    print(f"{rounds} x {seconds} s: {codes}, {len(made)} writes")
    assert set(codes) <= {200, 201, 409}
    assert made
    assert all(any(hash_.startswith(one) for hash_ in kept) for one in made)


async def tokens(file: Path) -> list[Any]:
    database = await Database.open(f"sqlite:///{file}")
    try:
        return await database.tokens.all()
    finally:
        await database.close()


# --- a disk that fails


WRITES = ("BEGIN IMMEDIATE", "INSERT", "UPDATE", "DELETE", "COMMIT")


class Fault:
    """Fails the ``nth`` call by which SQLite is told to write; and all after it, if it is ``sticky``."""

    def __init__(self, patch: pytest.MonkeyPatch, said: str) -> None:
        self.said, self.nth, self.sticky, self.calls = said, 0, False, 0
        self._patch = patch
        cursor, connection = aiosqlite.AsyncAdapt_aiosqlite_cursor, aiosqlite.AsyncAdapt_aiosqlite_connection
        self._wrap(cursor, "execute", lambda args: args[0])
        self._wrap(cursor, "executemany", lambda args: args[0])
        self._wrap(connection, "commit", lambda args: "COMMIT")

    def arm(self, nth: int, sticky: bool) -> None:
        self.nth, self.sticky, self.calls = nth, sticky, 0

    @property
    def fired(self) -> bool:
        return 0 < self.nth <= self.calls

    def _wrap(self, owner: Any, name: str, words: Callable[[Any], str]) -> None:
        real = getattr(owner, name)

        def call(this: Any, *args: Any, **more: Any) -> Any:
            if words(args).lstrip().upper().startswith(WRITES):
                self.calls += 1
                if self.calls == self.nth or (self.sticky and self.fired):
                    raise sqlite3.OperationalError(self.said)
            return real(this, *args, **more)

        self._patch.setattr(owner, name, call)


async def story(database: Database) -> list[str]:
    """What a run does to the database, step by step; the steps that were answered. Goes on after a failure."""
    steps = [StepRow(run_id="r", step_id=f"s{n}", position=n, type="EFFECT", level=n) for n in range(3)]
    run = RunRow(run_id="r", owner="ann", status="pending", created_at="t")
    told = {
        "blob": lambda: database.blobs.record("b", 1, media_type="video/mp4", filename=None, owner="ann"),
        "meta": lambda: database.blobs.update_meta("b", "ann", title="t"),
        "run": lambda: database.runs.insert(run),
        "steps": lambda: database.runs.put_steps("r", steps),
        "action": lambda: database.actions.put([action("k")]),
        "end": lambda: database.runs.update("r", ("pending",), status="completed"),
        "delete": lambda: database.blobs.delete("b", "ann"),
    }
    done = []
    for name, work in told.items():
        try:
            if await work() is not False:
                done.append(name)
        except (Unavailable, StorageFull):
            await database.runs.count()  # reads go on
    return done


async def found(database: Database) -> dict[str, Any]:
    entry, run = await database.blobs.entry("b", None), await database.runs.get("r")
    return {
        "blob": entry is not None, "meta": bool(entry and entry.title), "run": run is not None,
        "steps": len(await database.runs.steps("r")), "action": bool(await database.actions.outputs(["k"])),
        "end": bool(run and run.status == "completed"),
    }  # fmt: skip


def agrees(state: dict[str, Any], done: list[str]) -> bool:
    """Whether the database holds what was answered, and nothing by half."""
    kept = {**state, "steps": state["steps"] == 3}
    gone = "delete" in done
    excused = {"delete", *(("blob", "meta") if gone else ()), *(() if "run" in done else ("steps",))}
    lost = [name for name in done if name not in excused and not kept[name]]
    return not lost and state["steps"] in (0, 3) and not (gone and state["blob"])


@pytest.mark.slow
@pytest.mark.parametrize("said", ["disk I/O error", "database or disk is full"])
async def test_the_nth_write_fails_and_nothing_answered_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str
):
    fault = Fault(monkeypatch, said)
    trials = 0
    for sticky in (False, True):
        for nth in range(1, 100):
            fault.arm(0, False)
            file = tmp_path / f"{nth}{sticky}.sqlite"
            database = await Database.open(f"sqlite:///{file}")
            fault.arm(nth, sticky)
            done = await story(database)
            fired, trials = fault.fired, trials + 1
            fault.arm(0, False)
            assert agrees(await found(database), done), (nth, sticky, done)
            await database.actions.put([action("z")])
            await database.close()
            with sqlite3.connect(file) as after:
                assert after.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            for left in tmp_path.glob(f"{file.name}*"):
                left.unlink()
            if not fired:
                break
        assert not fired, "the story has an end"
    assert trials > 25


async def said(http: httpx.AsyncClient, size: int) -> int:
    body = {"name": "n" * 200, "owner": f"o{size}"}
    return (await http.post("/auth/tokens", json=body)).status_code


async def test_a_daemon_whose_disk_takes_no_more_says_so_and_reads_on(tmp_path: Path):
    """The kernel refuses to let its files grow: an I/O error for SQLite."""
    async with daemon(tmp_path / "home", workers=0, sqlite=True) as (process, http):
        assert await said(http, 0) == 201
        largest = max(file.stat().st_size for file in (tmp_path / "home").glob("artdagd.sqlite*"))
        limit = resource.prlimit(process.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (largest, limit[1]))
        codes = [await said(http, number) for number in range(1, 40)]
        assert set(codes) <= {201, 503, 507}
        assert codes[-1] in (503, 507)
        assert (await http.get("/runs")).status_code == 200
        assert (await http.get("/healthz")).status_code in (200, 503)
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, limit)
        assert await said(http, 50) == 201
        kept = (await http.get("/auth/tokens")).json()
        assert kept["total"] if "total" in kept else kept["items"]
    await sound(tmp_path / "home" / "artdagd.sqlite", codes.count(201) + 2)


async def sound(file: Path, more: int) -> None:
    with sqlite3.connect(file) as after:
        assert after.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert after.execute("SELECT count(*) FROM tokens WHERE owner LIKE 'o%'").fetchone()[0] >= more


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount a small disk")
async def test_a_full_disk_is_507_until_there_is_space(tmp_path: Path):
    small = tmp_path / "small"
    small.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "none", small], check=False).returncode:
        pytest.skip("this root may not mount")
    try:
        database = await Database.open(f"sqlite:///{small / 'state.sqlite'}")
        await database.actions.put([action("before")])
        ballast = small / "ballast"
        ballast.write_bytes(bytes(shutil.disk_usage(small).free))
        kept = 0
        with suppress(StorageFull):
            while kept < 2000:
                await database.actions.put([action(f"k{kept}")])
                kept += 1
        assert kept < 2000
        assert len(await database.actions.outputs([f"k{number}" for number in range(kept + 1)])) == kept
        ballast.unlink()
        await database.actions.put([action("after")])
        await database.close()
        with sqlite3.connect(small / "state.sqlite") as after:
            assert after.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    finally:
        subprocess.run(["umount", "-l", small], check=True)
