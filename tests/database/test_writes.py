"""The writer: what it promises to those who write at the same time, and to those who read meanwhile."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path

import asyncpg
import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from artdagd.database import Database, opening, trouble
from artdagd.database.actions import ActionRow
from artdagd.database.runs import RunRow
from artdagd.database.tokens import TokenRow
from artdagd.errors import StorageFull, Unavailable


def action(number: int) -> ActionRow:
    return ActionRow(cache_id=f"k{number}", output_cid="b", kind="render", identity="i")


def count_commits(database: Database) -> list[int]:
    commits: list[int] = []
    event.listen(database.engine.sync_engine, "commit", lambda _: commits.append(1))
    return commits


async def test_writes_that_wait_together_are_committed_together(database: Database):
    commits = count_commits(database)
    await asyncio.gather(*(database.actions.put([action(n)]) for n in range(100)))
    assert len(commits) <= 2
    assert len(await database.actions.get_many([f"k{n}" for n in range(100)])) == 100


async def test_a_write_that_fails_fails_alone(database: Database):
    async def bad(connection: AsyncConnection) -> None:
        await connection.execute(text("INSERT INTO steps (run_id) VALUES ('nobody')"))

    answers = await asyncio.gather(
        database.actions.put([action(1)]),
        database.write(bad),
        database.actions.put([action(2)]),
        return_exceptions=True,
    )
    assert [type(answer) for answer in answers] == [type(None), IntegrityError, type(None)]
    assert set(await database.actions.get_many(["k1", "k2"])) == {"k1", "k2"}


async def test_a_commit_that_fails_is_not_tried_again(database: Database):
    """After a failed fsync a second try may report a success that never was (failures.md B2)."""
    tries: list[int] = []

    def fail(_: object) -> None:
        tries.append(1)
        raise OSError("fsync failed")

    event.listen(database.engine.sync_engine, "commit", fail)
    answers = await asyncio.gather(*(database.actions.put([action(n)]) for n in range(3)), return_exceptions=True)
    assert [type(answer) for answer in answers] == [Unavailable] * 3
    assert len(tries) == 1
    event.remove(database.engine.sync_engine, "commit", fail)
    assert await database.actions.get_many(["k0", "k1", "k2"]) == {}
    await database.actions.put([action(4)])


async def test_a_writer_that_goes_away_harms_nobody(database: Database):
    leaving = asyncio.create_task(database.actions.put([action(1)]))
    staying = asyncio.create_task(database.actions.put([action(2)]))
    await asyncio.sleep(0)
    leaving.cancel()
    await staying
    assert "k2" in await database.actions.get_many(["k1", "k2"])


async def test_closing_finishes_what_was_asked(url: str):
    database = await Database.open(url)
    writing = asyncio.create_task(database.actions.put([action(1)]))
    await asyncio.sleep(0)
    await database.close()
    await writing
    again = await Database.open(url)
    assert "k1" in await again.actions.get_many(["k1"])
    await again.close()


async def test_a_reader_sees_one_moment_and_holds_nobody_up(database: Database):
    async def look(connection: AsyncConnection) -> tuple[int, int]:
        count = text("SELECT count(*) FROM actions")
        if connection.dialect.name == "postgresql":
            await connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))
        before = await connection.scalar(count)
        await database.actions.put([action(1)])  # returns while this reader is still open
        return before, await connection.scalar(count)

    assert await database.read(look) == (0, 0)


async def test_a_reader_that_leaves_half_way_keeps_no_moment_open(tmp_path: Path):
    """Else SQLite could never begin its journal anew, and the file would grow for ever."""
    database = await Database.open(f"sqlite:///{tmp_path / 'state.sqlite'}")
    looked = asyncio.Event()

    async def look(connection: AsyncConnection) -> None:
        await connection.execute(text("SELECT count(*) FROM actions"))
        looked.set()
        await asyncio.Event().wait()

    reading = asyncio.create_task(database.read(look))
    await looked.wait()
    await database.actions.put([action(1)])
    reading.cancel()
    await asyncio.gather(reading, return_exceptions=True)
    with sqlite3.connect(tmp_path / "state.sqlite", timeout=10) as other:
        busy, *_ = other.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    assert not busy
    await database.close()


async def test_a_full_disk_is_507_and_reading_goes_on(tmp_path: Path):
    database = await Database.open(f"sqlite:///{tmp_path / 'state.sqlite'}")
    await database.actions.put([action(1)])

    async with database.engine.connect() as connection:
        pages = await connection.scalar(text("PRAGMA page_count"))
    await database.engine.dispose()  # new connections are bound: the file may grow no more
    event.listen(
        database.engine.sync_engine,
        "connect",
        lambda made, _: made.cursor().execute(f"PRAGMA max_page_count={pages}"),
    )
    rows = [TokenRow(token_hash=f"{n:064}", name="n" * 2000, owner="ann") for n in range(100)]
    answers = await asyncio.gather(*(database.tokens.add(row) for row in rows), return_exceptions=True)
    assert any(isinstance(answer, StorageFull) for answer in answers)
    assert "k1" in await database.actions.get_many(["k1"])
    kept = {row.token_hash for row in await database.tokens.all()}
    assert kept == {row.token_hash for row, answer in zip(rows, answers, strict=True) if answer is True}
    await database.close()


async def test_postgresql_that_restarts_is_taken_up_again(postgres_url: str):
    database = await Database.open(postgres_url)
    await database.actions.put([action(1)])
    outside = await asyncpg.connect(postgres_url)
    # What a restart does to every session, without the restart.
    ended = await outside.fetch(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    await outside.close()
    assert len(ended) >= 1
    await database.actions.put([action(2)])
    assert set(await database.actions.get_many(["k1", "k2"])) == {"k1", "k2"}
    await database.close()


async def test_postgresql_that_is_lost_in_the_middle_again_and_again_is_503(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(trouble, "PATIENCE", 0.2)
    database = await Database.open(postgres_url)

    async def work(connection: AsyncConnection) -> None:
        await connection.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))

    with pytest.raises(trouble.Away) as caught:
        await database.write(work)
    assert caught.value.retry_after
    await database.actions.put([action(2)])
    await database.close()


@pytest.mark.parametrize("when", ["before", "after"])
async def test_a_commit_whose_answer_is_lost_is_done_once(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch, when: str
):
    """PostgreSQL is asked what became of it: a run that was kept is new once, and one that was not is tried again."""
    database = await Database.open(postgres_url)
    dialect = database.engine.sync_engine.dialect
    commit = dialect.do_commit
    tries: list[int] = []

    def lose(connection: object) -> None:
        tries.append(1)
        if len(tries) > 1 or when == "after":
            commit(connection)
        if len(tries) == 1:
            raise ConnectionResetError("the server went away")

    monkeypatch.setattr(dialect, "do_commit", lose)
    row = RunRow(run_id="r", owner="ann", status="pending", created_at="t")
    assert await database.runs.insert(row) is True
    assert len(tries) == (1 if when == "after" else 2)
    assert await database.runs.insert(row) is False
    await database.close()


@pytest.mark.parametrize("code", ["40001", "40P01"])
async def test_what_postgresql_undid_for_the_sake_of_others_is_done_again(postgres_url: str, code: str):
    database = await Database.open(postgres_url)
    tries: list[int] = []

    async def work(connection: AsyncConnection) -> None:
        tries.append(1)
        if len(tries) == 1:
            await connection.execute(text(f"DO $$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '{code}'; END $$"))

    await asyncio.gather(database.actions.put([action(1)]), database.write(work))
    assert len(tries) == 2
    assert "k1" in await database.actions.get_many(["k1"])
    await database.close()


async def test_two_hundred_readers_share_five_connections(postgres_url: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(opening._POOL, "pool_size", 5)
    database = await Database.open(postgres_url)
    seen: list[int] = []

    async def look(connection: AsyncConnection) -> None:
        # Not what the server counts: it looks after tables now and then, and what is closed is there for a while.
        seen.append(await connection.scalar(text("SELECT pg_backend_pid()")) or 0)

    await asyncio.gather(*(database.read(look) for _ in range(200)))
    assert len(seen) == 200
    assert len(set(seen)) <= 5
    await database.close()


async def test_who_finds_no_connection_is_told_to_come_back(postgres_url: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(opening._POOL, "pool_size", 1)
    monkeypatch.setitem(opening._POOL, "pool_timeout", 0.1)
    database = await Database.open(postgres_url)

    async def outlast(connection: AsyncConnection) -> None:
        with pytest.raises(trouble.Away) as caught:
            await database.actions.outputs(["k"])
        assert caught.value.retry_after

    await database.read(outlast)
    await database.close()


async def test_somebody_elses_lock_is_waited_for(tmp_path: Path):
    file = tmp_path / "state.sqlite"
    database = await Database.open(f"sqlite:///{file}")
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    writing = asyncio.create_task(database.actions.put([action(1)]))
    assert await database.actions.get_many(["k1"]) == {}  # readers go on
    assert not writing.done()
    other.execute("COMMIT")
    other.close()
    await writing
    await database.close()
