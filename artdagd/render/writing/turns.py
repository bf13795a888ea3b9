"""Encoders that push ahead of everybody, put back into the line."""

from __future__ import annotations

import os
from contextlib import suppress

HASTY = (os.SCHED_FIFO, os.SCHED_RR)


def take_turns() -> None:
    """Have every thread of this process share processors as others do.

    SVT-AV1 gives its threads, and the one that opens it, real-time priority wherever it may, which is as root. What
    this process starts then has it, too, and nothing else on the machine gets a turn while it works.
    """
    for thread in (0, *_threads()):
        with suppress(ProcessLookupError):
            if os.sched_getscheduler(thread) in HASTY:
                os.sched_setscheduler(thread, os.SCHED_OTHER, os.sched_param(0))


def _threads() -> list[int]:
    return [int(name) for name in os.listdir("/proc/self/task")]
