"""How long a credential lasts, by two clocks."""

from __future__ import annotations

import math
import time
from datetime import datetime

import msgspec


class Term(msgspec.Struct, frozen=True):
    """``wall`` is in seconds since 1970; ``deadline`` is monotonic, so that a clock that is set back lengthens nothing.

    Both are infinite for what lasts for ever.
    """

    wall: float = math.inf
    deadline: float = math.inf

    @classmethod
    def until(cls, moment: str | None) -> Term:
        """To an RFC 3339 time; None: for ever."""
        if moment is None:
            return cls()
        wall = datetime.fromisoformat(moment).timestamp()
        return cls(wall, time.monotonic() + wall - time.time())

    @property
    def remaining(self) -> float:
        """Seconds from now on: 0 if it is over, infinite if it never will be."""
        return max(0.0, min(self.wall - time.time(), self.deadline - time.monotonic()))
