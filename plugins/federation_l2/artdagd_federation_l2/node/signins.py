"""Who signed in here with which token, and when by the registry's clock."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import msgspec

from artdagd.hooks import State

UNTIL = "people-until"


class SignIn(msgspec.Struct, frozen=True):
    """``at`` is the second in which the registry verified the token, by its own clock; ``until`` when the session ends
    at the latest. Both are seconds since 1970."""

    at: float
    until: float


class SignIns:
    """Kept so that a revocation that is heard of late ends what was there when it was made, and nothing newer."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._news = asyncio.Event()

    async def note(self, name: str, token_hash: str, made: SignIn) -> None:
        """Durable when this returns. What of the person's is over is forgotten."""
        now = time.time()
        changes: dict[str, Any] = {key: None for key, one in await self._of(name) if one.until < now}
        changes[f"{_prefix(name)}{token_hash}"] = msgspec.to_builtins(made)
        until = await self._state.get(UNTIL)
        if not isinstance(until, float) or until < made.until:
            changes[UNTIL] = made.until
        await self._state.write(changes)
        self._news.set()

    async def before(self, name: str, when: float) -> tuple[str, ...] | None:
        """The SHA-256 of the tokens with which ``name`` signed in before ``when``; None if there are no others."""
        found = [(key.removeprefix(_prefix(name)), one.at) for key, one in await self._of(name)]
        if all(at < when for _, at in found):
            return None
        return tuple(token_hash for token_hash, at in found if at < when)

    async def wait(self) -> None:
        """Returns while there may be sessions of the registry's people, or as soon as there are."""
        while True:
            self._news.clear()
            until = await self._state.get(UNTIL)
            if isinstance(until, float) and until > time.time():
                return
            await self._news.wait()

    async def _of(self, name: str) -> list[tuple[str, SignIn]]:
        rows = await self._state.items(_prefix(name), limit=1000)
        return [(key, msgspec.convert(row, SignIn)) for key, row in rows]


def _prefix(name: str) -> str:
    return f"sign-in/{name}/"
