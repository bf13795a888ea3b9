"""Us and the peers in turn: round after round in one run, so that what disturbs the machine disturbs all of them."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import msgspec

Runner = Callable[[], float]


class Bench(msgspec.Struct, frozen=True):
    """What a benchmark is given: ``folder`` is empty and removed afterwards; ``quick`` asks for little work."""

    folder: Path
    quick: bool

    def size(self, full: int, quick: int) -> int:
        return quick if self.quick else full

    @property
    def rounds(self) -> int:
        return 2 if self.quick else 5


def in_turn(rounds: int, runners: dict[str, Runner]) -> dict[str, tuple[float, ...]]:
    """The figures of each runner, one a round. Every second round goes backwards, so that nobody is always first."""
    found: dict[str, list[float]] = {name: [] for name in runners}
    for number in range(rounds):
        order = list(runners)[:: -1 if number % 2 else 1]
        for name in order:
            found[name].append(runners[name]())
    return {name: tuple(figures) for name, figures in found.items()}


def seconds(work: Callable[[], object]) -> float:
    """How long ``work`` takes by the wall."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start
