"""Which segments of a run viewers wait for."""

from __future__ import annotations

import time
from collections.abc import Callable

PATIENCE = 5.0
"""Seconds after which a viewer who has not asked again has left, unless it is known that they ask more seldom."""

VIEWERS = 64
"""Viewers of one run who wait at once; more take the place of the one who has waited longest for a turn."""


class Wants:
    """Viewers take turns. Each waits for one segment, and for those that come after it."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._asked: dict[str, tuple[int, float]] = {}

    def ask(self, viewer: str, number: int, patience: float = PATIENCE) -> None:
        """``viewer`` waits for segment ``number``, and for no other any more; for ``patience`` seconds."""
        self._asked[viewer] = number, self._clock() + patience
        if len(self._asked) > VIEWERS:
            del self._asked[next(iter(self._asked))]

    def leave(self, viewer: str) -> None:
        """``viewer`` waits for nothing."""
        self._asked.pop(viewer, None)

    def waited(self, number: int) -> bool:
        """Whether somebody waits for segment ``number``, or for one before it."""
        now = self._clock()
        return any(asked <= number and until >= now for asked, until in self._asked.values())

    def turn(self) -> int | None:
        """The segment from which on the next one is to be rendered; None if nobody waits."""
        now = self._clock()
        self._asked = {viewer: one for viewer, one in self._asked.items() if one[1] >= now}
        viewer = next(iter(self._asked), None)
        if viewer is None:
            return None
        self._asked[viewer] = one = self._asked.pop(viewer)
        return one[0]
