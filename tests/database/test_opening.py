"""What stands between a URL and a database that can be trusted."""

from __future__ import annotations

import asyncio
import socket
import stat
from pathlib import Path

import pytest
from sqlalchemy import text

from artdagd.database import Database
from artdagd.database.opening import look
from artdagd.database.runs import RunRow
from artdagd.database.tables import SCHEMA
from artdagd.errors import ConfigError


async def test_sqlite_is_durable_and_checks_its_references(tmp_path: Path):
    database = await Database.open(f"sqlite:///{tmp_path / 'state.sqlite'}")
    try:
        async with database.engine.connect() as connection:
            said = {
                pragma: await connection.scalar(text(f"PRAGMA {pragma}"))
                for pragma in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
            }
        assert said == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 10_000}
        modes = {stat.S_IMODE(file.stat().st_mode) for file in tmp_path.iterdir()}
        assert modes == {0o600}
    finally:
        await database.close()


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("nonsense", "not a database URL"),
        ("mysql://u:secret@host/db", "mysql is not supported"),
        ("sqlite://", "names no file"),
        ("sqlite:///:memory:", "names no file"),
        ("sqlite:////nowhere/at/all/state.sqlite", "/nowhere/at/all/state.sqlite"),
    ],
)
async def test_a_url_that_can_not_be_used_is_named(url: str, said: str):
    with pytest.raises(ConfigError, match=said) as caught:
        await Database.open(url)
    assert caught.value.advice
    assert "secret" not in caught.value.detail + caught.value.advice


async def filled(file: Path) -> None:
    database = await Database.open(f"sqlite:///{file}")
    for number in range(200):
        await database.runs.insert(
            RunRow(run_id=f"run-{number}", owner="ann", status="completed", created_at="2026", params={"x": "y" * 500})
        )
    await database.close()


async def rows_or_refusal(file: Path) -> int | ConfigError:
    try:
        database = await Database.open(f"sqlite:///{file}")
    except ConfigError as error:
        return error
    try:
        async with database.engine.connect() as connection:
            return int(await connection.scalar(text("SELECT count(*) FROM runs")) or 0)
    finally:
        await database.close()


async def test_an_empty_file_is_a_lost_database(tmp_path: Path):
    file = tmp_path / "state.sqlite"
    file.touch()
    with pytest.raises(ConfigError, match=r"state\.sqlite is empty"):
        await Database.open(f"sqlite:///{file}")
    assert file.stat().st_size == 0


async def test_a_damaged_file_is_refused_by_name_or_holds_every_row(tmp_path: Path):
    """A byte changed on any page, or the end cut off: never a start without a word that has lost rows."""
    file, damaged = tmp_path / "state.sqlite", tmp_path / "damaged.sqlite"
    await filled(file)
    good = file.read_bytes()
    page = 4096
    cases = [good[:at] + bytes([good[at] ^ 0xFF]) + good[at + 1 :] for at in range(0, len(good), page)]
    cases += [good[:at] for at in range(page // 2, len(good), 7 * page // 2)]
    refused = 0
    for case in cases:
        for left in tmp_path.glob("damaged.sqlite*"):
            left.unlink()
        damaged.write_bytes(case)
        found = await rows_or_refusal(damaged)
        if isinstance(found, ConfigError):
            refused += 1
            assert str(damaged) in found.detail
            assert "restore a backup" in found.advice
            assert damaged.read_bytes() == case
        else:
            assert found == 200
    assert refused > len(cases) // 2


async def test_postgresql_that_does_not_answer_is_named_without_its_password():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, not listening: connections are refused
        port = taken.getsockname()[1]
        with pytest.raises(ConfigError, match=rf"artdag:\*\*\*@127\.0\.0\.1:{port}/db") as caught:
            await Database.open(f"postgresql://artdag:secret@127.0.0.1:{port}/db?sslmode=disable")
    assert "secret" not in str(caught.value)


async def test_a_postgresql_database_that_is_missing_is_named(postgres_server: str):
    with pytest.raises(ConfigError, match='"nowhere" does not exist'):
        await Database.open(f"{postgres_server}/nowhere")


async def test_a_url_option_that_nobody_knows_is_named(postgres_url: str):
    with pytest.raises(ConfigError, match="colour"):
        await Database.open(f"{postgres_url}?colour=blue")


async def test_nodes_that_start_at_the_same_time_migrate_once(url: str):
    databases = await asyncio.gather(*(Database.open(url) for _ in range(4)))
    for database in databases:
        await database.close()


async def test_a_look_tells_the_schema_and_changes_nothing(url: str):
    before = await look(url)
    assert before == await look(url)
    assert "first start" in before or "the next start brings it to" in before
    await (await Database.open(url)).close()
    assert (await look(url)).endswith(f", schema {SCHEMA}")
