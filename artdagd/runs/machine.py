"""The states of a run and of its steps, and which may follow which. Terminal states absorb. Pure."""

from __future__ import annotations

from typing import Literal

from artdagd.database.leases import STEPS_ENDED
from artdagd.database.runs import ENDED

RunStatus = Literal["pending", "analyzing", "planning", "running", "completed", "failed", "cancelled"]
StepStatus = Literal["pending", "ready", "running", "completed", "cached", "fused", "failed", "cancelled"]

RUN_TERMINAL = frozenset(ENDED)
STEP_TERMINAL = frozenset(STEPS_ENDED)

_RUN_ORDER: tuple[RunStatus, ...] = ("pending", "analyzing", "planning", "running")


def sources_of(status: RunStatus) -> tuple[RunStatus, ...]:
    """The states from which a run may enter ``status``.

    A run that is resumed after a restart walks the phases again, so an active state may follow any active state;
    only a running run completes; any active run may fail or be cancelled.
    """
    return ("running",) if status == "completed" else _RUN_ORDER
