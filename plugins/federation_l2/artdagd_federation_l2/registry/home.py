"""The folder in which a registry keeps what it has: registry.sqlite, and private keys of mode 0600."""

from __future__ import annotations

import fcntl
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiosqlite

from artdagd_federation_l2.registry.database import Database
from artdagd_federation_l2.registry.errors import Refused

KEYS = "keys"
"""Folder of people's private keys."""


@asynccontextmanager
async def opened(home: Path) -> AsyncIterator[Database]:
    """The database in ``home``, a folder of the registry's own, made on first use. Raises Refused."""
    try:
        database = _made(home)
        await database.open()
    except (OSError, aiosqlite.Error) as error:
        raise Refused(500, f"{home} can't be used: {error}") from None
    try:
        yield database
    finally:
        await database.close()


def _made(home: Path) -> Database:
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    (home / KEYS).mkdir(mode=0o700, exist_ok=True)
    return Database(home / "registry.sqlite")


def locked(home: Path) -> int:
    """A descriptor that holds the home for one server. Raises Refused if another has it."""
    lock = os.open(home / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(lock)
        raise Refused(500, f"another artdag-registry serves {home}: stop it first") from None
    return lock
