"""``artdagctl db``: upgrade, check, backup, restore and copy, as an operator types them, on both databases."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from cli.processes import Done, ctl, well
from database.rows import fill
from sqlalchemy import text

from artdagd.database import Database
from artdagd.database.migrating import migrate
from artdagd.database.opening import as_it_is, parse, prepare
from artdagd.database.tables import SCHEMA, metadata
from artdagd.database.tokens import TokenRow

ROWS = 7


@pytest.fixture
def home(tmp_path: Path) -> Path:
    made = tmp_path / "home"
    made.mkdir()
    return made


def do(url: str, work: Any) -> Any:
    async def run() -> Any:
        database = await Database.open(url)
        try:
            return await work(database)
        finally:
            await database.close()

    return asyncio.run(run())


def filled(url: str) -> str:
    async def work(database: Database) -> None:
        async with database.engine.begin() as connection:
            await connection.run_sync(fill, ROWS)

    do(url, work)
    return url


def db(home: Path, *words: object, url: str = "") -> Done:
    return ctl(home, "db", *words, **({"DATABASE_URL": url} if url else {}))


def refused(done: Done, code: int, *said: str) -> None:
    assert done.returncode == code, done
    for words in said:
        assert words in done.stderr
    assert "Traceback" not in done.stderr


def sqlite(folder: Path, name: str = "other.sqlite") -> str:
    return f"sqlite:///{folder / name}"


def test_a_copy_there_and_back_loses_no_row(home: Path, tmp_path: Path, url: str):
    source, back = filled(sqlite(tmp_path, "first.sqlite")), sqlite(tmp_path, "last.sqlite")
    there = json.loads(well(db(home, "copy", source, url, "--json")))
    assert {name: rows["count"] for name, rows in there.items()} == dict.fromkeys(metadata.tables, ROWS)
    assert json.loads(well(db(home, "copy", url, back, "--json"))) == there
    # The next row is numbered after the last, and not like the first.
    assert do(url, lambda database: database.recipes.add("new", "ann", "new", "1", "", "")) is True
    assert not list(tmp_path.glob("*.partial*"))
    refused(db(home, "copy", source, url), 1, "is not empty", "Copy to a database that is new")
    refused(db(home, "copy", sqlite(tmp_path, "none.sqlite"), back), 78, "there is no database file")


def test_a_row_that_the_other_does_not_take_is_named_and_nothing_stays(home: Path, tmp_path: Path, postgres_url: str):
    source = sqlite(tmp_path)
    do(source, lambda database: database.tokens.add(TokenRow(token_hash="0" * 64, name="a", owner="a" * 300)))
    refused(db(home, "copy", source, postgres_url), 78, "a row of tokens can't be copied", "too long")

    async def tables() -> int:
        async with as_it_is(postgres_url) as engine, engine.connect() as connection:
            query = text("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")
            return int(await connection.scalar(query) or 0)

    assert asyncio.run(tables()) == 0


def test_a_backup_is_one_private_file_and_restores_every_row(home: Path, tmp_path: Path, url: str):
    filled(url)
    file, new = tmp_path / "backup", sqlite(tmp_path, "new.sqlite")
    said = json.loads(well(db(home, "backup", file, "--json", url=url)))
    assert (said["file"], said["here"]) == (str(file), 0)
    assert file.stat().st_mode & 0o777 == 0o600
    listed = (tmp_path / "backup.blobs").read_text().splitlines()
    assert listed == [f"# not here: {cid}" for cid in said["not_here"]]
    assert len(listed) >= ROWS
    refused(db(home, "backup", file, url=url), 1, "exists")
    done = db(home, "restore", file, "--json", url=new)
    assert done.returncode == 1  # the rows name blobs that never were
    restored = json.loads(done.stdout)
    assert restored["rows"] == json.loads(well(db(home, "copy", url, sqlite(tmp_path, "third.sqlite"), "--json")))
    assert restored["missing"] == said["not_here"]
    refused(db(home, "restore", file, url=new), 1, "is not empty")
    assert sorted(path.name for path in tmp_path.iterdir() if path.name.startswith("backup")) == [
        "backup", "backup.blobs",
    ]  # fmt: skip


def test_a_check_counts_and_finds_what_is_broken(home: Path, tmp_path: Path, url: str):
    filled(url)
    found = json.loads(well(db(home, "check", "--json", url=url)))
    assert (found["schema"], found["faults"]) == (SCHEMA, [])
    assert found["rows"] == dict.fromkeys(metadata.tables, ROWS)
    assert "sound" in well(db(home, "check", url=url))

    async def orphaned() -> None:
        async with as_it_is(url) as engine, engine.connect() as connection:
            if url.startswith("sqlite"):
                raw = await connection.get_raw_connection()
                await raw.driver_connection.execute("PRAGMA foreign_keys=OFF")  # type: ignore[union-attr]
            else:
                await connection.execute(text("SET session_replication_role = replica"))
            await connection.execute(text("DELETE FROM runs WHERE seq = 1"))
            await connection.commit()

    asyncio.run(orphaned())
    done = db(home, "check", url=url)
    assert done.returncode == 1
    assert "steps" in done.stdout
    assert "runs" in done.stdout


def at(url: str, revision: str) -> None:
    """A database as an older version left it."""

    async def make() -> None:
        if url.startswith("sqlite"):
            prepare(Path(parse(url).database or ""))
        async with as_it_is(url) as engine, engine.begin() as connection:
            await connection.run_sync(lambda one: migrate(one, revision))

    asyncio.run(make())


def test_an_upgrade_says_from_which_schema_to_which(home: Path, url: str):
    at(url, "0001")
    assert json.loads(well(db(home, "check", "--json", url=url)))["schema"] == "0001"
    assert json.loads(well(db(home, "upgrade", "--json", url=url))) == {"from": "0001", "to": SCHEMA}
    assert well(db(home, "upgrade", url=url)) == f"schema {SCHEMA}: nothing to do"


def test_an_older_database_is_copied_after_its_upgrade_an_older_backup_at_once(home: Path, tmp_path: Path, url: str):
    old = sqlite(tmp_path)
    at(old, "0001")
    refused(db(home, "copy", old, url), 78, "has schema 0001", "artdagctl db upgrade")
    well(db(home, "backup", tmp_path / "backup", url=old))
    well(db(home, "restore", tmp_path / "backup", url=url))
    assert json.loads(well(db(home, "check", "--json", url=url)))["schema"] == SCHEMA
    with sqlite3.connect(tmp_path / "backup") as backup:
        assert backup.execute("SELECT version_num FROM alembic_version").fetchall() == [("0001",)]


@pytest.mark.parametrize("words", ["upgrade", "check", "restore"])
def test_what_a_newer_artdagd_made_is_refused(home: Path, tmp_path: Path, words: str):
    url = sqlite(tmp_path)

    async def newer(database: Database) -> None:
        async with database.engine.begin() as connection:
            await connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    do(url, newer)
    if words == "restore":
        refused(db(home, words, tmp_path / "other.sqlite", url=sqlite(tmp_path, "new.sqlite")), 78, "newer artdagd")
        assert not (tmp_path / "new.sqlite").exists()
    else:
        refused(db(home, words, url=url), 78, "newer artdagd (schema 9999)", "Install that version")


def test_what_is_no_backup_or_damaged_is_refused(home: Path, tmp_path: Path):
    (tmp_path / "text").write_text("hello")
    new = sqlite(tmp_path, "new.sqlite")
    refused(db(home, "restore", tmp_path / "text", url=new), 78, "is no backup")
    refused(db(home, "restore", tmp_path / "none", url=new), 78, "can't read the backup")
    good = tmp_path / "good.sqlite"
    filled(f"sqlite:///{good}")
    (tmp_path / "cut").write_bytes(good.read_bytes()[:-8192])
    refused(db(home, "restore", tmp_path / "cut", url=new), 78)
    assert not (tmp_path / "new.sqlite").exists()
