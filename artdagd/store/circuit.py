"""A circuit breaker (M. Nygard, "Release It!"): what fails again and again is left alone for a while."""

from __future__ import annotations

import random
import time
from typing import Literal

State = Literal["closed", "open", "trying"]

FAILURES = 5
"""Failures in a row that open a circuit."""

FIRST = 5.0
MOST = 120.0
"""Seconds that it stays open: doubled each time up to :data:`MOST`, half of it by lot."""


class Circuit:
    """Closed while things work; open after :data:`FAILURES`; then trying, until one call closes or opens it again.

    ``error`` is the last failure, empty if the last call went well.
    """

    def __init__(self) -> None:
        self.error = ""
        self._failures = 0
        self._opened = 0
        self._until = 0.0

    @property
    def state(self) -> State:
        if not self._opened:
            return "closed"
        return "open" if self.wait > 0 else "trying"

    @property
    def wait(self) -> float:
        """Seconds until a call may be tried; 0 for now."""
        return max(0.0, self._until - time.monotonic()) if self._opened else 0.0

    def succeeded(self) -> None:
        self._failures = self._opened = 0
        self.error = ""

    def failed(self, error: str) -> None:
        self.error = error
        self._failures += 1
        if self._failures >= FAILURES and not self.wait:
            length = min(MOST, FIRST * 2 ** min(self._opened, 10))
            self._opened += 1
            self._until = time.monotonic() + length * (0.5 + random.random() / 2)  # noqa: S311
