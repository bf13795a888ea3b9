"""Messages that wait to be sent, and how they ended: rows in the plugin's durable values.

``queue/SUBJECT/NUMBER/TARGET`` waits; ``done/…`` has ended. SUBJECT is a work or an answer, NUMBER counts its
activities, TARGET is a hash of the inbox.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import AsyncIterator, Iterable
from datetime import UTC, datetime
from typing import Any, Literal

import msgspec

from artdagd.hooks import Delivery, State

QUEUE = "queue/"
DONE = "done/"
ACTIVITY = "activity/"

QUEUED_MAX = 20_000
"""Messages that wait; what would make more is refused."""


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """``activity`` is the end of its address. Times are in seconds since 1970. ``kept`` messages are shown when they
    have ended; others are forgotten, and their activity with them."""

    subject: str
    number: int
    activity: str
    target: str
    queued_at: float
    next_at: float
    attempts: int = 0
    error: str | None = None
    state: Literal["queued", "delivered", "failed"] = "queued"
    kept: bool = True

    @property
    def place(self) -> str:
        """The key of its row, without ``queue/`` or ``done/``."""
        mark = hashlib.sha256(self.target.encode()).hexdigest()[:32]
        return f"{self.subject}/{self.number:06d}/{mark}"

    def delivery(self, address: str) -> Delivery:
        """As the node shows it. ``address`` is that of the activity."""
        waits = datetime.fromtimestamp(self.next_at, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
        return Delivery(
            activity=address,
            target=self.target,
            state=self.state,
            attempts=self.attempts,
            next_at=waits if self.state == "queued" else None,
            error=self.error,
        )


def queued(subject: str, number: int, tail: str, targets: Iterable[str], *, kept: bool = True) -> list[Message]:
    """One message for each of the targets, to be sent at once."""
    now = time.time()
    return [
        Message(subject=subject, number=number, activity=tail, target=target, queued_at=now, next_at=now, kept=kept)
        for target in dict.fromkeys(targets)
    ]


def rows(messages: Iterable[Message]) -> dict[str, Any]:
    """What to write, so that they are queued."""
    return {f"{QUEUE}{one.place}": msgspec.to_builtins(one) for one in messages}


async def read(state: State, prefix: str) -> AsyncIterator[tuple[str, Message]]:
    """Every message whose key begins with ``prefix``, in the order of the keys."""
    after = ""
    while found := await state.items(prefix, after=after, limit=1000):
        for key, row in found:
            yield key, msgspec.convert(row, Message)
        after = found[-1][0]
