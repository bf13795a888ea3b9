"""Idempotency keys: the same key of the same user, within a day, is the same request again.

After draft-ietf-httpapi-idempotency-key-header-07: a key under which something else was asked for is a Conflict.
"""

from __future__ import annotations

import hashlib
import time
from collections import OrderedDict
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from artdagd.auth.principal import Principal
from artdagd.errors import Conflict

LIFE = timedelta(hours=24)
"""How long a key is known. Then it may be used for something else."""

RETRIES = 10_000
"""Keys of retries that are known; the oldest is forgotten first, and all of them when the node stops."""


class Key(msgspec.Struct, frozen=True):
    """``name`` stands for the user and the key they sent, ``digest`` for what they asked for: SHA-256, hexadecimal."""

    name: str
    digest: str

    @classmethod
    def of(cls, who: Principal, sent: str | None, request: Any) -> Key | None:
        """None if no key was sent."""
        if sent is None:
            return None
        return cls(
            _sha256(f"{who.name}\0{sent}".encode()), _sha256(msgspec.json.encode(request, order="deterministic"))
        )

    def check(self, digest: str | None) -> None:
        """Raises Conflict if ``digest`` is of another request; None is one that was not noted."""
        if digest not in (None, self.digest):
            raise Conflict(
                "this Idempotency-Key was sent before, with another request",
                advice="Send a new key with a new request, and the same key only with the same one.",
            )


def expired(created_at: str) -> bool:
    """Whether a key that came at ``created_at`` (RFC 3339) is forgotten."""
    return datetime.now(UTC) - datetime.fromisoformat(created_at) >= LIFE


class Retries:
    """Keys of retries. In memory: a retry keeps the run's id, so one that is not recognised doubles nothing."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._known: OrderedDict[str, tuple[str, float]] = OrderedDict()

    def seen(self, key: Key) -> bool:
        """Whether this request came before. Raises Conflict if another came under its key."""
        digest, at = self._known.get(key.name, ("", 0.0))
        if not digest or self._clock() - at >= LIFE.total_seconds():
            return False
        key.check(digest)
        return True

    def note(self, key: Key) -> None:
        self._known[key.name] = (key.digest, self._clock())
        self._known.move_to_end(key.name)
        if len(self._known) > RETRIES:
            self._known.popitem(last=False)


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
