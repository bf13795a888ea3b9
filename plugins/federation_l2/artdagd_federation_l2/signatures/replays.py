"""Signatures that were accepted, remembered until they can't be accepted any more."""

from __future__ import annotations

import heapq
from collections import Counter
from urllib.parse import urlsplit

from artdagd_federation_l2.signatures.refusals import ReplaysFull, SignatureRefused


class Replays:
    """At most ``capacity`` signatures, and at most a quarter of them from one host.

    When it is full the newest is refused: to forget an older one would let that one in again. A peer that fills its
    quarter shuts out itself alone. It lives as long as its process: what a request does has to bear repetition
    by itself (an activity has an id, a token is used once) for a signature that is replayed over a restart.
    """

    def __init__(self, capacity: int = 50_000) -> None:
        self._capacity = capacity
        self._share = max(1, capacity // 4)
        self._seen: set[str] = set()
        self._hosts: Counter[str] = Counter()
        self._ends: list[tuple[float, str, str]] = []

    def remember(self, unique: str, key_id: str, expires: float, now: float) -> None:
        """Note a signature that was found true. Raises SignatureRefused for one met before, and ReplaysFull."""
        while self._ends and self._ends[0][0] < now:
            _, past, host = heapq.heappop(self._ends)
            self._seen.discard(past)
            self._hosts[host] -= 1
            if not self._hosts[host]:
                del self._hosts[host]
        if unique in self._seen:
            raise SignatureRefused("this signed request was received before")
        host = _host(key_id)
        if len(self._seen) >= self._capacity or self._hosts[host] >= self._share:
            raise ReplaysFull("too many signed requests at once: try again in some minutes")
        self._seen.add(unique)
        self._hosts[host] += 1
        heapq.heappush(self._ends, (expires, unique, host))


def _host(key_id: str) -> str:
    try:
        return urlsplit(key_id).hostname or ""
    except ValueError:
        return ""
