"""Which segments of a run viewers wait for."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Hashable, Mapping

PATIENCE = 5.0
"""Seconds after which a viewer who has not asked again has left, unless it is known that they ask more seldom."""

VIEWERS = 64
"""Viewers of one run who wait at once; more take the place of the one who has waited longest for a turn."""


class Wants:
    """Viewers take turns. Each waits for one segment, and for those that come after it."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._asked: dict[Hashable, tuple[int, float]] = {}
        """By name; those who watch through another node by it and the segment."""

    def ask(self, viewer: Hashable, number: int, patience: float = PATIENCE) -> None:
        """``viewer`` waits for segment ``number``, and for no other any more; for ``patience`` seconds."""
        self._asked[viewer] = number, self._clock() + patience
        if len(self._asked) > VIEWERS:
            del self._asked[next(iter(self._asked))]

    def leave(self, viewer: Hashable) -> None:
        """``viewer`` waits for nothing."""
        self._asked.pop(viewer, None)

    def elsewhere(self, asked: Mapping[str, Collection[int]]) -> None:
        """What those wait for who watch through other nodes, by node, in place of what was told of them before."""
        told = {(node, number): number for node, numbers in asked.items() for number in numbers}
        for viewer in [one for one in self._asked if isinstance(one, tuple) and one not in told]:
            self.leave(viewer)
        for viewer, number in told.items():
            self.ask(viewer, number)

    def segments(self) -> list[int]:
        """The segments that are waited for, each once, in their order."""
        now = self._clock()
        return sorted({number for number, until in self._asked.values() if until >= now})

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
