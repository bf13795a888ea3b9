"""Who follows the node's actor: rows ``follower/HASH`` in the plugin's durable values."""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec

from artdagd.hooks import State

PREFIX = "follower/"

FOLLOWERS_MAX = 10_000


class Follower(msgspec.Struct, frozen=True):
    """``inbox`` is the one that a server shares for its people, if it has one. ``follow`` is the id of the activity."""

    actor: str
    inbox: str
    follow: str

    @property
    def key(self) -> str:
        return f"{PREFIX}{mark(self.actor)}"


def mark(address: str) -> str:
    """A name for an actor that fits a key."""
    return hashlib.sha256(address.encode()).hexdigest()[:32]


class Followers:
    """At most 10,000."""

    def __init__(self, state: State) -> None:
        self._state = state

    async def get(self, actor: str) -> Follower | None:
        row = await self._state.get(f"{PREFIX}{mark(actor)}")
        return None if row is None else msgspec.convert(row, Follower)

    async def count(self) -> int:
        return await self._state.count(PREFIX)

    async def has_room(self) -> bool:
        return await self.count() < FOLLOWERS_MAX

    async def remove(self, actor: str) -> None:
        await self._state.write({f"{PREFIX}{mark(actor)}": None})

    async def page(self, after: str, limit: int) -> list[tuple[str, Follower]]:
        """Some, in the order of their keys, which begin after ``after``."""
        rows: list[tuple[str, Any]] = await self._state.items(PREFIX, after=after, limit=limit)
        return [(key, msgspec.convert(row, Follower)) for key, row in rows]

    async def inboxes(self) -> list[str]:
        """Where what the node publishes goes: each inbox once."""
        found: dict[str, None] = {}
        after = ""
        while rows := await self.page(after, 1000):
            found |= dict.fromkeys(one.inbox for _, one in rows)
            after = rows[-1][0]
        return list(found)
