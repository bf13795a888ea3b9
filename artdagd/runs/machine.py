"""The states of a run and of its steps, and which may follow which. Terminal states absorb. Pure."""

from __future__ import annotations

from typing import Literal

RunStatus = Literal["pending", "analyzing", "planning", "running", "completed", "failed", "cancelled"]
StepStatus = Literal["pending", "ready", "running", "completed", "cached", "fused", "failed", "cancelled"]

RUN_TERMINAL: frozenset[RunStatus] = frozenset({"completed", "failed", "cancelled"})
STEP_TERMINAL: frozenset[StepStatus] = frozenset({"completed", "cached", "fused", "failed", "cancelled"})

_RUN_ORDER: tuple[RunStatus, ...] = ("pending", "analyzing", "planning", "running")


def sources_of(status: RunStatus) -> tuple[RunStatus, ...]:
    """The states from which a run may enter ``status``.

    A run that is resumed after a restart walks the phases again, so an active state may follow any active state;
    only a running run completes; any active run may fail or be cancelled.
    """
    return ("running",) if status == "completed" else _RUN_ORDER
