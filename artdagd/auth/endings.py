"""Who has to be told when a credential ends: answers that go on, such as event streams."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from contextlib import contextmanager


class Endings:
    """Events by credential (its SHA-256), set when it was revoked or has expired."""

    def __init__(self) -> None:
        self._waiting: dict[str, set[asyncio.Event]] = {}

    @contextmanager
    def watch(self, credential: str, seconds: float | None) -> Iterator[asyncio.Event]:
        """An event for one that lasts ``seconds`` at most (None: until it is revoked)."""
        event = asyncio.Event()
        waiting = self._waiting.setdefault(credential, set())
        waiting.add(event)
        timer = None if seconds is None else asyncio.get_running_loop().call_later(seconds, event.set)
        try:
            yield event
        finally:
            waiting.discard(event)
            if not waiting:
                self._waiting.pop(credential, None)
            if timer:
                timer.cancel()

    def tell(self, credentials: Iterable[str]) -> None:
        for credential in credentials:
            for event in self._waiting.get(credential, ()):
                event.set()
