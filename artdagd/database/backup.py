"""A copy of the database as it is at one moment, as one SQLite file, made while nodes go on writing."""

from __future__ import annotations

import asyncio
import os
import sqlite3
from pathlib import Path
from urllib.parse import quote

from artdagd.database import opening
from artdagd.database.copying import Tell, copy, settle
from artdagd.errors import ConfigError, Conflict

PAGES = 1000
"""Pages that are copied in one go."""


async def back_up(url: str, file: Path, tell: Tell) -> None:
    """Write the database at ``url`` to ``file``, which does not exist yet. It has the name when it is whole.

    Of SQLite by its online backup; of PostgreSQL row by row, in one transaction that sees one moment. Raises Conflict
    if the file exists, ConfigError if the database can't be read or the copy is not sound.
    """
    await asyncio.to_thread(_check_new, file)
    source = opening.file_of(opening.parse(url))
    if source is None:
        await copy(url, f"sqlite:///{file}", tell)
    else:
        await asyncio.to_thread(_copy_file, source, file, tell)


def _check_new(file: Path) -> None:
    if file.exists():
        raise Conflict(f"{file} exists", advice="Choose another name: nothing is replaced.")
    if not file.parent.is_dir():
        raise ConfigError(f"there is no folder {file.parent}")


def _copy_file(source: Path, file: Path, tell: Tell) -> None:
    if not source.exists():
        raise ConfigError(f"there is no database file {source}", advice="Check DATABASE_URL and ARTDAG_HOME.")
    partial = file.with_name(f"{file.name}.partial")
    try:
        partial.unlink(missing_ok=True)
        os.close(os.open(partial, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        _copy_pages(source, partial, tell)
        settle(partial, file)
    except sqlite3.Error as error:
        raise ConfigError(f"can't back up {source}: {error}", advice="artdagctl db check says more.") from None
    finally:
        partial.unlink(missing_ok=True)


def _copy_pages(source: Path, target: Path, tell: Tell) -> None:
    reading = sqlite3.connect(f"file:{quote(str(source))}?mode=rw", uri=True, timeout=opening.BUSY_SECONDS)
    writing = sqlite3.connect(target, isolation_level=None)
    try:
        # A transaction that reads keeps the moment: otherwise the backup begins anew whenever somebody writes.
        reading.execute("BEGIN")
        reading.execute("SELECT count(*) FROM sqlite_master").fetchone()
        reading.backup(writing, pages=PAGES, progress=lambda _, left, total: tell("pages", total - left, total))
        writing.execute("PRAGMA journal_mode=DELETE")
        found = writing.execute("PRAGMA integrity_check(1)").fetchone()[0]
        if found != "ok":
            raise sqlite3.DatabaseError(f"it is damaged: {found}")
    finally:
        writing.close()
        reading.close()
