"""What the kernel holds a worker process to, whatever a file makes a library do."""

from __future__ import annotations

import contextlib
import os
import resource
from collections.abc import Iterator

NICENESS = 5
LARGEST_FILE = 1 << 40


def limit(memory: int) -> None:
    """No core dumps, ``memory`` bytes of address space, files of LARGEST_FILE bytes, and behind the daemon in line for
    the processor. A limit that is lower already stays."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    for kind, wanted in ((resource.RLIMIT_AS, memory), (resource.RLIMIT_FSIZE, LARGEST_FILE)):
        _, hard = resource.getrlimit(kind)
        most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(kind, (most, most))
    with contextlib.suppress(OSError):
        os.nice(max(0, NICENESS - os.nice(0)))


@contextlib.contextmanager
def processor(seconds: int) -> Iterator[None]:
    """The kernel ends this process if it takes more than ``seconds`` of processor time within the block."""
    before, hard = resource.getrlimit(resource.RLIMIT_CPU)
    used = resource.getrusage(resource.RUSAGE_SELF)
    most = int(used.ru_utime + used.ru_stime) + seconds
    soft = most if hard == resource.RLIM_INFINITY else min(most, hard)
    resource.setrlimit(resource.RLIMIT_CPU, (soft, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_CPU, (before, hard))
