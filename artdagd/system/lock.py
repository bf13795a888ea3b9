"""One daemon a home, and none while a command changes what is the daemon's."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from artdagd.errors import ConfigError


class HomeLock:
    """One daemon a home. A kernel lock, so that a killed daemon leaves none behind."""

    def __init__(self, home: Path) -> None:
        try:
            home.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._file = (home / "lock").open("a+")
        except OSError as error:
            raise ConfigError(f"can't use {home} as ARTDAG_HOME: {error.strerror}") from None
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._file.seek(0)
            holder = self._file.read().strip() or "unknown"
            raise ConfigError(
                f"another daemon (process {holder}) uses {home}",
                advice="Stop it, or set ARTDAG_HOME to another folder.",
            ) from None
        self._file.truncate(0)
        self._file.write(str(os.getpid()))
        self._file.flush()

    def close(self) -> None:
        self._file.close()
