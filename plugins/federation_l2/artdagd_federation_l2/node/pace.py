"""How often something may happen in a minute."""

from __future__ import annotations

import time
from collections import OrderedDict

WINDOW = 60.0


class TooOften(Exception):
    """Again in ``retry_after`` seconds."""

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"too many requests: try again in {retry_after} s")
        self.retry_after = retry_after


class Pace:
    """``most`` a minute for each name, of which at most ``names`` are remembered: the oldest is forgotten first."""

    def __init__(self, most: int, names: int = 10_000) -> None:
        self._most = most
        self._names = names
        self._counts: OrderedDict[str, tuple[float, int]] = OrderedDict()

    def step(self, name: str = "") -> None:
        """Count one. Raises TooOften."""
        now = time.monotonic()
        began, count = self._counts.get(name, (now, 0))
        if now - began >= WINDOW:
            self._counts.pop(name, None)
            began, count = now, 0
        if count >= self._most:
            raise TooOften(max(1, round(began + WINDOW - now)))
        self._counts[name] = (began, count + 1)
        if len(self._counts) > self._names:
            self._counts.popitem(last=False)
