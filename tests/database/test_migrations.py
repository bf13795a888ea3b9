"""The schema: made from nothing, made again, made by another version, or half made when the power went."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, Engine, event, inspect, text

from artdagd.database import Database
from artdagd.database.tables import SCHEMA, metadata
from artdagd.database.tokens import TokenRow
from artdagd.errors import ConfigError

TOKEN = TokenRow(token_hash="0" * 64, name="a", owner="ann")


def drift(connection: Connection) -> list[Any]:
    return compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), metadata)


async def test_migrations_make_what_the_tables_say(database: Database):
    async with database.engine.connect() as connection:
        assert await connection.run_sync(drift) == []
        found = await connection.run_sync(lambda made: inspect(made).get_foreign_keys("steps"))
    assert found[0]["options"] == {"ondelete": "CASCADE"}  # drift() does not look at it


async def test_the_newest_schema_is_the_last_migrations(database: Database):
    async with database.engine.connect() as connection:
        assert await connection.scalar(text("SELECT version_num FROM alembic_version")) == SCHEMA


async def test_opening_again_changes_nothing(database: Database, url: str):
    await database.tokens.add(TOKEN)
    again = await Database.open(url)
    try:
        assert await again.tokens.all() == [TOKEN]
        async with again.engine.connect() as connection:
            assert await connection.run_sync(drift) == []
    finally:
        await again.close()


async def test_the_schema_of_a_newer_artdagd_is_refused(database: Database, url: str):
    async with database.engine.begin() as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(ConfigError, match=r"newer artdagd \(schema 9999\)") as caught:
        await Database.open(url)
    assert "Install" in caught.value.advice
    async with database.engine.connect() as connection:
        assert await connection.scalar(text("SELECT version_num FROM alembic_version")) == "9999"


@pytest.mark.slow
async def test_a_kill_at_any_statement_of_a_migration_is_survived(tmp_path: Path):
    """A copy of the files before each statement is what a SIGKILL there leaves to the next start."""
    home, copies = tmp_path / "home", []
    home.mkdir()

    def copy(*_: Any) -> None:
        copies.append(shutil.copytree(home, tmp_path / f"killed{len(copies)}"))

    event.listen(Engine, "before_cursor_execute", copy)
    try:
        await (await Database.open(f"sqlite:///{home / 'state.sqlite'}")).close()
    finally:
        event.remove(Engine, "before_cursor_execute", copy)
    assert len(copies) > 20
    for folder in copies:
        restarted = await Database.open(f"sqlite:///{folder / 'state.sqlite'}")
        try:
            async with restarted.engine.connect() as connection:
                assert await connection.run_sync(drift) == [], folder
            assert await restarted.tokens.add(TOKEN)
        finally:
            await restarted.close()


async def test_a_migration_that_fails_in_the_middle_leaves_nothing(url: str):
    def fail(*statement: Any) -> None:
        if "CREATE TABLE runs" in statement[2]:
            raise OSError("the disk went away")

    event.listen(Engine, "before_cursor_execute", fail)
    try:
        with pytest.raises(ConfigError, match="the disk went away"):
            await Database.open(url)
    finally:
        event.remove(Engine, "before_cursor_execute", fail)
    restarted = await Database.open(url)
    try:
        async with restarted.engine.connect() as connection:
            assert await connection.run_sync(drift) == []
    finally:
        await restarted.close()
