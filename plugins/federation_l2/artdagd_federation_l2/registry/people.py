"""The people of a registry, and their keys."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from pathlib import Path

import msgspec

from artdagd_federation_l2.registry.database import Database
from artdagd_federation_l2.registry.errors import Refused
from artdagd_federation_l2.registry.secrets import PASSWORD_MAX, PASSWORD_MIN, fits, hashed
from artdagd_federation_l2.signatures import PrivateKey, kept_key

NAME = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,28}[a-z0-9_])?")
RESERVED = ("registry",)
"""The name by which WebFinger knows the registry itself."""

AT_ONCE = 2
"""Passwords that are checked at once: each takes 32 MiB."""


class Person(msgspec.Struct, frozen=True):
    """``made_at`` is in Unix seconds."""

    name: str
    made_at: float


class People:
    """Who there is. ``keys`` is the folder of their private keys, one file each."""

    def __init__(self, database: Database, keys: Path, clock: Callable[[], float]) -> None:
        self._database = database
        self._keys = keys
        self._clock = clock
        self._places = asyncio.Semaphore(AT_ONCE)

    async def add(self, name: str, password: str) -> None:
        """Raises Refused for a name or password that can't be, and for a name that somebody has or had: works and
        sessions elsewhere know people by name, so that nobody may come after another."""
        if not NAME.fullmatch(name) or name in RESERVED:
            raise Refused(422, f"{name[:100]!r} is no name: 1 to 30 of a to z, 0 to 9, _ and - (not {RESERVED[0]})")
        if not PASSWORD_MIN <= len(password) <= PASSWORD_MAX:
            raise Refused(422, f"a password has {PASSWORD_MIN} to {PASSWORD_MAX} characters")
        if await self._database.row("SELECT 1 FROM people WHERE name = ?", name):
            raise Refused(409, f"there is or was a {name} already: choose another name")
        kept = await asyncio.to_thread(hashed, password)
        await self.key(name)
        async with self._database.writing() as transaction:
            added = await transaction.execute(
                "INSERT OR IGNORE INTO people (name, password, made_at) VALUES (?, ?, ?)", (name, kept, self._clock())
            )
        if not added.rowcount:
            raise Refused(409, f"there is or was a {name} already: choose another name")

    async def all(self) -> list[Person]:
        rows = await self._database.rows("SELECT name, made_at FROM people WHERE removed_at IS NULL ORDER BY name")
        return [Person(*row) for row in rows]

    async def get(self, name: str) -> Person | None:
        found = await self._database.row("SELECT name, made_at FROM people WHERE name = ? AND removed_at IS NULL", name)
        return Person(*found) if found else None

    async def is_password(self, name: str, password: str) -> bool:
        """Takes as long for a name that nobody has."""
        found = await self._database.row("SELECT password FROM people WHERE name = ? AND removed_at IS NULL", name)
        async with self._places:
            return await asyncio.to_thread(fits, password[: PASSWORD_MAX + 1], found[0] if found else None)

    async def key(self, name: str) -> PrivateKey:
        """The person's private key, made on first use."""
        return await asyncio.to_thread(kept_key, self._keys / f"{name}.pem")

    async def forget_key(self, name: str) -> None:
        await asyncio.to_thread((self._keys / f"{name}.pem").unlink, missing_ok=True)
