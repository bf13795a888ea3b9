"""What one process has to itself. Kernel locks, so that a killed daemon leaves none behind."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from artdagd.errors import ConfigError


class Lock:
    """Holds ``file``, which is made if need be, against other processes until :meth:`close`.

    ``what`` it stands for. Raises ConfigError if it can't be had, with ``advice`` if another process has it.
    """

    def __init__(self, file: Path, what: str, advice: str) -> None:
        try:
            self._fd = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise ConfigError(
                f"can't use {what}: {error.strerror}", advice="Check that its folder is there, and may be written to."
            ) from None
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            holder = os.pread(self._fd, 20, 0).decode(errors="replace").strip() or "unknown"
            os.close(self._fd)
            raise ConfigError(f"another daemon (process {holder}) uses {what}", advice=advice) from None
        os.ftruncate(self._fd, 0)
        os.pwrite(self._fd, str(os.getpid()).encode(), 0)

    def close(self) -> None:
        os.close(self._fd)
